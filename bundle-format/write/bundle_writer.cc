// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/bundle_writer.h"

#include <algorithm>
#include <cassert>
#include <fcntl.h>
#include <fmt/format.h>

#include "bundle-format/manifest_reader.h"
#include "bundle-format/readme.h"
#include "system/failure.h"
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

/// How payload becomes blocks: 2^n bytes each, of which `tag` are none of its own.
struct Blocks {
  unsigned log2 = kDefaultBlockLog2;
  std::uint64_t tag = 0;

  std::uint64_t size() const { return 1ULL << log2; }
  /// As it travels.
  std::uint64_t travelling(std::uint64_t payload) const { return tag == 0 ? payload : encrypted_bytes(payload, size()); }
  /// How much payload fits into `room` bytes with its leaves.
  std::uint64_t that_fit(std::uint64_t room) const {
    const std::uint64_t full = room / (size() + 32);
    const std::uint64_t rest = room - full * (size() + 32);
    return full * (size() - tag) + (rest > 32 + tag ? rest - 32 - tag : 0);
  }
};

/// Payload bytes per volume, for exactly `count` volumes; empty if they do not hold it all.
std::vector<std::uint64_t> spread(std::uint64_t payload, std::uint32_t count, std::uint64_t limit, std::uint64_t fixed,
                                  std::uint64_t described, const Blocks& blocks) {
  std::vector<std::uint64_t> out;
  for (std::uint32_t volume = 1; volume <= count; ++volume) {
    const std::uint64_t overhead =
        fixed + std::uint64_t{count} * kVolumeRecordSize + (carries_manifest(volume, count) ? described : 0);
    if (overhead >= limit) return {};
    const std::uint64_t fits = std::min(payload, blocks.that_fit(limit - overhead));
    out.push_back(fits);
    payload -= fits;
  }
  if (payload != 0) return {};
  return out;
}

Result<std::vector<std::uint64_t>> choose_volumes(std::uint64_t payload, std::uint64_t limit, std::uint64_t fixed,
                                                  std::uint64_t described, const Blocks& blocks) {
  if (limit == 0) return std::vector<std::uint64_t>{payload};
  std::uint64_t most = limit;
  for (std::uint64_t count = 1; count <= kMaxVolumes;) {
    auto parts = spread(payload, static_cast<std::uint32_t>(count), limit, fixed, described, blocks);
    if (!parts.empty()) return parts;
    // Only the table grows with the count: jump to what the payload needs at the very least, then go on by ones.
    most = limit > fixed + count * kVolumeRecordSize ? blocks.that_fit(limit - fixed - count * kVolumeRecordSize) : 0;
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
Bytes hash_blocks(const Layout& layout, std::uint32_t volume, const OnBytes& on_bytes) {
  const std::uint64_t count = blocks_of(layout.volumes[volume - 1].payload_bytes, layout.statement.block_log2);
  Bytes leaves(static_cast<std::size_t>(count * 32));
  parallel_for(static_cast<std::size_t>(count), [&](std::size_t i) {
    const Bytes block = layout.read_block(volume, i);
    const Digest leaf = sha256(block);
    std::memcpy(leaves.data() + i * 32, leaf.data(), 32);
    if (on_bytes) on_bytes(block.size());
  });
  return leaves;
}

/// All tables together, and their lengths into the manifest.
Bytes join_tables(const Tables& tables, Manifest& manifest) {
  Bytes out;
  const auto append = [&](const Bytes& table) {
    out.insert(out.end(), table.begin(), table.end());
    return table.size();
  };
  manifest.objects_bytes = append(encode_objects(tables.objects));
  manifest.recipes_bytes = append(encode_recipes(tables.recipes));
  manifest.packs_bytes = append(encode_packs(tables.packs));
  manifest.bases_bytes = append(encode_bases(tables.bases));
  manifest.memory = memory_needed(tables);
  return out;
}

/// What no reader would accept is not signed.
void check_tables(ByteSpan all, const Draft& draft) {
  const Manifest& m = draft.manifest;
  const auto part = [&](std::uint64_t at, std::uint64_t bytes) {
    return all.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(bytes));
  };
  const std::uint64_t packs = m.objects_bytes + m.recipes_bytes;
  const TableBytes tables{part(0, m.objects_bytes), part(m.objects_bytes, m.recipes_bytes), part(packs, m.packs_bytes),
                          part(packs + m.packs_bytes, m.bases_bytes)};
  const auto decoded = decode_tables(tables, draft.payload.bytes(), draft.statement.expanded_bytes);
  if (!decoded) throw SystemFailure("cannot describe this bundle: " + decoded.error().text, 0, "please report this");
}

/// Its text, without the summary of CVEs if it would be beyond the bounds that a reader sets for size, values and kernels.
Result<std::string> write_manifest(Manifest& manifest) {
  const auto too_large = [](const std::string& text) { return text.size() > kMaxManifest - kChunkTag || !read_manifest(text); };
  std::string text = encode_manifest(manifest);
  if (too_large(text) && !manifest.fixes_left_out) {
    // The summary is a comfort; the archives must travel all the same.
    manifest.fixes_left_out = true;
    manifest.kernels.clear();
    for (auto& patchset : manifest.patchsets) patchset.fixes.clear();
    text = encode_manifest(manifest);
  }
  if (too_large(text))
    return refuse(RefusalKind::too_large, "the bundle would bring too many patchsets at once", "ship it in several steps");
  return text;
}

/// From here on, manifest and tables are as they travel.
void encrypt(Layout& layout, const EncryptionKey& to) {
  layout.content_key = random_content_key();
  layout.statement.sealed_key = seal_key(*layout.content_key, to);
  const Bytes manifest = encrypt_chunk(*layout.content_key, {ChunkPlace::Part::manifest, 0, 0}, as_bytes(layout.manifest));
  layout.manifest = as_text(manifest);
  layout.tables = encrypt_part(*layout.content_key, ChunkPlace::Part::tables, layout.tables, layout.statement.block_bytes());
}

}  // namespace

