// SPDX-License-Identifier: Apache-2.0
// What an unpacker is asked to do, as it travels in the first message: one job, and then it ends.
#pragma once

#include <cstdint>
#include <optional>

#include "bundle-format/patchset_name.h"
#include "bundle-format/tables.h"
#include "system/bytes.h"

namespace patchferry::unpacker {

/// Where an unpacker finds what it works on: descriptors that it was started with.
constexpr int kSocket = 0;
constexpr int kInput = 3;   // an archive, or a staged payload
constexpr int kPrefix = 4;  // a pack's bases, joined

struct Job {
  enum class Kind : std::uint32_t { read_archive = 1, read_tar, careful_packing, rebuild, expand_pack };
  Kind kind = Kind::read_archive;
  Compression compression = Compression::bzip2;
  bool wants_stream = false;  // of read_archive, read_tar
  std::uint64_t ceiling = 0;  // of read_archive, read_tar: bytes of the stream
  PackRecord pack = {};       // of expand_pack: what is stored, and how
  std::uint64_t prefix_bytes = 0;
  std::uint64_t work = 0;  // bytes that come out, about: what the time allowed is made of
};

/// CPU time that a job may take: the slowest thing is making bzip2 again, a few MB a second of one core.
std::uint64_t cpu_seconds_for(const Job& job);

Bytes encode_job(const Job& job);
std::optional<Job> decode_job(ByteSpan bytes);

}  // namespace patchferry::unpacker
