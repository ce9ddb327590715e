// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/archive_reader.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include "system/failure.h"
#include "tests/unit/tar_builder.h"

namespace patchferry {

using test::joined;
using test::memory_file;
using test::packed;
using test::Packing;
using test::TarBuilder;
using test::TarHeader;

namespace {

const std::string kKhash = "0123456789abcdef0123456789abcdef01234567";

// Writes down all that it is told, and checks the order of the calls.
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

// Counts only: for contents that should not be in memory.
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

struct Outcome {
  Result<ArchiveFacts> facts;
  std::string log;
};

Outcome read_packed(ByteSpan archive, Compression compression = Compression::bzip2, ArchiveLimits limits = {1 << 20}) {
  const Fd file = memory_file(archive);
  Recorder sink;
  auto facts = read_archive(file, compression, limits, sink);
  return {std::move(facts), std::move(sink.log)};
}

Outcome read_tar(ByteSpan tar) { return read_packed(packed(tar, Packing::bzip2)); }

std::string kind_of(const Result<ArchiveFacts>& facts) { return facts ? "accepted" : name_of(facts.error().kind); }

std::string kind_of_tar(ByteSpan tar) { return kind_of(read_tar(tar).facts); }

TarBuilder small_tar() {
  TarBuilder tar;
  const std::string ident = "top/" + kKhash;
  tar.folder("top/").folder(ident + "/").file(ident + "/27/kpatch.bin", "patch bytes").file(ident + "/27/empty", "");
  tar.symlink(ident + "/latest", "27").file(ident + "/latest.v1", "27\n");
  return tar;
}

const std::string kSmallLog = "top/" + kKhash + "/27/kpatch.bin=patch bytes;top/" + kKhash + "/27/empty=;top/" + kKhash +
                              "/latest->27;top/" + kKhash + "/latest.v1=27\n;";

}  // namespace

TEST_CASE("an archive's members come out in order, with its facts") {
  for (const auto packing : {Packing::bzip2, Packing::gzip}) {
    const Bytes tar = small_tar().finish();
    const auto read = read_packed(packed(tar, packing), packing == Packing::bzip2 ? Compression::bzip2 : Compression::gzip);
    REQUIRE(read.facts);
    CHECK(read.log == kSmallLog);
    CHECK(read.facts->files == 3);
    CHECK(read.facts->expanded_bytes == tar.size());
    CHECK(read.facts->top_folder == "top");
  }
}

TEST_CASE("the archive is read from its beginning wherever the descriptor stands, and progress adds up to the file") {
  const Bytes archive = packed(small_tar().finish(), Packing::bzip2);
  const Fd file = memory_file(archive);
  REQUIRE(::lseek(file.get(), 7, SEEK_SET) == 7);
  Recorder sink;
  std::uint64_t progress = 0;
  REQUIRE(read_archive(file, Compression::bzip2, {}, sink, [&](std::uint64_t n) { progress += n; }));
  CHECK(sink.log == kSmallLog);
  CHECK(progress == archive.size());
  CHECK(::lseek(file.get(), 0, SEEK_CUR) == 7);
}

TEST_CASE("an archive cut short at any byte is refused") {
  const auto cut_everywhere = [](const Bytes& archive, Compression compression) {
    std::size_t truncated = 0;
    for (std::size_t n = 0; n < archive.size(); ++n) {
      const auto kind = kind_of(read_packed(ByteSpan(archive).first(n), compression).facts);
      INFO("cut to " << n << " of " << archive.size() << ": " << kind);
      CHECK((kind == "truncated" || kind == "not-an-archive"));
      if (n >= 24) CHECK(kind == "truncated");
      if (kind == "truncated") ++truncated;
    }
    CHECK(truncated > archive.size() / 2);
  };
  cut_everywhere(packed(small_tar().finish(), Packing::bzip2), Compression::bzip2);
  cut_everywhere(packed(small_tar().finish(), Packing::gzip), Compression::gzip);
}

TEST_CASE("an archive of two bzip2 streams is read whole and refused when cut anywhere but between them") {
  const Bytes tar = small_tar().finish();
  const Bytes first = packed(ByteSpan(tar).first(2048), Packing::bzip2);
  const Bytes archive = joined(first, packed(ByteSpan(tar).subspan(2048), Packing::bzip2));
  CHECK(read_packed(archive).log == kSmallLog);
  for (std::size_t n = 0; n < archive.size(); ++n) {
    INFO("cut to " << n << ", first stream " << first.size());
    const auto kind = kind_of(read_packed(ByteSpan(archive).first(n)).facts);
    CHECK((kind == "truncated" || kind == "not-an-archive"));  // between the streams, the tar is seen to be too short
  }
}

TEST_CASE("a tar cut short before it was compressed is refused as truncated") {
  const Bytes tar = small_tar().finish();
  for (std::size_t n = 512; n + 1024 <= tar.size(); n += 128) {
    INFO(n);
    CHECK(kind_of_tar(ByteSpan(tar).first(n)) == "truncated");
  }
  CHECK(kind_of_tar(ByteSpan(tar).first(tar.size() - 512)) == "accepted");  // one block of zeros is an end mark
}

TEST_CASE("no flipped bit of an archive is accepted with other contents") {
  for (const auto packing : {Packing::bzip2, Packing::gzip}) {
    const auto compression = packing == Packing::bzip2 ? Compression::bzip2 : Compression::gzip;
    Bytes archive = packed(small_tar().finish(), packing);
    for (std::size_t at = 0; at < archive.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        const auto mask = static_cast<std::byte>(1 << bit);
        archive[at] ^= mask;
        const auto read = read_packed(archive, compression);
        archive[at] ^= mask;
        INFO("byte " << at << " bit " << bit);
        if (read.facts)
          CHECK(read.log == kSmallLog);
        else
          CHECK((read.facts.error().kind == RefusalKind::truncated || read.facts.error().kind == RefusalKind::not_an_archive));
      }
    }
  }
}

