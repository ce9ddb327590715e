// SPDX-License-Identifier: Apache-2.0
// What a store may rely on, whatever was read: one file at a time, of just the bytes that were announced, all together within the
// ceiling; no name twice, in whatever case; links to levels only. Aborts where that does not hold.
#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include "bundle-format/archive/tar_reader.h"

namespace patchferry::test {

inline void require(bool holds) {
  if (!holds) std::abort();
}

class WatchedMembers : public MemberSink {
 public:
  explicit WatchedMembers(std::uint64_t ceiling) : ceiling_(ceiling) {}

  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> /*offset*/) override {
    count(path, bytes);
    left_ = bytes;
    open_ = true;
  }
  void data(ByteSpan part) override {
    require(open_ && part.size() <= left_);
    left_ -= part.size();
  }
  void end_file() override {
    require(open_ && left_ == 0);
    open_ = false;
  }
  bool must_read(const RelPath&, std::uint64_t) override { return true; }
  void known_file(const RelPath& path, std::uint64_t bytes, const Digest&, ByteSpan) override { count(path, bytes); }
  void pointer_link(const RelPath& path, const std::string& level) override {
    require(!open_ && is_pointer_link(path, level) && path.parts().size() >= 2);
    require(level.find_first_not_of("0123456789") == std::string::npos);
    note(path);
  }

  bool is_open() const { return open_; }
  /// Folded, and as it stands there.
  const std::map<std::string, std::string>& paths() const { return paths_; }

 private:
  void count(const RelPath& path, std::uint64_t bytes) {
    require(!open_ && bytes <= ceiling_ - total_);
    total_ += bytes;
    note(path);
  }
  void note(const RelPath& path) {
    require(RelPath::parse(path.text()).has_value());
    require(paths_.emplace(path.folded(), path.text()).second);
  }

  const std::uint64_t ceiling_;
  std::uint64_t total_ = 0;
  std::uint64_t left_ = 0;
  bool open_ = false;
  std::map<std::string, std::string> paths_;
};

}  // namespace patchferry::test
