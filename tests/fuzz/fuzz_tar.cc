// SPDX-License-Identifier: Apache-2.0
// A bare tar stream, without the compression around it. However it is parted on its way in, the same members come out of it, or
// the same refusal.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/fuzz/watched_members.h"

namespace patchferry {

namespace {

constexpr std::uint64_t kCeiling = 1 << 20;

using test::require;

class Parts : public TarSource {
 public:
  Parts(ByteSpan bytes, std::size_t part) : left_(bytes), part_(part) {}
  Result<ByteSpan> next() override {
    const ByteSpan out = left_.first(std::min(left_.size(), part_));
    left_ = left_.subspan(out.size());
    return out;
  }

 private:
  ByteSpan left_;
  std::size_t part_;
};

class Listing : public test::WatchedMembers {
 public:
  Listing() : WatchedMembers(kCeiling) {}

  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    WatchedMembers::begin_file(path, bytes, offset);
    text_ += path.text() + " " + std::to_string(bytes) + " " + (offset ? std::to_string(*offset) : "in pieces") + "\n";
  }
  void data(ByteSpan part) override {
    WatchedMembers::data(part);
    content_.add(part);
  }
  void known_file(const RelPath&, std::uint64_t, const Digest&, ByteSpan) override { require(false); }
  void pointer_link(const RelPath& path, const std::string& level) override {
    WatchedMembers::pointer_link(path, level);
    text_ += path.text() + " -> " + level + "\n";
  }

  std::string finish() {
    require(!is_open());
    return text_ + to_hex(content_.finish());
  }

 private:
  std::string text_;
  Hasher content_;
};

std::string read(ByteSpan bytes, std::size_t part) {
  Parts source(bytes, part);
  Listing listing;
  const auto facts = read_tar(source, kCeiling, listing);
  if (!facts) return std::string("refused: ") + name_of(facts.error().kind);
  require(facts->expanded_bytes == bytes.size());
  return listing.finish() + " " + std::to_string(facts->files) + " " + facts->top_folder;
}

}  // namespace

}  // namespace patchferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const ByteSpan bytes = std::as_bytes(std::span(data, size));
  const std::string whole = read(bytes, size + 1);
  require(read(bytes, 509) == whole);
  return 0;
}
