// SPDX-License-Identifier: Apache-2.0
// What an unpacker says that somebody has taken over: whatever it is, a sink hears only what some archive could have held.
//   input: ceiling (u32), then messages: word (u8), length (u16), body
#include <cstdint>
#include <cstdlib>
#include <set>

#include "unpacker/judge.h"

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
  bool must_read(const RelPath&, std::uint64_t) override { return true; }
  void known_file(const RelPath&, std::uint64_t, const Digest&, ByteSpan) override { must(false); }
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(std::as_bytes(std::span(data, size)));
  const std::uint64_t ceiling = in.u32();
  Watcher sink(ceiling);
  Judge judge(ceiling, sink);
  try {
    while (in.left() > 0) {
      const auto word = static_cast<Word>(in.u8());
      const ByteSpan body = in.raw(in.u16());
      if (in.failed()) break;
      if (word == Word::done) {
        const auto facts = judge.end(body);
        if (facts) must(!sink.is_open() && facts->expanded_bytes <= ceiling && facts->files <= sink.names());
        break;
      }
      if (!judge.take({word, body})) break;
    }
  } catch (const BadMessage&) {
  }
  return 0;
}