TEST_CASE("no flipped byte of a tar crashes the reader") {
  Bytes tar = small_tar().finish();
  for (std::size_t at = 0; at < tar.size(); ++at) {
    tar[at] ^= std::byte{0xff};
    read_packed(packed(tar, Packing::none), Compression::bzip2);
    read_packed(packed(tar, Packing::gzip), Compression::gzip);
    tar[at] ^= std::byte{0xff};
  }
  SUCCEED();
}

TEST_CASE("bytes behind the compressed stream are let through, unless they begin a further stream") {
  const Bytes archive = packed(small_tar().finish(), Packing::bzip2);
  CHECK(read_packed(joined(archive, as_bytes("trailing rubbish"))).log == kSmallLog);
  CHECK(read_packed(joined(archive, Bytes(100'000))).log == kSmallLog);
  for (const std::string_view more : {"B", "BZ", "BZh", "BZh9", "BZh91AY&SY", "BZh9 and something else than a stream"}) {
    INFO(more);
    CHECK(kind_of(read_packed(joined(archive, as_bytes(more))).facts) == "truncated");
  }
}

TEST_CASE("gzip's checksum is checked, and several gzip files in a row are refused") {
  const Bytes archive = packed(small_tar().finish(), Packing::gzip);
  for (std::size_t back = 1; back <= 8; ++back) {
    Bytes bad = archive;
    bad[bad.size() - back] ^= std::byte{1};
    INFO(back);
    CHECK(kind_of(read_packed(bad, Compression::gzip).facts) == "not-an-archive");
  }
  CHECK(kind_of(read_packed(joined(archive, archive), Compression::gzip).facts) == "not-an-archive");
}

TEST_CASE("what is no compressed tar is refused as not an archive") {
  const Bytes tar = small_tar().finish();
  const auto kind = [](ByteSpan bytes) { return kind_of(read_packed(bytes).facts); };
  CHECK(kind({}) == "not-an-archive");
  CHECK(kind(as_bytes("x")) == "not-an-archive");
  CHECK(kind(as_bytes("This is text, and a good deal longer than any magic.")) == "not-an-archive");
  CHECK(kind(tar) == "not-an-archive");                                       // no compression
  CHECK(kind(packed(tar, Packing::gzip)) == "not-an-archive");                // another compression
  CHECK(kind(packed({}, Packing::bzip2)) == "not-an-archive");                // nothing inside
  CHECK(kind(packed(as_bytes("text"), Packing::bzip2)) == "not-an-archive");  // no tar inside
  CHECK(kind(packed(as_bytes(std::string(4096, 'x')), Packing::bzip2)) == "not-an-archive");
  CHECK(kind(packed(Bytes(10240), Packing::bzip2)) == "not-an-archive");  // a tar of nothing
  CHECK(kind_of_tar(TarBuilder().folder("./").finish()) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(tar, Packing::bzip2), Compression::gzip).facts) == "not-an-archive");
}

TEST_CASE("an archive within an archive is not unpacked") {
  const Bytes tar = small_tar().finish();
  const Bytes once = packed(tar, Packing::bzip2);
  CHECK(kind_of(read_packed(packed(once, Packing::bzip2)).facts) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(packed(tar, Packing::gzip), Packing::bzip2)).facts) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(packed(tar, Packing::gzip), Packing::gzip), Compression::gzip).facts) == "not-an-archive");
  Bytes deep = tar;
  for (int i = 0; i < 40; ++i) deep = packed(deep, Packing::bzip2);
  CHECK(kind_of(read_packed(deep).facts) == "not-an-archive");

  const auto inner = read_tar(TarBuilder().file("inner.tar.bz2", as_text(once)).finish());
  REQUIRE(inner.facts);
  CHECK(inner.log == "inner.tar.bz2=" + std::string(as_text(once)) + ";");
}

