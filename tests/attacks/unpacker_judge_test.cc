// SPDX-License-Identifier: Apache-2.0
// What an unpacker may say, and what it is not believed.
#include <catch2/catch.hpp>
#include <sys/socket.h>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/bzip2/packing_code.h"
#include "tests/unit/read_archives.h"
#include "unpacker/conversation.h"
#include "unpacker/unpacker.h"
#include "unpacker/channel.h"

using namespace patchferry;
using namespace patchferry::test;
using namespace patchferry::unpacker;

namespace {

constexpr std::uint64_t kCeiling = 10'000;

Bytes file_head(std::uint64_t bytes, const std::string& path) {
  ByteWriter out;
  out.u64(bytes);
  out.u8(1);
  out.u64(512);
  out.raw(as_bytes(path));
  return out.take();
}

Bytes facts(std::uint64_t expanded, std::uint64_t files, const std::string& top) {
  ByteWriter out;
  out.u64(expanded);
  out.u64(files);
  out.raw(as_bytes(top));
  return out.take();
}

class Told {
 public:
  Result<void> say(Word word, ByteSpan body = {}) { return judge.take({word, body}); }
  Result<void> file(std::uint64_t bytes, const std::string& path) { return say(Word::begin_file, file_head(bytes, path)); }
  Result<void> link(const std::string& body) { return say(Word::link, as_bytes(body)); }
  Result<void> whole(std::uint64_t bytes, const std::string& path) {
    if (auto good = file(bytes, path); !good) return good;
    if (auto good = say(Word::data, Bytes(static_cast<std::size_t>(bytes))); !good) return good;
    return say(Word::end_file);
  }
  Counter sink;
  Judge judge{kCeiling, sink};
};

std::pair<Fd, Fd> socket_ends() {
  int ends[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  return {Fd(ends[0], "one end"), Fd(ends[1], "other end")};
}

}  // namespace

TEST_CASE("an unpacker that tells of files as archives hold them is believed") {
  Told told;
  CHECK(told.whole(100, "a/1/kpatch.bin"));
  CHECK(told.whole(0, "a/1/empty"));
  CHECK(told.link("2\na/latest"));
  const auto end = told.judge.end(facts(kCeiling, 2, "a"));
  REQUIRE(end);
  CHECK(end->top_folder == "a");
  CHECK(told.sink.bytes == 100);
}

TEST_CASE("an unpacker that says what none of ours says is not believed") {
  CHECK_THROWS_AS(Told().file(1, "../out"), BadMessage);
  CHECK_THROWS_AS(Told().file(1, "/etc/passwd"), BadMessage);
  CHECK_THROWS_AS(Told().file(1, ""), BadMessage);
  CHECK_THROWS_AS(Told().file(1, "a//b"), BadMessage);
  CHECK_THROWS_AS(Told().file(1, std::string("a\0b", 3)), BadMessage);
  CHECK_THROWS_AS(Told().file(kCeiling + 1, "a"), BadMessage);
  CHECK_THROWS_AS(Told().say(Word::data, Bytes(1)), BadMessage);
  CHECK_THROWS_AS(Told().say(Word::end_file), BadMessage);
  CHECK_THROWS_AS(Told().say(Word::stream, Bytes(kCeiling + 1)), BadMessage);
  CHECK_THROWS_AS(Told().say(Word::packing, Bytes(bzip2::kMaxPackingBytes + 1)), BadMessage);
  CHECK_THROWS_AS(Told().say(Word::done), BadMessage);
  CHECK_THROWS_AS(Told().say(static_cast<Word>(99)), BadMessage);
  CHECK_THROWS_AS(Told().link("2\na/other"), BadMessage);
  CHECK_THROWS_AS(Told().link("../../x\na/latest"), BadMessage);
  CHECK_THROWS_AS(Told().link("a/latest"), BadMessage);
  CHECK_THROWS_AS(Told().link("2\n../latest"), BadMessage);

  Told open;
  REQUIRE(open.file(10, "a"));
  CHECK_THROWS_AS(open.file(10, "b"), BadMessage);
  CHECK_THROWS_AS(open.say(Word::end_file), BadMessage);
  CHECK_THROWS_AS(open.say(Word::data, Bytes(11)), BadMessage);
  CHECK_FALSE(open.judge.end(facts(10, 1, "")));

  Told sum;
  REQUIRE(sum.whole(kCeiling - 1, "a"));
  CHECK_THROWS_AS(sum.file(2, "b"), BadMessage);
  CHECK_FALSE(sum.judge.end(facts(kCeiling + 1, 1, "")));
  CHECK_FALSE(sum.judge.end(facts(kCeiling, 2, "")));
  CHECK_FALSE(sum.judge.end(facts(kCeiling, 1, "..")));
  CHECK_FALSE(sum.judge.end(facts(kCeiling, 1, "a/b")));
  CHECK_FALSE(sum.judge.end(Bytes(15)));
}

TEST_CASE("an unpacker that tells of one name twice, in whatever case, is refused as an archive is") {
  Told told;
  REQUIRE(told.whole(1, "a/File"));
  const auto twin = told.file(1, "a/fILE");
  REQUIRE_FALSE(twin);
  CHECK(twin.error().kind == RefusalKind::hostile_member);
}

TEST_CASE("an unpacker chooses neither hints nor kinds that its job does not end with, and its words steer no terminal") {
  const auto told = [](RefusalKind kind, const std::string& text, Job::Kind job) {
    ByteWriter body;
    body.u32(static_cast<std::uint32_t>(kind));
    body.raw(as_bytes(text));
    return refusal_in(body.take(), job);
  };
  const Refusal cut = told(RefusalKind::truncated, "ends \x1b[2J early", Job::Kind::read_archive);
  CHECK(cut.kind == RefusalKind::truncated);
  CHECK(cut.hint.empty());
  CHECK(cut.text.find('\x1b') == std::string::npos);
  CHECK(told(RefusalKind::hostile_member, "x", Job::Kind::read_tar).hint == kHostileHint);
  CHECK(told(RefusalKind::too_large, std::string(100'000, 'x'), Job::Kind::expand_pack).text.size() <= 600);
  CHECK_THROWS_AS(told(RefusalKind::fork, "x", Job::Kind::read_archive), BadMessage);
  CHECK_THROWS_AS(told(RefusalKind::bad_signature, "x", Job::Kind::read_archive), BadMessage);
  CHECK_THROWS_AS(told(RefusalKind::unpacker_crashed, "x", Job::Kind::rebuild), BadMessage);
  CHECK_THROWS_AS(told(RefusalKind::hostile_member, "x", Job::Kind::expand_pack), BadMessage);
  CHECK_THROWS_AS(told(static_cast<RefusalKind>(9999), "x", Job::Kind::read_tar), BadMessage);
  CHECK_THROWS_AS(refusal_in(Bytes(3), Job::Kind::read_tar), BadMessage);
}

TEST_CASE("an unpacker that expands more or less than was signed is not believed") {
  std::uint64_t out = 0;
  const auto count = [&](ByteSpan part) { out += part.size(); };
  OutputTalk talk(count, 10, nullptr);
  CHECK(talk.take({Word::data, Bytes(6)}));
  CHECK_FALSE(talk.end({}));
  CHECK_THROWS_AS(talk.take({Word::data, Bytes(5)}), BadMessage);
  CHECK_THROWS_AS(talk.take({Word::next, {}}), BadMessage);
  CHECK_THROWS_AS(talk.take({Word::begin_file, file_head(1, "a")}), BadMessage);
  CHECK(talk.take({Word::data, Bytes(4)}));
  CHECK(talk.end({}));
  CHECK(out == 10);
}

TEST_CASE("a message longer than any of ours ends the talk") {
  auto [ours, theirs] = socket_ends();
  ByteWriter head;
  head.u32(static_cast<std::uint32_t>(Word::data));
  head.u32(static_cast<std::uint32_t>(kMaxBody + 1));
  write_all(theirs, head.take());
  Channel channel(std::move(ours));
  CHECK_THROWS_AS(channel.receive(), BadMessage);
}

TEST_CASE("reading in an unpacker gives what reading here gives, for good archives and bad ones") {
  const Bytes tar = small_tar().finish();
  std::vector<Bytes> archives = {packed(tar, Packing::bzip2), packed(tar, Packing::gzip), packed(Bytes(100'000), Packing::bzip2),
                                 Bytes(10)};
  for (std::size_t cut : {std::size_t{1}, std::size_t{20}, std::size_t{60}})
    archives.emplace_back(archives[0].begin(), archives[0].end() - static_cast<std::ptrdiff_t>(cut));
  archives.push_back(packed(TarBuilder().file("../out", "x").finish(), Packing::bzip2));
  archives.push_back(packed(TarBuilder().file("a", "x").file("A", "x").finish(), Packing::bzip2));
  for (const auto& bytes : archives) {
    const Compression compression = &bytes == &archives[1] ? Compression::gzip : Compression::bzip2;
    const Fd file = memory_file(bytes);
    Counter here, there;
    std::optional<Bytes> packing_here, packing_there;
    const auto plain = plain_archive_work().read_archive(file, compression, {1 << 20}, here, {}, &packing_here);
    const auto confined = archive_work().read_archive(file, compression, {1 << 20}, there, {}, &packing_there);
    CHECK(here.bytes == there.bytes);
    CHECK(packing_here == packing_there);
    REQUIRE(plain.has_value() == confined.has_value());
    if (plain) {
      CHECK(plain->expanded_bytes == confined->expanded_bytes);
      CHECK(plain->files == confined->files);
      CHECK(plain->top_folder == confined->top_folder);
    } else {
      CHECK(plain.error().kind == confined.error().kind);
      CHECK(plain.error().text == confined.error().text);
      CHECK(plain.error().hint == confined.error().hint);
    }
  }
}
