// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/workspace.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace patchferry::bzip2 {

namespace {

constexpr std::size_t kWorthKeeping = 16 << 10;  // smaller ones cost malloc() next to nothing

// Stands before the memory that libbz2 sees, which is aligned as malloc() aligns.
struct alignas(std::max_align_t) Piece {
  std::size_t size;
  void* memory() { return this + 1; }
  static Piece* of(void* memory) { return static_cast<Piece*>(memory) - 1; }
};

// Of a thread. Room for what a maker and a reader of one level use; what does not fit pushes out what lies here longest.
class Kept {
 public:
  Kept() = default;
  ~Kept() { std::ranges::for_each(pieces_, std::free); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  Piece* take(std::size_t size) {
    const auto found = std::ranges::find_if(pieces_, [&](const Piece* one) { return one != nullptr && one->size == size; });
    return found == pieces_.end() ? nullptr : std::exchange(*found, nullptr);
  }
  void keep(Piece* piece) {
    const auto room = std::ranges::find(pieces_, nullptr);
    Piece*& place = room == pieces_.end() ? pieces_[next_++ % pieces_.size()] : *room;
    std::free(std::exchange(place, piece));
  }

 private:
  std::array<Piece*, 8> pieces_{};
  std::size_t next_ = 0;
};

Kept& kept() {
  thread_local Kept own;
  return own;
}

void* allocate(void*, int items, int size) {
  const std::size_t wanted = static_cast<std::size_t>(items) * static_cast<std::size_t>(size);
  Piece* piece = wanted < kWorthKeeping ? nullptr : kept().take(wanted);
  if (piece == nullptr) {
    piece = static_cast<Piece*>(std::malloc(sizeof(Piece) + wanted));
    if (piece == nullptr) return nullptr;
    piece->size = wanted;
  }
  return piece->memory();
}

void give_back(void*, void* memory) {
  if (memory == nullptr) return;
  Piece* const piece = Piece::of(memory);
  if (piece->size < kWorthKeeping)
    std::free(piece);
  else
    kept().keep(piece);
}

}  // namespace

void use_workspace(bz_stream& stream) {
  stream.bzalloc = allocate;
  stream.bzfree = give_back;
}

}  // namespace patchferry::bzip2