TEST_CASE("a bomb stops at the ceiling") {
  const Bytes mebibyte(1 << 20);
  const Bytes part = packed(mebibyte, Packing::bzip2, 64);
  Bytes bomb;
  for (int i = 0; i < 16; ++i) bomb = joined(bomb, part);
  REQUIRE(bomb.size() < 10'000);  // 1 GiB
  TarBuilder head;
  head.header({.name = "zeros", .size = 1ULL << 30});
  const Bytes archive = joined(packed(head.unfinished(), Packing::bzip2), bomb);
  const Fd file = memory_file(archive);
  Counter sink;
  const auto declared = read_archive(file, Compression::bzip2, {16 << 20}, sink);
  REQUIRE_FALSE(declared);
  CHECK(declared.error().kind == RefusalKind::too_large);
  CHECK(sink.bytes == 0);

  // Nothing but zeros is a tar that ends at once; what is behind its end is unpacked for the checksums, and counted.
  CHECK(kind_of(read_packed(bomb, Compression::bzip2, {16 << 20}).facts) == "too-large");

  // Zeros behind the end of the tar expand as well.
  const Bytes hidden = joined(packed(small_tar().finish(), Packing::bzip2), bomb);
  CHECK(kind_of(read_packed(hidden, Compression::bzip2, {16 << 20}).facts) == "too-large");
}

TEST_CASE("the ceiling counts every byte of the tar") {
  const Bytes tar = small_tar().finish();
  const Bytes archive = packed(tar, Packing::bzip2);
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {tar.size()}).facts) == "accepted");
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {tar.size() - 1}).facts) == "too-large");
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {0}).facts) == "too-large");
}

TEST_CASE("the unsigned ceiling is 64 GiB and 1000 times the input, small inputs exempt") {
  CHECK(unsigned_limits(0).expanded_bytes == 1ULL << 30);
  CHECK(unsigned_limits((1 << 20) - 1).expanded_bytes == 1ULL << 30);
  CHECK(unsigned_limits(1 << 20).expanded_bytes == 1000ULL << 20);
  CHECK(unsigned_limits(10 << 20).expanded_bytes == 10000ULL << 20);
  CHECK(unsigned_limits(1ULL << 30).expanded_bytes == 64ULL << 30);
  CHECK(unsigned_limits(~0ULL).expanded_bytes == 64ULL << 30);
}

