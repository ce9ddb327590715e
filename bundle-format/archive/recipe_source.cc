// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/recipe_source.h"

#include "bundle-format/archive/tar_reader.h"

#include <algorithm>

namespace patchferry {

void RecipeSource::end_part() {
  ++part_;
  done_ = 0;
}

Result<ByteSpan> RecipeSource::next() {
  const RecipePart* here = part();
  if (here == nullptr) return ByteSpan();
  if (!here->is_content) {
    const ByteSpan out =
        ByteSpan(recipe_.literals).subspan(static_cast<std::size_t>(literals_), static_cast<std::size_t>(here->bytes));
    literals_ += here->bytes;
    end_part();
    return out;
  }
  if (done_ == 0) {
    auto opened = open_(recipe_.contents[here->contents], here->bytes);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    content_ = std::move(*opened);
  }
  const auto out =
      std::span(buffer_).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), here->bytes - done_)));
  read_exactly(content_, done_, out);
  done_ += out.size();
  if (done_ == here->bytes) end_part();
  return ByteSpan(out);
}

Result<bool> RecipeSource::offer_known(const RelPath& path, std::uint64_t bytes, MemberSink& sink) {
  const RecipePart* here = part();
  if (here == nullptr || !here->is_content || done_ != 0 || here->bytes != bytes || sink.must_read(path, bytes)) return false;
  const Digest& hash = recipe_.contents[here->contents];
  Bytes head(static_cast<std::size_t>(std::min<std::uint64_t>(sink.head_wanted(path), bytes)));
  if (!head.empty()) {
    const auto content = open_(hash, bytes);
    if (!content) return tl::unexpected(content.error());
    read_exactly(*content, 0, head);
  }
  sink.known_file(path, bytes, hash, head);
  return true;
}

std::uint64_t RecipeSource::skip(std::uint64_t bytes) {
  const RecipePart* here = part();
  if (here == nullptr || !here->is_content || done_ != 0 || here->bytes > bytes) return 0;
  const std::uint64_t skipped = here->bytes;
  end_part();
  return skipped;
}

}  // namespace patchferry
