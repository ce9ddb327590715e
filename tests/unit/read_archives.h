// SPDX-License-Identifier: Apache-2.0
// Archives in memory, read by the reader that the programs use, and what came of it.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "bundle-format/archive/archive_work.h"
#include "tests/unit/tar_builder.h"

namespace patchferry::test {

inline const std::string kKhash = "0123456789abcdef0123456789abcdef01234567";

/// Writes down all that it is told, and checks the order of the calls.
class Recorder : public MemberSink {
 public:
  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t>) override {
    REQUIRE_FALSE(open_);
    open_ = true;
    left_ = bytes;
    log += path.text() + "=";
  }
  void data(ByteSpan part) override {
    REQUIRE(open_);
    REQUIRE(part.size() <= left_);
    left_ -= part.size();
    log += as_text(part);
  }
  void end_file() override {
    REQUIRE(open_);
    REQUIRE(left_ == 0);
    open_ = false;
    log += ";";
  }
  bool must_read(const RelPath&, std::uint64_t) override { return true; }
  void known_file(const RelPath&, std::uint64_t, const Digest&, ByteSpan) override {}
  void pointer_link(const RelPath& path, const std::string& level) override {
    REQUIRE_FALSE(open_);
    log += path.text() + "->" + level + ";";
  }

  std::string log;

 private:
  bool open_ = false;
  std::uint64_t left_ = 0;
};

/// Counts only: for contents that should not be in memory.
class Counter : public MemberSink {
 public:
  void begin_file(const RelPath&, std::uint64_t, std::optional<std::uint64_t>) override {}
  void data(ByteSpan part) override { bytes += part.size(); }
  void end_file() override {}
  bool must_read(const RelPath&, std::uint64_t) override { return true; }
  void known_file(const RelPath&, std::uint64_t, const Digest&, ByteSpan) override {}
  void pointer_link(const RelPath&, const std::string&) override {}
  std::uint64_t bytes = 0;
};

struct ReadOutcome {
  Result<ArchiveFacts> facts;
  std::string log;
};

ReadOutcome read_packed(ByteSpan archive, Compression compression = Compression::bzip2, ArchiveLimits limits = {1 << 20});
ReadOutcome read_tar(ByteSpan tar);
/// "accepted", or the kind of refusal.
std::string kind_of(const Result<ArchiveFacts>& facts);
std::string kind_of_tar(ByteSpan tar);

/// A few members of every kind that a patchset holds, and what a Recorder writes down of them.
TarBuilder small_tar();
std::string small_log();

}  // namespace patchferry::test
