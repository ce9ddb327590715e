// SPDX-License-Identifier: Apache-2.0
// The unpacker's own side: take one job, give everything else up, do it.
#include <cerrno>
#include <clocale>
#include <cstring>
#include <new>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <system_error>
#include <unistd.h>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/packs/expand_pack.h"
#include "system/confinement.h"
#include "system/failure.h"
#include "system/parallel.h"
#include "unpacker/channel.h"
#include "unpacker/job.h"
#include "unpacker/process.h"
#include "unpacker/unpacker.h"

namespace patchferry::unpacker {

namespace {

/// The program that asked for the job, as the source of a stream and the sink of its members.
class Asker : public TarSource, public MemberSink {
 public:
  Asker(Channel& channel, bool wants_stream, bool has_stream)
      : channel_(channel), wants_stream_(wants_stream), has_stream_(has_stream) {}

  // --- TarSource
  Result<ByteSpan> next() override {
    if (skippable_ > 0) return refuse(RefusalKind::malformed, "a content of the recipe does not lie where its tar has it");
    channel_.send(Word::next);
    const Message reply = ask();
    if (reply.word != Word::part) throw BadMessage();
    part_.assign(reply.body.begin(), reply.body.end());
    return ByteSpan(part_);
  }
  /// The program asks its own source, and tells its own sink.
  Result<bool> offer_known(const RelPath& path, std::uint64_t bytes, MemberSink&) override {
    if (!has_stream_) return false;
    ByteWriter head;
    head.u64(bytes);
    channel_.send(Word::is_known, head.take(), as_bytes(path.text()));
    const Message reply = ask();
    if (reply.word != Word::answer || reply.body.size() != 1) throw BadMessage();
    const bool known = reply.body[0] == std::byte{1};
    if (known) skippable_ = bytes;
    return known;
  }
  std::uint64_t skip(std::uint64_t bytes) override {
    if (skippable_ > bytes) return 0;
    return std::exchange(skippable_, 0);
  }

  // --- MemberSink
  bool wants_stream() const override { return wants_stream_; }
  void stream(ByteSpan part) override { in_parts(Word::stream, part); }
  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    ByteWriter head;
    head.u64(bytes);
    head.u8(offset ? 1 : 0);
    head.u64(offset.value_or(0));
    channel_.send(Word::begin_file, head.take(), as_bytes(path.text()));
  }
  void data(ByteSpan part) override { in_parts(Word::data, part); }
  void end_file() override { channel_.send(Word::end_file); }
  bool must_read(const RelPath&, std::uint64_t) override { return true; }
  void known_file(const RelPath&, std::uint64_t, const Digest&, ByteSpan) override {}
  void pointer_link(const RelPath& path, const std::string& level) override {
    channel_.send(Word::link, as_bytes(level + "\n"), as_bytes(path.text()));
  }

  // --- the rest
  void in_parts(Word word, ByteSpan bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kPart)
      channel_.send(word, {}, bytes.subspan(at, std::min(kPart, bytes.size() - at)));
  }
  void read(std::uint64_t bytes) {
    ByteWriter body;
    body.u64(bytes);
    channel_.send(Word::read, body.take());
  }
  void packing(ByteSpan bytes) {
    in_parts(Word::packing, bytes);
    channel_.send(Word::packing);
  }
  Message ask() {
    channel_.flush();
    return channel_.receive();
  }

 private:
  Channel& channel_;
  const bool wants_stream_;
  const bool has_stream_;
  Bytes part_;
  std::uint64_t skippable_ = 0;  // of a content that the program has passed over in its stream
};

// --- jobs --------------------------------------------------------------------------------------------------------

Bytes encode_facts(const ArchiveFacts& facts) {
  ByteWriter out;
  out.u64(facts.expanded_bytes);
  out.u64(facts.files);
  out.raw(as_bytes(facts.top_folder));
  return out.take();
}

Result<Bytes> read_archive(const Job& job, const Fd& input, Asker& asker) {
  std::optional<Bytes> packing;
  auto facts = plain_archive_work().read_archive(
      input, job.compression, {job.ceiling}, asker, [&](std::uint64_t n) { asker.read(n); }, &packing);
  if (!facts) return tl::unexpected(std::move(facts.error()));
  asker.packing(packing.value_or(Bytes()));
  return encode_facts(*facts);
}

Result<Bytes> read_tar(const Job& job, Asker& asker) {
  auto facts = plain_archive_work().read_tar(asker, job.ceiling, asker);
  if (!facts) return tl::unexpected(std::move(facts.error()));
  return encode_facts(*facts);
}

