// SPDX-License-Identifier: Apache-2.0
// What an unpacker says that somebody has taken over: whatever it is, a sink hears only what some archive could have held.
//   input: ceiling (u32), then messages: word (u8), length (u16), body
#include <cstdint>
#include <cstdlib>
#include <set>

#include "bundle-format/archive/recipe_source.h"
#include "system/memory_file.h"
#include "unpacker/conversation.h"

using namespace patchferry;
using namespace patchferry::unpacker;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

class Watcher : public MemberSink {
 public:
  explicit Watcher(std::uint64_t ceiling) : ceiling_(ceiling) {}

  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t>) override {
    must(!open_ && bytes <= ceiling_ - sum_);
    sum_ += bytes;
    left_ = bytes;
    open_ = true;
    note(path);
  }
  void data(ByteSpan part) override {
    must(open_ && part.size() <= left_);
    left_ -= part.size();
  }
  void end_file() override {
    must(open_ && left_ == 0);
    open_ = false;
  }
  bool must_read(const RelPath& path, std::uint64_t) override { return path.text().ends_with("read"); }
  std::size_t head_wanted(const RelPath&) override { return 16; }
  void known_file(const RelPath& path, std::uint64_t bytes, const Digest&, ByteSpan) override {
    must(!open_ && bytes <= ceiling_ - sum_);
    sum_ += bytes;
    note(path);
  }
  void pointer_link(const RelPath& path, const std::string& level) override {
    must(!open_ && is_pointer_link(path, level));
    note(path);
  }

  bool is_open() const { return open_; }
  std::size_t names() const { return names_.size(); }

 private:
  void note(const RelPath& path) {
    must(RelPath::parse(path.text()).has_value());
    must(names_.insert(path.folded()).second);
  }

  const std::uint64_t ceiling_;
  std::uint64_t sum_ = 0;
  std::uint64_t left_ = 0;
  bool open_ = false;
  std::set<std::string> names_;
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
        must(told.text.find('\x1b') == std::string::npos && told.kind != RefusalKind::unpacker_crashed);
        break;
      }
      if (word == Word::done) {
        if (talk.end(body)) must(!sink.is_open() && talk.facts().expanded_bytes <= ceiling && talk.facts().files <= sink.names());
        break;
      }
      const auto reply = talk.take({word, body});
      if (!reply) break;
      if (*reply) must((*reply)->head.size() + (*reply)->tail.size() <= kMaxBody);
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
