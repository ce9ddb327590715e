// SPDX-License-Identifier: Apache-2.0
// A pack's bytes, as they come out, cut into objects: each hashed, and written once where it belongs.
#pragma once

#include <algorithm>
#include <exception>
#include <fcntl.h>
#include <string>
#include <thread>
#include <vector>

#include "bundle-format/hash.h"
#include "bundle-format/tables.h"
#include "system/file.h"
#include "system/ordered_work.h"
#include "system/refusal.h"

namespace patchferry::importer {

constexpr std::size_t kOnTheirWay = 4 << 20;  // bytes between the thread that expands and the one that hashes and writes
constexpr const char* kSignedSo = "it was signed so: the exporter must check its store, and make a fresh bundle";

/// Bytes that nobody wants any more: the one that hashes them has found something wrong.
struct Unwanted {};

/// Cuts a pack's bytes into objects, each written where it belongs once, and hashed.
class Cutter {
 public:
  struct Piece {
    const ObjectRecord* object;
    std::string path;  // "": passed over
  };
  explicit Cutter(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Result<void> add(ByteSpan bytes) {
    while (next_ < pieces_.size()) {
      const ObjectRecord& object = *pieces_[next_].object;
      if (at_ < object.offset) {  // what lies between objects
        const auto gap = static_cast<std::size_t>(std::min<std::uint64_t>(object.offset - at_, bytes.size()));
        at_ += gap;
        bytes = bytes.subspan(gap);
        if (at_ < object.offset) return {};
      }
      if (at_ == object.offset) begin();
      const auto part =
          bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(object.offset + object.bytes - at_, bytes.size())));
      if (file_.valid()) {
        hasher_.add(part);
        write_all(file_, part);
      }
      at_ += part.size();
      bytes = bytes.subspan(part.size());
      if (at_ < object.offset + object.bytes) return {};
      if (auto good = end(); !good) return good;
      ++next_;
    }
    at_ += bytes.size();
    return {};
  }

 private:
  void begin() {
    const Piece& piece = pieces_[next_];
    if (piece.path.empty()) return;
    hasher_ = Hasher();
    file_ = open_file(piece.path, O_WRONLY | O_CREAT | O_TRUNC, 0444);
  }

  Result<void> end() {
    if (!file_.valid()) return {};
    file_ = Fd();
    if (hasher_.finish() == pieces_[next_].object->hash) return {};
    return refuse(RefusalKind::damaged,
                  "object " + to_hex(pieces_[next_].object->hash) + " of the bundle has other bytes than its hash says",
                  kSignedSo);
  }

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  std::uint64_t at_ = 0;  // in the expanded pack
  Hasher hasher_;
  Fd file_;
};

/// Hashes and writes on another core, while the next bytes are expanded on this one.
class CuttingThread {
 public:
  explicit CuttingThread(Cutter cutter) : cutter_(std::move(cutter)), thread_([this] { run(); }) {}
  ~CuttingThread() {
    if (thread_.joinable()) {
      parts_.abandon();
      thread_.join();
    }
  }
  CuttingThread(const CuttingThread&) = delete;
  CuttingThread& operator=(const CuttingThread&) = delete;

  void add(ByteSpan part) {
    if (!parts_.push(Bytes(part.begin(), part.end()))) throw Unwanted();
  }
  /// All of it has been added, or nothing more will be. Throws what writing threw.
  Result<void> finish() {
    parts_.close();
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(good_);
  }

 private:
  void run() {
    try {
      // An empty part lets empty objects at the very beginning, or in a pack of nothing, be made.
      good_ = cutter_.add({});
      while (good_) {
        const auto part = parts_.pop();
        if (!part) return;
        good_ = cutter_.add(*part);
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
    parts_.abandon();
  }

  PartQueue parts_{kOnTheirWay};
  Cutter cutter_;
  Result<void> good_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace patchferry::importer
