// SPDX-License-Identifier: Apache-2.0
#include "unpacker/judge.h"

#include "unpacker/channel.h"

namespace patchferry::unpacker {

namespace {

RelPath path_in(ByteReader& body) {
  const auto path = RelPath::parse(as_text(body.raw(body.left())));
  if (body.failed() || !path) throw BadMessage();
  return *path;
}

}  // namespace

Result<void> Judge::stream(ByteSpan part) {
  if (part.size() > ceiling_ - streamed_) throw BadMessage();
  streamed_ += part.size();
  if (sink_.wants_stream()) sink_.stream(part);
  return {};
}

Result<void> Judge::add(const RelPath& path, std::uint64_t bytes) {
  if (left_ || bytes > ceiling_ - file_bytes_) throw BadMessage();
  file_bytes_ += bytes;
  ++files_;
  return names_.add(path, false);
}

Result<void> Judge::begin_file(ByteReader& body) {
  const std::uint64_t bytes = body.u64();
  const bool in_one_piece = body.u8() == 1;
  const std::uint64_t offset = body.u64();
  const RelPath path = path_in(body);
  if (auto good = add(path, bytes); !good) return good;
  left_ = bytes;
  sink_.begin_file(path, bytes, in_one_piece ? std::optional(offset) : std::nullopt);
  return {};
}

Result<void> Judge::data(ByteSpan part) {
  if (!left_ || part.size() > *left_) throw BadMessage();
  *left_ -= part.size();
  sink_.data(part);
  return {};
}

Result<void> Judge::end_file() {
  if (left_ != 0) throw BadMessage();
  left_.reset();
  sink_.end_file();
  return {};
}

Result<void> Judge::known_file(const RelPath& path, std::uint64_t bytes) { return add(path, bytes); }

Result<void> Judge::link(ByteReader& body) {
  const std::string_view text = as_text(body.raw(body.left()));
  const std::size_t cut = text.find('\n');
  if (cut == std::string_view::npos) throw BadMessage();
  const std::string level(text.substr(0, cut));
  ByteReader rest(as_bytes(text.substr(cut + 1)));
  const RelPath path = path_in(rest);
  if (left_ || !is_pointer_link(path, level)) throw BadMessage();
  if (auto good = names_.add(path, false); !good) return good;
  sink_.pointer_link(path, level);
  return {};
}

Result<void> Judge::packing(ByteSpan part, std::uint64_t most) {
  if (packing_.size() + part.size() > most) throw BadMessage();
  packing_.insert(packing_.end(), part.begin(), part.end());
  return {};
}

std::optional<ArchiveFacts> Judge::end(ByteSpan body) const {
  ByteReader in(body);
  ArchiveFacts out;
  out.expanded_bytes = in.u64();
  out.files = in.u64();
  out.top_folder = std::string(as_text(in.raw(in.left())));
  const bool possible = !in.failed() && !left_ && out.expanded_bytes <= ceiling_ && out.files == files_ &&
                        (out.top_folder.empty() || is_plain_name(out.top_folder));
  if (!possible) return std::nullopt;
  return out;
}

}  // namespace patchferry::unpacker
