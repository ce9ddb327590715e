// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include "bundle-format/archive/plain_archive_work.h"
#include "system/failure.h"
#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("an archive's members come out in order, with its facts") {
  for (const auto packing : {Packing::bzip2, Packing::gzip}) {
    const Bytes tar = small_tar().finish();
    const auto read = read_packed(packed(tar, packing), packing == Packing::bzip2 ? Compression::bzip2 : Compression::gzip);
    REQUIRE(read.facts);
    CHECK(read.log == small_log());
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
  REQUIRE(plain_archive_work().read_archive(file, Compression::bzip2, {}, sink, [&](std::uint64_t n) { progress += n; }));
  CHECK(sink.log == small_log());
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
  CHECK(read_packed(archive).log == small_log());
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
          CHECK(read.log == small_log());
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
  CHECK(read_packed(joined(archive, as_bytes("trailing rubbish"))).log == small_log());
  CHECK(read_packed(joined(archive, Bytes(100'000))).log == small_log());
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

TEST_CASE("what a sink or a progress callback throws comes out as it is") {
  class Full : public Recorder {
    void data(ByteSpan) override { throw SystemFailure("cannot write x: No space left on device", ENOSPC); }
  };
  const Fd file = memory_file(packed(small_tar().finish(), Packing::bzip2));
  Full full;
  CHECK_THROWS_AS(plain_archive_work().read_archive(file, Compression::bzip2, {}, full), SystemFailure);
  Recorder sink;
  const auto throw_at_once = [](std::uint64_t) { throw std::logic_error("enough"); };
  CHECK_THROWS_AS(plain_archive_work().read_archive(file, Compression::bzip2, {}, sink, throw_at_once), std::logic_error);

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
  CHECK_THROWS_AS(plain_archive_work().read_archive(large, Compression::bzip2, {}, counter, throw_late), std::logic_error);
}

TEST_CASE("a file that cannot be read is a failure of the machine, not a refusal") {
  const Fd folder = open_folder("/");
  Recorder sink;
  CHECK_THROWS_AS(plain_archive_work().read_archive(folder, Compression::bzip2, {}, sink), SystemFailure);
}
