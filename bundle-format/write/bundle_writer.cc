// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/bundle_writer.h"

#include <algorithm>
#include <cassert>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/readme.h"
#include "system/json_text.h"
#include "system/parallel.h"

namespace patchferry {

namespace {

constexpr unsigned kDefaultBlockLog2 = 20;

/// The smallest block size, from 1 MiB on, with which the leaves of one volume and those of all of them stay small: a
/// verifier holds them all.
unsigned choose_block_log2(std::uint64_t volume, std::uint64_t payload) {
  constexpr std::uint64_t kAllLeaves = 16 << 20;
  unsigned log2 = kDefaultBlockLog2;
  while (log2 < kMaxBlockLog2 && (blocks_of(volume, log2) * 32 > kMaxLeaves / 2 || blocks_of(payload, log2) * 32 > kAllLeaves))
    ++log2;
  return log2;
}

/// How much payload fits into `room` bytes with its leaves.
std::uint64_t payload_that_fits(std::uint64_t room, unsigned block_log2) {
  const std::uint64_t block = 1ULL << block_log2;
  const std::uint64_t full = room / (block + 32);
  const std::uint64_t rest = room - full * (block + 32);
  return full * block + (rest > 32 ? rest - 32 : 0);
}

/// Payload bytes per volume, for exactly `count` volumes; empty if they do not hold it all.
std::vector<std::uint64_t> spread(std::uint64_t payload, std::uint32_t count, std::uint64_t limit, std::uint64_t fixed,
                                  std::uint64_t described, unsigned block_log2) {
  std::vector<std::uint64_t> out;
  for (std::uint32_t volume = 1; volume <= count; ++volume) {
    const std::uint64_t overhead =
        fixed + std::uint64_t{count} * kVolumeRecordSize + (carries_manifest(volume, count) ? described : 0);
    if (overhead >= limit) return {};
    const std::uint64_t fits = std::min(payload, payload_that_fits(limit - overhead, block_log2));
    out.push_back(fits);
    payload -= fits;
  }
  if (payload != 0) return {};
  return out;
}

Result<std::vector<std::uint64_t>> choose_volumes(std::uint64_t payload, std::uint64_t limit, std::uint64_t fixed,
                                                  std::uint64_t described, unsigned block_log2) {
  if (limit == 0) return std::vector<std::uint64_t>{payload};
  std::uint64_t most = limit;
  for (std::uint64_t count = 1; count <= kMaxVolumes;) {
    auto parts = spread(payload, static_cast<std::uint32_t>(count), limit, fixed, described, block_log2);
    if (!parts.empty()) return parts;
    // Only the table grows with the count: jump to what the payload needs at the very least, then go on by ones.
    most =
        limit > fixed + count * kVolumeRecordSize ? payload_that_fits(limit - fixed - count * kVolumeRecordSize, block_log2) : 0;
    if (most == 0) break;
    count = std::max(count + 1, (payload + most - 1) / most);
  }
  return refuse(RefusalKind::too_large,
                fmt::format("a volume of {} bytes is too small for this bundle: {} bytes of each are needed for its description",
                            limit, fixed + described),
                "give a larger --volume-size");
}

Preamble preamble_of(const SignedBundle& bundle, std::uint32_t volume) {
  Preamble p;
  p.volume = volume;
  p.envelope_bytes = static_cast<std::uint32_t>(bundle.envelope.size());
  p.root_chain_bytes = static_cast<std::uint32_t>(bundle.layout.root_chain.size());
  p.volume_table_bytes = static_cast<std::uint32_t>(bundle.layout.volume_table.size());
  p.leaves_bytes = static_cast<std::uint32_t>(bundle.layout.leaves[volume - 1].size());
  return p;
}

/// SHA-256 of every block of one volume.
Bytes hash_blocks(const PayloadSource& payload, const VolumeRecord& record, unsigned block_log2, const OnBytes& on_bytes) {
  const std::uint64_t block = 1ULL << block_log2;
  const std::uint64_t count = blocks_of(record.payload_bytes, block_log2);
  Bytes leaves(static_cast<std::size_t>(count * 32));
  parallel_for(static_cast<std::size_t>(count), [&](std::size_t i) {
    const std::uint64_t at = std::uint64_t{i} * block;
    Bytes bytes(static_cast<std::size_t>(std::min(block, record.payload_bytes - at)));
    payload.read(record.payload_offset + at, bytes);
    const Digest leaf = sha256(bytes);
    std::memcpy(leaves.data() + i * 32, leaf.data(), 32);
    if (on_bytes) on_bytes(bytes.size());
  });
  return leaves;
}

}  // namespace

Result<Layout> lay_out(Draft draft, std::uint64_t volume_limit, const OnBytes& on_bytes) {
  Layout out;
  out.site = draft.manifest.site;
  const auto append_table = [&](const Bytes& table) {
    out.tables.insert(out.tables.end(), table.begin(), table.end());
    return TableFacts{table.size(), sha256(table)};
  };
  Manifest& manifest = draft.manifest;
  manifest.objects = append_table(encode_objects(draft.tables.objects));
  manifest.recipes = append_table(encode_recipes(draft.tables.recipes));
  manifest.packs = append_table(encode_packs(draft.tables.packs));
  out.manifest = encode_manifest(manifest);
  // Beyond the bounds that a reader sets for size and number of values.
  const auto too_large = [&] { return out.manifest.size() > kMaxManifest || !parse_json(out.manifest, "manifest"); };
  if (too_large() && !manifest.fixes_left_out) {
    // The summary of CVEs is a comfort; the archives must travel all the same.
    manifest.fixes_left_out = true;
    manifest.kernels.clear();
    for (auto& patchset : manifest.patchsets) patchset.fixes.clear();
    out.manifest = encode_manifest(manifest);
  }
  if (too_large())
    return refuse(RefusalKind::too_large, "the bundle would bring too many patchsets at once", "ship it in several steps");
  out.root_chain = encode_root_chain(draft.root_chain);
  out.payload = std::move(draft.payload);

  const std::uint64_t payload = out.payload.bytes();
  const unsigned block_log2 = choose_block_log2(volume_limit == 0 ? payload : std::min(volume_limit, payload), payload);
  const std::uint64_t fixed = kPreambleSize + envelope_size(kMaxSignatures) + kStatementSize + out.root_chain.size();
  auto parts = choose_volumes(payload, volume_limit, fixed, out.manifest.size() + out.tables.size(), block_log2);
  if (!parts) return tl::unexpected(std::move(parts.error()));

  std::uint64_t offset = 0;
  for (const std::uint64_t bytes : *parts) {
    if (blocks_of(bytes, block_log2) * 32 > kMaxLeaves)
      return refuse(RefusalKind::too_large, "one volume would hold more than the format allows (1 TiB)",
                    "give a smaller --volume-size");
    VolumeRecord record;
    record.payload_offset = offset;
    record.payload_bytes = bytes;
    offset += bytes;
    out.leaves.push_back(hash_blocks(out.payload, record, block_log2, on_bytes));
    record.leaves_hash = hash_leaves(draft.statement.bundle, static_cast<std::uint32_t>(out.leaves.size()), out.leaves.back());
    out.volumes.push_back(record);
  }
  out.volume_table = encode_volume_table(out.volumes, block_log2);

  Statement& s = out.statement;
  s = draft.statement;
  s.volumes = static_cast<std::uint32_t>(out.volumes.size());
  s.block_log2 = block_log2;
  s.payload_bytes = payload;
  s.patchsets = static_cast<std::uint32_t>(manifest.patchsets.size());
  s.withdrawn = static_cast<std::uint32_t>(manifest.withdrawn.size());
  s.objects = draft.tables.objects.size();
  s.table_bytes = out.tables.size();
  s.volume_table_bytes = out.volume_table.size();
  s.volume_table_hash = sha256(out.volume_table);
  s.manifest_bytes = out.manifest.size();
  s.manifest_hash = sha256(as_bytes(out.manifest));
  return out;
}

SignedBundle sign(Layout layout, const std::vector<const Signer*>& signers) {
  const auto statement = encode_statement(layout.statement);
  Envelope envelope;
  for (const Signer* signer : signers) {
    const Signature signature = signer->sign(DocumentType::bundle, statement);
    envelope.push_back({id_of(signer->public_key()), Bytes(signature.begin(), signature.end())});
  }
  return {std::move(layout), encode_envelope(std::move(envelope))};
}

void write_volume(const SignedBundle& bundle, std::uint32_t volume, const Fd& out, const OnBytes& on_bytes) {
  const Layout& layout = bundle.layout;
  const VolumeRecord& record = layout.volumes[volume - 1];
  write_all(out, encode_preamble(preamble_of(bundle, volume)));
  write_all(out, bundle.envelope);
  write_all(out, encode_statement(layout.statement));
  write_all(out, layout.root_chain);
  write_all(out, layout.volume_table);
  write_all(out, layout.leaves[volume - 1]);
  if (carries_manifest(volume, layout.statement.volumes)) {
    write_all(out, as_bytes(layout.manifest));
    write_all(out, layout.tables);
  }
  Bytes buffer(std::size_t{1} << 20);
  for (std::uint64_t at = 0; at < record.payload_bytes;) {
    const auto part =
        std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), record.payload_bytes - at)));
    layout.payload.read(record.payload_offset + at, part);
    write_all(out, part);
    at += part.size();
    if (on_bytes) on_bytes(part.size());
  }
}

void write_volumes(const SignedBundle& bundle, const std::string& folder, const OnBytes& on_bytes) {
  const Statement& statement = bundle.layout.statement;
  const auto create = [&](const std::string& name) { return open_file(folder + "/" + name, O_WRONLY | O_CREAT | O_EXCL); };
  for (std::uint32_t volume = 1; volume <= statement.volumes; ++volume) {
    const Fd out = create(volume_file_name(statement.bundle, volume));
    write_volume(bundle, volume, out, on_bytes);
    sync_file(out);
  }
  const Fd readme = create("README.txt");
  write_all(readme, as_bytes(readme_text(bundle.layout.site, statement)));
  sync_file(readme);
  sync_folder(folder);
}

}  // namespace patchferry
