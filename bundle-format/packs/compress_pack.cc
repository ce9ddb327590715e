// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/packs/compress_pack.h"

#include <bit>
#include <cassert>
#include <memory>
#include <new>
#include <zstd.h>

#include "system/failure.h"

namespace patchferry {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

/// Measured (docs/performance.md): 12 takes twice the time of 9 and saves three in a hundred; beyond it the next better one is
/// 19, ten times slower.
int level_of(Effort effort) {
  switch (effort) {
    case Effort::fast: return 3;
    case Effort::standard: return 9;
    case Effort::max: return 19;
  }
  return 9;
}

void must(std::size_t code) {
  if (ZSTD_isError(code) != 0) throw SystemFailure(std::string("cannot compress: ") + ZSTD_getErrorName(code), 0);
}

}  // namespace

struct PackWriter::Context {
  const Fd& out;
  std::unique_ptr<ZSTD_CCtx, FreeContext> zstd{ZSTD_createCCtx()};
  Bytes buffer = Bytes(ZSTD_CStreamOutSize());
  std::uint64_t written = 0;

  void run(ByteSpan part, ZSTD_EndDirective how) {
    ZSTD_inBuffer input{part.data(), part.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
      const std::size_t left = ZSTD_compressStream2(zstd.get(), &output, &input, how);
      must(left);
      if (output.pos > 0) write_all(out, ByteSpan(buffer).first(output.pos));
      written += output.pos;
      if (how == ZSTD_e_end ? left == 0 : input.pos == input.size) return;
    }
  }
};

PackWriter::PackWriter(Effort effort, ByteSpan prefix, std::uint64_t expanded_bytes, const Fd& out) : context_(new Context{out}) {
  ZSTD_CCtx* zstd = context_->zstd.get();
  if (zstd == nullptr) throw std::bad_alloc();
  must(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level_of(effort)));
  must(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, std::countr_zero(kMaxWindow)));
  must(ZSTD_CCtx_setParameter(zstd, ZSTD_c_enableLongDistanceMatching, 1));
  must(ZSTD_CCtx_setPledgedSrcSize(zstd, expanded_bytes));
  must(ZSTD_CCtx_refPrefix(zstd, prefix.data(), prefix.size()));
}

PackWriter::~PackWriter() = default;

void PackWriter::add(ByteSpan part) { context_->run(part, ZSTD_e_continue); }

std::uint64_t PackWriter::finish() {
  context_->run({}, ZSTD_e_end);
  return context_->written;
}

}  // namespace patchferry
