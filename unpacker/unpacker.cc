// SPDX-License-Identifier: Apache-2.0
// The program's side: start an unpacker, answer it, and believe nothing of what it says.
#include "unpacker/unpacker.h"

#include <cstring>

#include "bundle-format/packs/expand_pack.h"
#include "system/failure.h"
#include "unpacker/judge.h"
#include "unpacker/process.h"

namespace patchferry::unpacker {

namespace {

constexpr std::uint64_t kMaxPacking = 64ULL << 20;

/// From outside, to be printed: one line, nothing that steers a terminal.
std::string line_of(ByteSpan bytes) {
  std::string out;
  for (const char c : as_text(bytes)) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

Refusal refusal_of(ByteSpan body) {
  ByteReader in(body);
  const std::uint32_t kind = in.u32();
  const ByteSpan text = in.raw(in.u32());
  if (in.failed() || kind > static_cast<std::uint32_t>(kLastRefusalKind)) throw BadMessage();
  Refusal out;
  out.kind = static_cast<RefusalKind>(kind);
  out.text = line_of(text);
  out.hint = line_of(in.raw(in.left()));
  return out;
}

[[noreturn]] void fail(ByteSpan body, const std::string& about) {
  ByteReader in(body);
  const int error = static_cast<int>(in.u32());
  const std::string text = line_of(in.raw(in.left()));
  if (error != 0) throw SystemFailure("cannot read " + about + ": " + std::strerror(error), error);
  throw SystemFailure("cannot unpack " + about + ": " + text, 0);
}

/// Runs one job to its end. `take(message)` handles what is not the end, and may refuse; what it throws ends the unpacker too.
/// Returns the body of `done`.
template <class Take>
Result<Bytes> run(Process& process, const std::string& about, Take take) {
  try {
    for (Message message;;) {
      if (!process.channel().receive(message)) break;
      switch (message.word) {
        case Word::done: return Bytes(message.body.begin(), message.body.end());
        case Word::refused: return tl::unexpected(refusal_of(message.body));
        case Word::failed: fail(message.body, about);
        case Word::no_memory:
          return refuse(RefusalKind::too_large, "unpacking takes more memory than it does for any release",
                        "do not use it; ask the vendor");
        default:
          if (auto good = take(message); !good) return tl::unexpected(std::move(good.error()));
      }
    }
  } catch (const BadMessage&) {
  }
  return tl::unexpected(process.end());
}

/// Hands out a stream in parts that fit a message.
class Stream {
 public:
  explicit Stream(TarSource& source) : source_(source) {}

  Result<void> answer_next(Channel& channel) {
    if (rest_.empty()) {
      auto part = source_.next();
      if (!part) return tl::unexpected(std::move(part.error()));
      rest_ = *part;
    }
    const ByteSpan part = rest_.first(std::min(rest_.size(), kPart));
    rest_ = rest_.subspan(part.size());
    channel.send(Word::part, {}, part);
    channel.flush();
    return {};
  }
  /// All of what the source gave has been handed out.
  bool is_between() const { return rest_.empty(); }
  TarSource& source() { return source_; }

 private:
  TarSource& source_;
  ByteSpan rest_;
};

void answer(Channel& channel, bool yes) {
  const std::byte body{yes ? std::uint8_t{1} : std::uint8_t{0}};
  channel.send(Word::answer, {&body, 1});
  channel.flush();
}

/// A content that the source knows by its hash, and the sink need not read: noted, and passed over in the stream.
Result<bool> pass_known(Stream& stream, std::uint64_t bytes, const RelPath& path, MemberSink& sink) {
  TarSource& source = stream.source();
  if (!stream.is_between()) return false;
  const Digest* hash = source.known(bytes);
  if (hash == nullptr || sink.must_read(path, bytes)) return false;
  const Digest known = *hash;
  Bytes head(sink.head_wanted(path));
  if (!head.empty()) {
    const auto had = source.peek(head);
    if (!had) return tl::unexpected(had.error());
    head.resize(*had);
  }
  if (source.skip(bytes) != bytes) return false;
  sink.known_file(path, bytes, known, head);
  return true;
}

/// What members and streams lead to; see also Judge, which has the rules.
class Reading {
 public:
  Reading(Channel& channel, std::uint64_t ceiling, MemberSink& sink, const OnRead& on_read, TarSource* source)
      : channel_(channel), judge_(ceiling, sink), sink_(sink), on_read_(on_read) {
    if (source != nullptr) stream_.emplace(*source);
  }

  Result<void> take(const Message& message) {
    ByteReader in(message.body);
    switch (message.word) {
      case Word::read:
        if (const std::uint64_t n = in.u64(); on_read_) on_read_(n);
        return {};
      case Word::stream: return judge_.stream(message.body);
      case Word::begin_file: return judge_.begin_file(in);
      case Word::data: return judge_.data(message.body);
      case Word::end_file: return judge_.end_file();
      case Word::link: return judge_.link(in);
      case Word::packing: return judge_.packing(message.body, kMaxPacking);
      case Word::next:
        if (!stream_) throw BadMessage();
        return stream_->answer_next(channel_);
      case Word::is_known: return answer_known(in);
      default: throw BadMessage();
    }
  }

  Judge& judge() { return judge_; }

 private:
  Result<void> answer_known(ByteReader& in) {
    if (!stream_) throw BadMessage();
    const std::uint64_t bytes = in.u64();
    const auto path = RelPath::parse(as_text(in.raw(in.left())));
    if (!path) throw BadMessage();
    auto known = pass_known(*stream_, bytes, *path, sink_);
    if (!known) return tl::unexpected(std::move(known.error()));
    if (*known)
      if (auto good = judge_.known_file(*path, bytes); !good) return good;
    answer(channel_, *known);
    return {};
  }

  Channel& channel_;
  Judge judge_;
  MemberSink& sink_;
  const OnRead& on_read_;
  std::optional<Stream> stream_;
};

class ConfinedWork : public ArchiveWork {
 public:
  Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                    const OnRead& on_read, std::optional<Bytes>* packing) const override {
    Job job;
    job.kind = Job::Kind::read_archive;
    job.compression = compression;
    job.ceiling = limits.expanded_bytes;
    job.wants_stream = sink.wants_stream();
    job.work = limits.expanded_bytes;
    Process process(job, &archive, nullptr);
    Reading reading(process.channel(), limits.expanded_bytes, sink, on_read, nullptr);
    auto facts = read(process, archive.path(), reading);
    if (facts && packing != nullptr && !reading.judge().packing().empty()) *packing = std::move(reading.judge().packing());
    return facts;
  }

  Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink) const override {
    Job job;
    job.kind = Job::Kind::read_tar;
    job.ceiling = ceiling;
    job.wants_stream = sink.wants_stream();
    job.work = ceiling;
    Process process(job, nullptr, nullptr);
    Reading reading(process.channel(), ceiling, sink, {}, &source);
    return read(process, "a stream of contents", reading);
  }