Result<Bytes> careful_packing(const Fd& input, Asker& asker) {
  auto packing = plain_archive_work().careful_packing(input, [&](std::uint64_t n) { asker.read(n); });
  if (!packing) return tl::unexpected(std::move(packing.error()));
  asker.packing(packing->value_or(Bytes()));
  return Bytes();
}

Result<Bytes> rebuild(Channel& channel, Asker& asker) {
  Bytes packing;
  for (Message part = channel.receive(); part.word == Word::packing && !part.body.empty(); part = channel.receive())
    packing.insert(packing.end(), part.body.begin(), part.body.end());
  auto done = pack_again(packing, asker, [&](ByteSpan part) { asker.in_parts(Word::data, part); });
  if (!done) return tl::unexpected(std::move(done.error()));
  return Bytes();
}

Result<Bytes> expand(const Job& job, const Fd& input, ByteSpan prefix, Asker& asker) {
  const auto stored = [&](std::uint64_t offset, std::span<std::byte> out) {
    read_exactly(input, job.pack.payload_offset + offset, out);
  };
  auto done = patchferry::expand_pack(job.pack, stored, prefix, [&](ByteSpan part) { asker.in_parts(Word::data, part); });
  if (!done) return tl::unexpected(std::move(done.error()));
  return Bytes();
}

Result<Bytes> work_on(const Job& job, const Fd& input, ByteSpan prefix, Channel& channel) {
  Asker asker(channel, job.wants_stream, job.kind == Job::Kind::read_tar);
  switch (job.kind) {
    case Job::Kind::read_archive: return read_archive(job, input, asker);
    case Job::Kind::read_tar: return read_tar(job, asker);
    case Job::Kind::careful_packing: return careful_packing(input, asker);
    case Job::Kind::rebuild: return rebuild(channel, asker);
    case Job::Kind::expand_pack: return expand(job, input, prefix, asker);
  }
  throw BadMessage();
}

// --- limits ------------------------------------------------------------------------------------------------------

/// bzip2 takes 35 MiB a core where its making is found out, and each thread has a stack; zstd its window.
ConfinementLimits limits_for(const Job& job) {
  constexpr std::uint64_t kMiB = 1 << 20;
  ConfinementLimits out;
  out.memory = job.kind == Job::Kind::expand_pack ? kMaxWindow + 64 * kMiB : 224 * kMiB + cores() * 64 * kMiB;
  out.cpu_seconds = cpu_seconds_for(job);
  return out;
}

ByteSpan mapped_prefix(const Job& job) {
  if (job.prefix_bytes == 0) return {};
  const void* at = ::mmap(nullptr, static_cast<std::size_t>(job.prefix_bytes), PROT_READ, MAP_PRIVATE, kPrefix, 0);
  if (at == MAP_FAILED) throw_errno("map", "the bases of a pack");
  return {static_cast<const std::byte*>(at), static_cast<std::size_t>(job.prefix_bytes)};
}

void report(Channel& channel, const Refusal& refusal) {
  ByteWriter kind;
  kind.u32(static_cast<std::uint32_t>(refusal.kind));
  channel.send(Word::refused, kind.take(), as_bytes(std::string_view(refusal.text).substr(0, 4096)));
}

int run() {
  ::prctl(PR_SET_NAME, kName);  // top and the kernel's log would call it `exe`
  Channel channel(Fd(kSocket, "the program"));
  try {
    const Message first = channel.receive();
    if (first.word != Word::job) return 2;
    const auto job = decode_job(first.body);
    if (!job) return 2;
    std::setlocale(LC_ALL, "C.UTF-8");  // as in all programs; it reads files, so it comes before
    const ByteSpan prefix = mapped_prefix(*job);
    std::string lacking;
    for (const auto& name : confine_to_descriptors(limits_for(*job)).lacking) lacking += (lacking.empty() ? "" : "\n") + name;
    channel.send(Word::confined, as_bytes(lacking));
    channel.flush();
    try {
      const Fd input(kInput, "the archive");
      const auto done = work_on(*job, input, prefix, channel);
      done ? channel.send(Word::done, *done) : report(channel, done.error());
    } catch (const SystemFailure&) {
      channel.send(Word::failed);
    } catch (const std::bad_alloc&) {
      channel.send(Word::no_memory);
    } catch (const std::system_error&) {
      channel.send(Word::no_thread);
    }
    channel.flush();
    return 0;
  } catch (const Gone&) {
    return 1;
  } catch (const BadMessage&) {
    return 2;
  }
}

}  // namespace

std::optional<int> run_if_called(int argc, char** argv) {
  if (argc != 1 || std::string_view(argv[0]) != kName) return std::nullopt;
  ::_exit(run());  // nothing is left to be tidied up, and no call is allowed that would
}

}  // namespace patchferry::unpacker
