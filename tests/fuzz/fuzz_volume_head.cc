// SPDX-License-Identifier: Apache-2.0
// The lengths that open a volume, the only bytes that are read before a signature is checked, and the table behind them: one encoding
// each, and no sum of them bursts its ceiling.
#include <algorithm>
#include <cstdlib>

#include "bundle-format/volume.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (size < kPreambleSize) {
    if (decode_preamble(bytes)) std::abort();
    return 0;
  }
  const auto preamble = decode_preamble(bytes.first(kPreambleSize));
  if (!preamble) return 0;
  if (preamble->metadata_bytes() > kMaxMetadata) std::abort();
  if (std::memcmp(encode_preamble(*preamble).data(), data, kPreambleSize) != 0) std::abort();

  const auto table_bytes = bytes.subspan(kPreambleSize);
  Statement statement;
  statement.volumes = static_cast<std::uint32_t>(table_bytes.size() / kVolumeRecordSize);
  statement.volume_table_bytes = table_bytes.size();
  // The statement says what the last record ends with; a decoded one never says more than kMaxPayload.
  if (statement.volumes > 0) {
    ByteReader last(table_bytes.subspan((statement.volumes - 1) * kVolumeRecordSize + 8));
    const auto offset = last.u64();
    statement.payload_bytes = (offset + last.u64()) & (kMaxPayload - 1);
  }
  const auto table = decode_volume_table(table_bytes, statement);
  if (!table) return 0;
  const Bytes again = encode_volume_table(*table, statement.block_log2);
  if (!std::ranges::equal(again, table_bytes)) std::abort();
  std::uint64_t total = 0;
  for (const auto& record : *table) {
    if (record.payload_offset != total) std::abort();
    total += record.payload_bytes;
  }
  if (total != statement.payload_bytes) std::abort();
  return 0;
}
