// SPDX-License-Identifier: Apache-2.0
#include "unpacker/member_judge.h"

#include "bundle-format/bzip2/packing_code.h"

namespace patchferry::unpacker {

Result<void> Judge::take(const Message& message) {
  switch (message.word) {
    case Word::begin_file: return begin_file(ByteReader(message.body));
    case Word::link: return link(as_text(message.body));
    case Word::stream: stream(message.body); break;
    case Word::data: data(message.body); break;
    case Word::end_file: end_file(); break;
    case Word::packing: packing(message.body); break;
    default: throw BadMessage();
  }
  return {};
}

void Judge::stream(ByteSpan part) {
  if (part.size() > ceiling_ - streamed_) throw BadMessage();
  streamed_ += part.size();
  if (sink_.wants_stream()) sink_.stream(part);
}

Result<void> Judge::add(const RelPath& path, std::uint64_t bytes) {
  if (left_ || bytes > ceiling_ - file_bytes_) throw BadMessage();
  file_bytes_ += bytes;
  ++files_;
  return names_.add(path, false);
}

Result<void> Judge::begin_file(ByteReader body) {
  const std::uint64_t bytes = body.u64();
  const bool in_one_piece = body.u8() == 1;
  const std::uint64_t offset = body.u64();
  const auto path = RelPath::parse(as_text(body.raw(body.left())));
  if (body.failed() || !path) throw BadMessage();
  if (auto good = add(*path, bytes); !good) return good;
  left_ = bytes;
  sink_.begin_file(*path, bytes, in_one_piece ? std::optional(offset) : std::nullopt);
  return {};
}

void Judge::data(ByteSpan part) {
  if (!left_ || part.size() > *left_) throw BadMessage();
  *left_ -= part.size();
  sink_.data(part);
}

void Judge::end_file() {
  if (left_ != 0) throw BadMessage();
  left_.reset();
  sink_.end_file();
}

Result<void> Judge::known_file(const RelPath& path, std::uint64_t bytes) { return add(path, bytes); }

Result<void> Judge::link(std::string_view text) {
  const std::size_t cut = text.find('\n');
  if (cut == std::string_view::npos) throw BadMessage();
  const std::string level(text.substr(0, cut));
  const auto path = RelPath::parse(text.substr(cut + 1));
  if (left_ || !path || !is_pointer_link(*path, level)) throw BadMessage();
  if (auto good = names_.add(*path, false); !good) return good;
  sink_.pointer_link(*path, level);
  return {};
}

void Judge::packing(ByteSpan part) {
  if (packing_.size() + part.size() > bzip2::kMaxPackingBytes) throw BadMessage();
  packing_.insert(packing_.end(), part.begin(), part.end());
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