TEST_CASE("members that no patchset may hold are refused as hostile") {
  const auto kind = [](const TarBuilder& tar) { return kind_of_tar(tar.finish()); };
  for (const std::string name : {"/etc/passwd", "../x", "a/../b", "a/..", "..", "./../x", "//x"}) {
    INFO(name);
    CHECK(kind(TarBuilder().file(name, "x")) == "hostile-member");
    CHECK(kind(TarBuilder().folder(name + "/")) == "hostile-member");
    CHECK(kind(TarBuilder().symlink(name + "/latest", "1")) == "hostile-member");
  }
  CHECK(kind(TarBuilder().file("", "x")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "x").hardlink("a/g", "a/f")) == "hostile-member");
  CHECK(kind(TarBuilder().hardlink("a/latest", "1")) == "hostile-member");
  for (const char type : {'3', '4', '6'}) CHECK(kind(TarBuilder().device("a/d", type)) == "hostile-member");
  CHECK(kind(TarBuilder().pax("path", "/etc/x").file("fine", "x")) == "hostile-member");
  CHECK(kind(TarBuilder().pax("path", "../x").file("fine", "x")) == "hostile-member");
  CHECK(kind(TarBuilder().pax("linkpath", "/etc").symlink("a/latest", "1")) == "hostile-member");
}

TEST_CASE("only links named latest to a bare level get through") {
  const auto kind = [](const std::string& name, const std::string& text) {
    return kind_of_tar(TarBuilder().symlink(name, text).finish());
  };
  CHECK(kind("id/latest", "2021012902") == "accepted");
  CHECK(kind("top/id/latest.v1", "0") == "accepted");
  for (const std::string text : {"", "/etc", "..", "../1", "1/2", "1 ", "a1", "12345678901", "-1", "1\n"}) {
    INFO(text);
    CHECK(kind("id/latest", text) == "hostile-member");
  }
  for (const std::string name : {"latest", "id/latestx", "id/latest.", "id/Latest", "id/current", "id/latest/x"}) {
    INFO(name);
    CHECK(kind(name, "27") == "hostile-member");
  }
}

TEST_CASE("names outside the grammar are refused as bad names") {
  const std::string names[] = {"a b",
                               "a//b",
                               "a/./b",
                               "././a",
                               "a\nb",
                               "\x1b[31m",
                               "\xe2\x80\xae",
                               "\xff\xfe",
                               "a\\b",
                               "a:b",
                               "~",
                               std::string(256, 'a'),
                               "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"};
  for (const auto& name : names) {
    INFO(name);
    CHECK(kind_of_tar(TarBuilder().file(name, "x").finish()) == "bad-name");
    CHECK(kind_of_tar(TarBuilder().folder(name).finish()) == "bad-name");
  }
  CHECK(kind_of_tar(TarBuilder().pax("path", "caf\xc3\xa9").file("fine", "x").finish()) == "bad-name");
  CHECK(kind_of_tar(TarBuilder().pax("path", "\xff").file("fine", "x").finish()) == "bad-name");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "d/";
  CHECK(kind_of_tar(TarBuilder().file(deep + "f", "x").finish()) == "bad-name");
}

TEST_CASE("refusals never repeat what a member's name says to a terminal") {
  for (const std::string name : {"\x1b[31m", "../\x1b[31m", "/\n"}) {
    const auto read = read_tar(TarBuilder().file(name, "x").finish());
    REQUIRE_FALSE(read.facts);
    for (const char c : read.facts.error().text) CHECK((c >= 0x20 && c < 0x7f));
  }
}

