// SPDX-License-Identifier: Apache-2.0
#include "unpacker/job.h"

namespace patchferry::unpacker {

std::uint64_t cpu_seconds_for(const Job& job) {
  constexpr std::uint64_t kAtLeast = 600, kBytesASecond = 500'000;
  return kAtLeast + job.work / kBytesASecond;
}

Bytes encode_job(const Job& job) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(job.kind));
  out.u8(job.compression == Compression::gzip ? 1 : 0);
  out.u8(job.wants_stream ? 1 : 0);
  out.u64(job.ceiling);
  out.u32(static_cast<std::uint32_t>(job.pack.codec));
  out.u64(job.pack.payload_offset);
  out.u64(job.pack.stored_bytes);
  out.u64(job.pack.expanded_bytes);
  out.u64(job.prefix_bytes);
  out.u64(job.work);
  return out.take();
}

std::optional<Job> decode_job(ByteSpan bytes) {
  ByteReader in(bytes);
  Job job;
  job.kind = static_cast<Job::Kind>(in.u32());
  job.compression = in.u8() == 1 ? Compression::gzip : Compression::bzip2;
  job.wants_stream = in.u8() == 1;
  job.ceiling = in.u64();
  job.pack.codec = static_cast<Codec>(in.u32());
  job.pack.payload_offset = in.u64();
  job.pack.stored_bytes = in.u64();
  job.pack.expanded_bytes = in.u64();
  job.prefix_bytes = in.u64();
  job.work = in.u64();
  if (in.failed() || in.left() != 0) return std::nullopt;
  return job;
}

}  // namespace patchferry::unpacker
