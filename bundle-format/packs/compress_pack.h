// SPDX-License-Identifier: Apache-2.0
// Makes a pack (SPEC.md "Packs"): objects, joined, as one zstd frame against a prefix of contents that the expanding
// program has. expand_pack() is its reader.
//
// Memory: `prefix`, which the caller holds, a window of at most kMaxWindow and never more than the pack, and the tables
// of the match finder: 10, 60 and 100 MiB, by effort.
#pragma once

#include <memory>

#include "bundle-format/tables.h"
#include "system/bytes.h"
#include "system/file.h"

namespace patchferry {

enum class Effort { fast, standard, max };

class PackWriter {
 public:
  /// Writes to `out`, from where it stands, a frame for exactly `expanded_bytes`. `prefix` must outlive this.
  PackWriter(Effort effort, ByteSpan prefix, std::uint64_t expanded_bytes, const Fd& out);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  void add(ByteSpan part);
  /// Returns how many bytes were written. All of expanded_bytes must have been added.
  std::uint64_t finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace patchferry
