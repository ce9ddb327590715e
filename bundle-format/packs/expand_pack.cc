// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/packs/expand_pack.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <zstd.h>
#include <zstd_errors.h>

namespace patchferry {

namespace {

constexpr std::size_t kChunk = 256 << 10;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

tl::unexpected<Refusal> malformed(const std::string& why) { return refuse(RefusalKind::malformed, "a pack " + why, kPackHint); }

/// A call that fails only if we have called it wrongly, or memory is gone.
void must(std::size_t code) {
  if (ZSTD_isError(code) != 0) throw std::bad_alloc();
}

Result<void> copy(const PackRecord& pack, const ReadStored& stored, const std::function<void(ByteSpan)>& out) {
  Bytes chunk(kChunk);
  for (std::uint64_t at = 0; at < pack.stored_bytes;) {
    const auto part =
        std::span(chunk).first(static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), pack.stored_bytes - at)));
    stored(at, part);
    out(part);
    at += part.size();
  }
  return {};
}

class Expansion {
 public:
  Expansion(const PackRecord& pack, const ReadStored& stored, ByteSpan prefix)
      : pack_(pack), stored_(stored), context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
    must(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, std::countr_zero(kMaxWindow)));
    must(ZSTD_DCtx_refPrefix(context_.get(), prefix.data(), prefix.size()));
  }

  Result<void> run(const std::function<void(ByteSpan)>& out) {
    if (!fill()) return malformed("is empty");
    // zstd would also pass over a skippable frame, and call that a good one of no bytes.
    if (ByteReader(ByteSpan(in_).first(input_.size)).u32() != ZSTD_MAGICNUMBER) return malformed("is no zstd frame");
    // The one way: a frame that says how much it holds. So it is known before anything is expanded.
    if (ZSTD_getFrameContentSize(in_.data(), input_.size) != pack_.expanded_bytes)
      return malformed("does not hold as many bytes as its record says");
    std::uint64_t expanded = 0;
    for (;;) {
      ZSTD_outBuffer output{out_.data(), out_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input_);
      if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) throw std::bad_alloc();
      if (ZSTD_isError(left) != 0) return malformed(std::string("cannot be expanded (") + ZSTD_getErrorName(left) + ")");
      if (output.pos > pack_.expanded_bytes - expanded) return malformed("holds more than its record says");
      expanded += output.pos;
      if (output.pos > 0) out(ByteSpan(out_).first(output.pos));
      if (left == 0) break;
      if (input_.pos == input_.size && output.pos < output.size && !fill()) return malformed("ends too early");
    }
    if (read_ != pack_.stored_bytes || input_.pos != input_.size) return malformed("goes on behind its end");
    if (expanded != pack_.expanded_bytes) return malformed("holds less than its record says");
    return {};
  }

 private:
  /// The next stored bytes; false if there are none.
  bool fill() {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(in_.size(), pack_.stored_bytes - read_));
    if (bytes == 0) return false;
    stored_(read_, std::span(in_).first(bytes));
    read_ += bytes;
    input_ = {in_.data(), bytes, 0};
    return true;
  }

  const PackRecord& pack_;
  const ReadStored& stored_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  Bytes in_ = Bytes(kChunk);
  Bytes out_ = Bytes(kChunk);
  ZSTD_inBuffer input_{};
  std::uint64_t read_ = 0;
};

}  // namespace

Result<void> expand_pack(const PackRecord& pack, const ReadStored& stored, ByteSpan prefix,
                         const std::function<void(ByteSpan)>& out) {
  if (pack.codec == Codec::stored) return copy(pack, stored, out);
  return Expansion(pack, stored, prefix).run(out);
}

}  // namespace patchferry
