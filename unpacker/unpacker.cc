// SPDX-License-Identifier: Apache-2.0
// The program's side: start an unpacker, and talk with it until the end.
#include "unpacker/unpacker.h"

#include <cerrno>

#include "bundle-format/packs/expand_pack.h"
#include "system/failure.h"
#include "unpacker/conversation.h"
#include "unpacker/process.h"

namespace patchferry::unpacker {

namespace {

/// To the end of the job.
Result<void> converse(Channel& channel, const Job& job, const std::string& about, Conversation& conversation) {
  for (;;) {
    const Message message = channel.receive();
    switch (message.word) {
      case Word::done:
        if (conversation.end(message.body)) return {};
        throw BadMessage();
      case Word::refused: return tl::unexpected(refusal_in(message.body, job.kind));
      case Word::failed: throw SystemFailure("cannot read " + about + ": an unpacker met an error of the disk", EIO);
      case Word::no_thread:
        throw SystemFailure("cannot unpack " + about + ": no thread can be had", EAGAIN,
                            "is the number of processes limited (ulimit -u, TasksMax= of a service)?");
      case Word::no_memory:
        return refuse(RefusalKind::too_large, "unpacking takes more memory than it does for any release",
                      "do not use it; ask the vendor");
      default: break;
    }
    const auto reply = conversation.take(message);
    if (!reply) return tl::unexpected(reply.error());
    if (!*reply) continue;
    channel.send((*reply)->word, (*reply)->head, (*reply)->tail);
    channel.flush();
  }
}

/// `packing` goes first, if there is one. What the conversation's sinks and sources throw ends the unpacker too.
Result<void> talk(Process& process, const Job& job, const std::string& about, Conversation& conversation,
                  const Bytes* packing = nullptr) {
  return process.through([&] {
    Channel& channel = process.channel();
    if (packing != nullptr) {
      for (std::size_t at = 0; at < packing->size(); at += kPart)
        channel.send(Word::packing, {}, ByteSpan(*packing).subspan(at, std::min(kPart, packing->size() - at)));
      channel.send(Word::packing);
      channel.flush();
    }
    return converse(channel, job, about, conversation);
  });
}

/// Of an archive, and more than of any release: what time is allowed for. Zeros by the gigabyte, which are more, take little.
std::uint64_t likely_bytes(std::uint64_t archive) { return (std::uint64_t{64} << 20) + 40 * archive; }

class ConfinedWork : public ArchiveWork {
 public:
  Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                    const OnRead& on_read, std::optional<Bytes>* packing) const override {
    Job job;
    job.kind = Job::Kind::read_archive;
    job.compression = compression;
    job.ceiling = limits.expanded_bytes;
    job.wants_stream = sink.wants_stream();
    job.work = std::min(limits.expanded_bytes, likely_bytes(size_of(archive)));
    Process process(job, &archive, nullptr);
    MembersTalk members(limits.expanded_bytes, sink, on_read, nullptr);
    if (auto done = talk(process, job, archive.path(), members); !done) return tl::unexpected(std::move(done.error()));
    if (packing != nullptr && !members.packing().empty()) *packing = std::move(members.packing());
    return members.facts();
  }

  Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink) const override {
    Job job;
    job.kind = Job::Kind::read_tar;
    job.ceiling = ceiling;
    job.wants_stream = sink.wants_stream();
    job.work = ceiling;
    Process process(job, nullptr, nullptr);
    MembersTalk members(ceiling, sink, {}, &source);
    if (auto done = talk(process, job, "a stream of contents", members); !done) return tl::unexpected(std::move(done.error()));
    return members.facts();
  }

  Result<std::optional<Bytes>> careful_packing(const Fd& archive, const OnRead& on_read) const override {
    Job job;
    job.kind = Job::Kind::careful_packing;
    job.work = likely_bytes(size_of(archive));
    Process process(job, &archive, nullptr);
    PackingTalk packing(on_read);
    if (auto done = talk(process, job, archive.path(), packing); !done) return tl::unexpected(std::move(done.error()));
    if (packing.packing().empty()) return std::nullopt;
    return std::move(packing.packing());
  }

  Result<void> rebuild(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out) const override {
    Job job;
    job.kind = Job::Kind::rebuild;
    job.work = recipe.stream_bytes();
    Process process(job, nullptr, nullptr);
    RecipeSource source(recipe, open);
    OutputTalk output(out, std::nullopt, &source);
    return talk(process, job, "an archive that is made again", output, &recipe.packing);
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
  OutputTalk output(out, pack.expanded_bytes, nullptr);
  return talk(process, job, payload.path(), output);
}

std::vector<std::string> lacking() { return Process(Job{}, nullptr, nullptr).lacking(); }

}  // namespace patchferry::unpacker
