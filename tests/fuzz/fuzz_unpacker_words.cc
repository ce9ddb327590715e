// SPDX-License-Identifier: Apache-2.0
// What an unpacker says that somebody has taken over: whatever it is, a sink hears only what some archive could have held.
//   input: ceiling (u32), then messages: word (u8), length (u16), body
#include <cstdint>
#include <cstdlib>

#include "bundle-format/archive/recipe_source.h"
#include "system/memory_file.h"
#include "tests/fuzz/watched_members.h"
#include "unpacker/conversation.h"

using namespace patchferry;
using namespace patchferry::unpacker;

namespace {

using test::require;

class Watcher : public test::WatchedMembers {
 public:
  using WatchedMembers::WatchedMembers;
  bool must_read(const RelPath& path, std::uint64_t) override { return path.text().ends_with("read"); }
  std::size_t head_wanted(const RelPath&) override { return 16; }
};

// Two contents and some literal bytes: what an unpacker may be asked to read for a program that knows the contents.
const Recipe& recipe() {
  static const Recipe one = [] {
    Recipe out;
    out.literals = Bytes(700, std::byte{'l'});
    out.contents = {sha256(as_bytes("a")), sha256(as_bytes("b"))};
    out.parts = {{512, false, 0}, {100, true, 0}, {188, false, 0}, {300, true, 1}};
    return out;
  }();
  return one;
}

Result<Fd> content(const Digest&, std::uint64_t bytes) {
  Fd file = memory_file("a content");
  write_all(file, Bytes(static_cast<std::size_t>(bytes)));
  return file;
}

void play(ByteReader in, std::uint64_t ceiling, TarSource* source) {
  Watcher sink(ceiling);
  MembersTalk talk(
      ceiling, sink, [](std::uint64_t) {}, source);
  try {
    while (in.left() > 0) {
      const auto word = static_cast<Word>(in.u8());
      const ByteSpan body = in.raw(in.u16());
      if (in.failed()) break;
      if (word == Word::refused) {
        const Refusal told = refusal_in(body, source != nullptr ? Job::Kind::read_tar : Job::Kind::read_archive);
        require(told.text.find('\x1b') == std::string::npos && told.kind != RefusalKind::unpacker_crashed);
        break;
      }
      if (word == Word::done) {
        if (talk.end(body))
          require(!sink.is_open() && talk.facts().expanded_bytes <= ceiling && talk.facts().files <= sink.paths().size());
        break;
      }
      const auto reply = talk.take({word, body});
      if (!reply) break;
      if (*reply) require((*reply)->head.size() + (*reply)->tail.size() <= kMaxBody);
    }
  } catch (const BadMessage&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(std::as_bytes(std::span(data, size)));
  const std::uint64_t ceiling = in.u32();
  play(in, ceiling, nullptr);
  RecipeSource source(recipe(), content);
  play(in, ceiling, &source);
  return 0;
}
