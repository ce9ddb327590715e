// SPDX-License-Identifier: Apache-2.0
// The strict reader of a tar stream: every member judged, its content handed to a sink. libarchive does the reading.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bundle-format/archive/tar_source.h"
#include "system/rel_path.h"

namespace patchferry {

/// Receives the members in archive order. Whatever is written must be thrown away if reading ends in a refusal.
class MemberSink {
 public:
  virtual ~MemberSink() = default;
  /// The stream itself as it passes by: a member's bytes come here in part before begin_file(), in part after.
  virtual bool wants_stream() const { return false; }
  virtual void stream(ByteSpan /*part*/) {}
  /// A regular file of exactly `bytes` bytes begins; data() follows until they are complete, then end_file(). `offset`:
  /// where they lie in the stream, if they lie there in one piece (a file with holes does not).
  virtual void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) = 0;
  virtual void data(ByteSpan part) = 0;
  virtual void end_file() = 0;
  /// True if a file whose hash is known must be read all the same; else known_file() comes instead of the three above.
  virtual bool must_read(const RelPath& path, std::uint64_t bytes) = 0;
  /// `head`: as many of its first bytes as head_wanted() asks for, or all that it has.
  virtual void known_file(const RelPath& path, std::uint64_t bytes, const Digest& hash, ByteSpan head) = 0;
  virtual std::size_t head_wanted(const RelPath& /*path*/) { return 0; }
  /// A link named latest* whose text is a bare level (digits only), the only links that are let through.
  virtual void pointer_link(const RelPath& path, const std::string& level) = 0;
};

struct ArchiveFacts {
  std::uint64_t expanded_bytes = 0;  // of the whole tar stream
  std::uint64_t files = 0;
  std::string top_folder;  // the single folder that everything lies in, or ""
};

/// The only symbolic links that are let through: named latest*, to a bare level.
bool is_pointer_link(const RelPath& path, std::string_view text);

/// Reads the stream to its end. `ceiling`: most bytes of it, and of its files. Refusals: not_an_archive, truncated,
/// hostile_member, too_large, bad_name, and those of the source.
Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink);

}  // namespace patchferry