  std::optional<Bytes> careful_packing(const Fd& archive) const override {
    Job job;
    job.kind = Job::Kind::careful_packing;
    job.work = unsigned_limits(size_of(archive)).expanded_bytes;
    Process process(job, &archive, nullptr);
    Bytes out;
    const auto done = run(process, archive.path(), [&](const Message& message) -> Result<void> {
      if (message.word != Word::packing || out.size() + message.body.size() > kMaxPacking) throw BadMessage();
      out.insert(out.end(), message.body.begin(), message.body.end());
      return {};
    });
    if (!done || out.empty()) return std::nullopt;
    return out;
  }

  Result<Digest> rebuild(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out) const override {
    Job job;
    job.kind = Job::Kind::rebuild;
    job.work = recipe.stream_bytes();
    Process process(job, nullptr, nullptr);
    Channel& channel = process.channel();
    RecipeSource source(recipe, open);
    Stream stream(source);
    Hasher hasher;
    try {
      for (std::size_t at = 0; at < recipe.packing.size(); at += kPart)
        channel.send(Word::packing, {}, ByteSpan(recipe.packing).subspan(at, std::min(kPart, recipe.packing.size() - at)));
      channel.send(Word::packing);
      channel.flush();
    } catch (const BadMessage&) {
      return tl::unexpected(process.end());
    }
    const auto done = run(process, "an archive that is made again", [&](const Message& message) -> Result<void> {
      if (message.word == Word::next) return stream.answer_next(channel);
      if (message.word != Word::data) throw BadMessage();
      hasher.add(message.body);
      out(message.body);
      return {};
    });
    if (!done) return tl::unexpected(done.error());
    return hasher.finish();
  }

 private:
  static Result<ArchiveFacts> read(Process& process, const std::string& about, Reading& reading) {
    const auto done = run(process, about, [&](const Message& message) { return reading.take(message); });
    if (!done) return tl::unexpected(done.error());
    auto facts = reading.judge().end(*done);
    if (!facts) return tl::unexpected(process.end());
    return *facts;
  }
};

}  // namespace

const ArchiveWork& archive_work() {
  static const ConfinedWork work;
  return work;
}

Result<void> expand_pack(const PackRecord& pack, const Fd& payload, const Fd& prefix, std::uint64_t prefix_bytes,
                         const std::function<void(ByteSpan)>& out) {
  if (pack.codec == Codec::stored) {  // nothing to be expanded: a copy
    const auto stored = [&](std::uint64_t offset, std::span<std::byte> part) {
      read_exactly(payload, pack.payload_offset + offset, part);
    };
    return patchferry::expand_pack(pack, stored, {}, out);
  }
  Job job;
  job.kind = Job::Kind::expand_pack;
  job.pack = pack;
  job.prefix_bytes = prefix_bytes;
  job.work = pack.expanded_bytes;
  Process process(job, &payload, prefix_bytes > 0 ? &prefix : nullptr);
  std::uint64_t left = pack.expanded_bytes;
  const auto done = run(process, payload.path(), [&](const Message& message) -> Result<void> {
    if (message.word != Word::data || message.body.size() > left) throw BadMessage();
    left -= message.body.size();
    out(message.body);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  if (left != 0) return tl::unexpected(process.end());
  return {};
}

std::vector<std::string> lacking() { return Process(Job{}, nullptr, nullptr).lacking(); }

}  // namespace patchferry::unpacker