TEST_CASE("two members never share a place") {
  const auto kind = [](const TarBuilder& tar) { return kind_of_tar(tar.finish()); };
  CHECK(kind(TarBuilder().file("a/f", "1").file("a/f", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("./a/f", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("a/F", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("A/g", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().folder("a/").folder("a/")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a", "1").file("a/f", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("a", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().folder("a/").file("a", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a", "1").folder("a/")) == "hostile-member");
  CHECK(kind(TarBuilder().symlink("a/latest", "1").file("a/latest", "1")) == "hostile-member");
  CHECK(kind(TarBuilder().symlink("a/latest", "1").file("a/latest/x", "1")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").folder("a/").file("a/g", "2")) == "accepted");
}

TEST_CASE("a leading ./ and the root folder mean nothing") {
  const auto read = read_tar(TarBuilder().folder("./").folder("./top/").file("./top/f", "x").finish());
  REQUIRE(read.facts);
  CHECK(read.log == "top/f=x;");
  CHECK(read.facts->top_folder == "top");
}

TEST_CASE("the top folder is the one folder that everything lies in, unless it is content itself") {
  const auto top = [](const TarBuilder& tar) {
    const auto read = read_tar(tar.finish());
    REQUIRE(read.facts);
    return read.facts->top_folder;
  };
  CHECK(top(TarBuilder().file("K20230712_03/a/f", "x").file("K20230712_03/b/f", "x")) == "K20230712_03");
  CHECK(top(TarBuilder().file("K20230712_03/a/f", "x").file("README", "x")).empty());
  CHECK(top(TarBuilder().file("README", "x")).empty());
  CHECK(top(TarBuilder().file(kKhash + "/27/f", "x")).empty());
  CHECK(top(TarBuilder().file("7f3c0011aabbccdd/1/f", "x")).empty());
  CHECK(top(TarBuilder().file("7f3c0011aabbccd/1/f", "x")) == "7f3c0011aabbccd");
}

TEST_CASE("setuid bits and device numbers of a file change nothing") {
  TarBuilder tar;
  tar.header({.name = "a/f", .size = 1, .mode_field = "0006777"}).content("x");
  CHECK(read_tar(tar.finish()).log == "a/f=x;");
}

TEST_CASE("impossible sizes are refused") {
  const auto kind = [](const std::string& field) {
    TarBuilder tar;
    tar.header({.name = "a/f", .size_field = field}).content("x");
    return kind_of_tar(tar.finish());
  };
  CHECK(kind("77777777777") == "too-large");  // 8 GiB − 1
  CHECK(kind(std::string("\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff", 12)) == "too-large");
  CHECK(kind(std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)) == "not-an-archive");  // overflows with its padding
  CHECK(kind(std::string("\x80\0\0\0\0\0\0\x01\0\0\0\0", 12)) == "too-large");                     // 2^32
  CHECK(kind(std::string(12, '\xff')) == "not-an-archive");                                        // −1
  CHECK(kind(std::string("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12)) != "accepted");                      // 2^63
  CHECK(kind("-0000000001") == "not-an-archive");
  for (const std::string size : {"-1", "18446744073709551615", "9223372036854775808"}) {
    INFO(size);
    CHECK(kind_of_tar(TarBuilder().pax("size", size).file("a/f", "x").finish()) != "accepted");
  }
  CHECK(kind_of_tar(TarBuilder().pax("size", "4611686018427387903").file("a/f", "x").finish()) == "too-large");
  CHECK(kind_of_tar(TarBuilder().pax("size", "9223372036854775807").file("a/f", "x").finish()) == "not-an-archive");
}

TEST_CASE("a sparse file comes out with its holes filled") {
  // GNU.sparse 0.1: the map is in the pax header, the data are what is left of the file.
  const auto sparse = [](const std::string& map, const std::string& size) {
    const auto record = [](const std::string& key, const std::string& value) {
      const std::string rest = " " + key + "=" + value + "\n";
      std::size_t length = rest.size() + 1;
      while (std::to_string(length).size() + rest.size() != length) ++length;
      return std::to_string(length) + rest;
    };
    const std::string records = record("GNU.sparse.size", size) + record("GNU.sparse.numblocks", "2") +
                                record("GNU.sparse.map", map) + record("GNU.sparse.name", "a/f");
    TarBuilder tar;
    tar.header({.name = "PaxHeaders/f", .type = 'x', .size = records.size()}).content(records);
    return tar.file("GNUSparseFile.0/f", "onetwo").finish();
  };
  const auto read = read_tar(sparse("2,3,7,3", "12"));
  REQUIRE(read.facts);
  CHECK(read.log == std::string("a/f=\0\0one\0\0two\0\0;", 17));
  CHECK(kind_of_tar(sparse("2,3,7,3", "1048577")) == "too-large");
  CHECK(kind_of_tar(sparse("7,3,2,3", "12")) == "hostile-member");
  CHECK(kind_of_tar(sparse("0,3,1,3", "12")) == "hostile-member");
  CHECK(kind_of_tar(sparse("2,3,7,3", "9")) == "hostile-member");
  CHECK(kind_of_tar(sparse("2,-3,7,3", "12")) != "accepted");
}

TEST_CASE("data behind the end of the tar are refused") {
  const Bytes tar = small_tar().finish();
  CHECK(kind_of_tar(joined(tar, Bytes(9 * 512))) == "accepted");
  CHECK(kind_of_tar(joined(tar, as_bytes("x"))) == "hostile-member");
  CHECK(kind_of_tar(joined(tar, TarBuilder().file("later", "x").finish())) == "hostile-member");
  CHECK(kind_of_tar(joined(joined(tar, Bytes(300'000)), as_bytes("x"))) == "hostile-member");
}

TEST_CASE("too many members are refused, as are too many folders that are only implied") {
  TarBuilder many;
  for (std::uint64_t i = 0; i <= kMaxMembers; ++i) many.header({.name = "m/" + std::to_string(i)});
  CHECK(kind_of(read_packed(packed(many.finish(), Packing::gzip), Compression::gzip, {1ULL << 30}).facts) == "too-large");

  TarBuilder deep;
  for (std::uint64_t i = 0; i <= kMaxMembers / 15; ++i)
    deep.header({.name = std::to_string(i) + "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/f"});
  CHECK(kind_of(read_packed(packed(deep.finish(), Packing::gzip), Compression::gzip, {1ULL << 30}).facts) == "too-large");
}

TEST_CASE("what a sink or a progress callback throws comes out as it is") {
  class Full : public Recorder {
    void data(ByteSpan) override { throw SystemFailure("cannot write x: No space left on device", ENOSPC); }
  };
  const Fd file = memory_file(packed(small_tar().finish(), Packing::bzip2));
  Full full;
  CHECK_THROWS_AS(read_archive(file, Compression::bzip2, {}, full), SystemFailure);
  Recorder sink;
  const auto throw_at_once = [](std::uint64_t) { throw std::logic_error("enough"); };
  CHECK_THROWS_AS(read_archive(file, Compression::bzip2, {}, sink, throw_at_once), std::logic_error);

  // Far enough in, that the tar reader is what asks for more.
  std::string noise(1 << 20, '\0');
  std::uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const Fd large = memory_file(packed(TarBuilder().file("f", noise).finish(), Packing::bzip2));
  std::uint64_t seen = 0;
  Counter counter;
  const auto throw_late = [&](std::uint64_t n) {
    if ((seen += n) > noise.size() / 2) throw std::logic_error("enough");
  };
  CHECK_THROWS_AS(read_archive(large, Compression::bzip2, {}, counter, throw_late), std::logic_error);
}

TEST_CASE("a file that cannot be read is a failure of the machine, not a refusal") {
  const Fd folder = open_folder("/");
  Recorder sink;
  CHECK_THROWS_AS(read_archive(folder, Compression::bzip2, {}, sink), SystemFailure);
}

}  // namespace patchferry