Bytes Layout::read_block(std::uint32_t volume, std::uint64_t block) const {
  const VolumeRecord& record = volumes[volume - 1];
  const std::uint64_t begin = content_key ? plain_payload_offset(volumes, statement, volume) : record.payload_offset;
  const std::uint64_t tag = content_key ? kChunkTag : 0;
  const std::uint64_t most = statement.block_bytes() - tag;
  const std::uint64_t plain = content_key ? decrypted_bytes(record.payload_bytes, statement.block_bytes()) : record.payload_bytes;
  Bytes bytes(static_cast<std::size_t>(std::min(most, plain - block * most)));
  payload.read(begin + block * most, bytes);
  return content_key ? encrypt_chunk(*content_key, {ChunkPlace::Part::payload, volume, block}, bytes) : bytes;
}

Result<Layout> lay_out(Draft draft, std::uint64_t volume_limit, const OnBytes& on_bytes) {
  Layout out;
  out.site = draft.manifest.site;
  out.tables = join_tables(draft.tables, draft.manifest);
  if (out.tables.size() > kMaxTables - 128 * kChunkTag)  // a tag for each chunk, if they are encrypted
    return refuse(RefusalKind::too_large, "the bundle would bring too many contents at once", "ship it in several steps");
  check_tables(out.tables, draft);
  auto manifest = write_manifest(draft.manifest);
  if (!manifest) return tl::unexpected(std::move(manifest.error()));
  out.manifest = std::move(*manifest);
  out.root_chain = encode_root_chain(draft.root_chain);
  out.payload = std::move(draft.payload);

  const std::uint64_t payload = out.payload.bytes();
  Blocks blocks;
  blocks.log2 = choose_block_log2(volume_limit == 0 ? payload : std::min(volume_limit, payload), payload);
  if (draft.encrypt_to) blocks.tag = kChunkTag;
  Statement& s = out.statement;
  s = draft.statement;
  s.block_log2 = blocks.log2;
  if (draft.encrypt_to) encrypt(out, *draft.encrypt_to);

  const std::uint64_t fixed = kPreambleSize + envelope_size(kMaxSignatures) + kStatementSize + out.root_chain.size();
  auto parts = choose_volumes(payload, volume_limit, fixed, out.manifest.size() + out.tables.size(), blocks);
  if (!parts) return tl::unexpected(std::move(parts.error()));
  for (const std::uint64_t bytes : *parts) {
    VolumeRecord record;
    record.payload_offset = s.payload_bytes;
    record.payload_bytes = blocks.travelling(bytes);
    s.payload_bytes += record.payload_bytes;
    out.volumes.push_back(record);
    if (blocks_of(record.payload_bytes, blocks.log2) * 32 > kMaxLeaves)
      return refuse(RefusalKind::too_large, "one volume would hold more than the format allows (1 TiB)",
                    "give a smaller --volume-size");
  }
  s.volumes = static_cast<std::uint32_t>(out.volumes.size());
  for (std::uint32_t volume = 1; volume <= s.volumes; ++volume) {
    out.leaves.push_back(hash_blocks(out, volume, on_bytes));
    out.volumes[volume - 1].leaves_hash = hash_leaves(s.bundle, volume, out.leaves.back());
  }
  out.volume_table = encode_volume_table(out.volumes, blocks.log2);

  if (!draft.encrypt_to) {
    s.patchsets = static_cast<std::uint32_t>(draft.manifest.patchsets.size());
    s.withdrawn = static_cast<std::uint32_t>(draft.manifest.withdrawn.size());
    s.objects = draft.tables.objects.size();
  }
  s.table_bytes = out.tables.size();
  s.tables_hash = sha256(out.tables);
  s.volume_table_bytes = out.volume_table.size();
  s.volume_table_hash = sha256(out.volume_table);
  s.manifest_bytes = out.manifest.size();
  s.manifest_hash = sha256(as_bytes(out.manifest));
  return out;
}

SignedBundle sign(Layout layout, const std::vector<const Signer*>& signers) {
  const Envelope envelope = sign_with(signers, DocumentType::bundle, encode_statement(layout.statement));
  return {std::move(layout), encode_envelope(envelope)};
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
  const std::uint64_t blocks = blocks_of(record.payload_bytes, layout.statement.block_log2);
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const Bytes bytes = layout.read_block(volume, block);
    write_all(out, bytes);
    if (on_bytes) on_bytes(bytes.size());
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
