// SPDX-License-Identifier: Apache-2.0
// Laying out, signing and writing a bundle (SPEC.md "Writing"). Each step takes what the one before has made:
//
//   lay_out(Draft) → Layout      which bytes lie in which volume; hashes the payload once, on all cores
//   sign(Layout, keys) → SignedBundle
//   write_volumes(SignedBundle, folder)   or   write_volume(SignedBundle, 1, fd) for a stream
//
// Memory: manifest, tables, 32 bytes a block, and one block a core.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/manifest.h"
#include "bundle-format/root_document.h"
#include "bundle-format/statement.h"
#include "bundle-format/tables.h"
#include "bundle-format/volume.h"
#include "bundle-format/write/payload_source.h"
#include "bundle-format/write/sealing.h"
#include "bundle-format/write/signer.h"
#include "system/file.h"

namespace patchferry {

using OnBytes = std::function<void(std::uint64_t)>;

/// All that a bundle says and holds, before it has a shape on a medium.
struct Draft {
  Statement statement;  // identity, sequence, states, times; counts, lengths and hashes are filled in by lay_out
  Manifest manifest;    // table facts are filled in by lay_out
  Tables tables;
  PayloadSource payload;
  std::vector<SignedRoot> root_chain;
  std::optional<EncryptionKey> encrypt_to;
};

struct Layout {
  std::string site;
  Statement statement;  // complete
  std::vector<VolumeRecord> volumes;
  std::vector<Bytes> leaves;  // by volume
  Bytes volume_table;
  Bytes root_chain;
  std::string manifest;  // this and the next as they travel: encrypted, if the bundle is
  Bytes tables;          // objects, recipes, packs, bases
  PayloadSource payload;
  std::optional<ContentKey> content_key;

  /// One block of a volume's payload as it travels.
  Bytes read_block(std::uint32_t volume, std::uint64_t block) const;
};

/// `volume_limit`: most bytes of one file; 0: one volume of any size. Refused (too_large) if a volume of that size would
/// hardly hold more than its metadata, or the manifest bursts its ceiling. Room for kMaxSignatures Ed25519 signatures is kept.
Result<Layout> lay_out(Draft draft, std::uint64_t volume_limit, const OnBytes& on_bytes = {});

struct SignedBundle {
  Layout layout;
  Bytes envelope;
};

SignedBundle sign(Layout layout, const std::vector<const Signer*>& signers);

/// Writes one volume from its first byte to its last, in order.
void write_volume(const SignedBundle& bundle, std::uint32_t volume, const Fd& out, const OnBytes& on_bytes = {});

/// Writes all volumes and README.txt into `folder` (which exists and is empty), each fsynced.
void write_volumes(const SignedBundle& bundle, const std::string& folder, const OnBytes& on_bytes = {});

}  // namespace patchferry
