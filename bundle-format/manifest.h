// SPDX-License-Identifier: Apache-2.0
// The manifest: what a bundle brings, in JSON, for patchsets only (SPEC.md "Manifest").
//
// One encoding per value: decode refuses whatever encode would not have written. Parsed only after its hash was checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bundle-format/channel.h"
#include "bundle-format/hash.h"
#include "bundle-format/patchset_name.h"
#include "bundle-format/statement.h"
#include "system/refusal.h"

namespace patchferry {

/// A CVE that a patchset is the first to close, for some kernels.
struct ManifestFix {
  std::string cve;
  unsigned cvss_tenths = 0;            // 78 is 7.8; 0 is unknown
  std::vector<std::uint32_t> kernels;  // indices into Manifest::kernels, ascending
  bool operator==(const ManifestFix&) const = default;
};

struct ManifestPatchset {
  ArchiveName name;
  Digest archive{};  // SHA-256 of the archive, byte for byte
  std::uint64_t archive_bytes = 0;
  std::uint64_t expanded_bytes = 0;  // of its tar stream: the ceiling for unpacking
  std::uint64_t first_seen = 0;      // by the exporter, seconds since 1970
  std::vector<ManifestFix> fixes;    // ascending by CVE
  std::string channel = kDefaultChannel;
};

/// A patchset that must be at the site before this bundle: it was shipped, and no receipt has confirmed it yet.
struct ManifestNeed {
  std::string name;
  Digest archive{};
  std::uint64_t bundle = 0;  // sequence of the bundle that brings it
};

struct Manifest {
  std::string site;
  std::uint64_t sequence = 0;
  std::vector<std::string> kernels;         // ascending, distinct; names or khashes
  bool fixes_left_out = false;              // the summary would have burst kMaxManifest
  std::vector<ManifestPatchset> patchsets;  // release order
  std::vector<std::string> withdrawn;       // patchset names, ascending
  std::vector<ManifestNeed> needs;          // ascending by name
  // Bytes of each table; they follow the manifest in this order.
  std::uint64_t objects_bytes = 0;
  std::uint64_t recipes_bytes = 0;
  std::uint64_t packs_bytes = 0;
  std::uint64_t bases_bytes = 0;
  std::uint64_t memory = 0;  // bytes that expanding the packs takes at most (tables.h, memory_needed)
};

std::string encode_manifest(const Manifest& manifest);
/// `text` is decrypted, if it was encrypted. Also checks it against the statement: sequence, site, counts, table lengths.
Result<Manifest> decode_manifest(std::string_view text, const Statement& statement);

}  // namespace patchferry
