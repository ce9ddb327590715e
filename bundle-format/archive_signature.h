// SPDX-License-Identifier: Apache-2.0
// The signature of a single archive, in a file of its own beside it (SPEC.md "Archive signatures"): 512 bytes that say which
// archive is meant, and the envelope of those who vouch for it.
//
// For one archive that must come in without a bundle. It says nothing of order or of sites: whoever has it may show it anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "bundle-format/envelope.h"
#include "bundle-format/hash.h"
#include "bundle-format/statement.h"
#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

constexpr std::uint16_t kArchiveSignatureVersion = 1;
constexpr std::uint64_t kMaxArchive = 1ULL << 50;
constexpr std::size_t kMaxArchiveSignature = kStatementSize + kMaxEnvelope;

struct ArchiveStatement {
  Digest trust_domain{};           // SHA-256 of root document 1
  std::uint32_t root_version = 1;  // of the root document that was in force when it was made; nothing hangs on it
  std::string file;                // "K20230712_03.tar.bz2", in the grammar of archive names
  Digest archive{};
  std::uint64_t bytes = 1;    // of the archive
  std::uint64_t created = 0;  // seconds since 1970
  bool operator==(const ArchiveStatement&) const = default;
};

/// `file` is an archive's name (asserted).
std::array<std::byte, kStatementSize> encode_archive_statement(const ArchiveStatement& statement);
/// Accepts precisely what encode_archive_statement() writes; anything else is malformed, unknown_format or too_large.
Result<ArchiveStatement> decode_archive_statement(ByteSpan bytes);

/// What lies in a .sig file. The signatures are over encode_archive_statement(), as DocumentType::archive.
struct ArchiveSignature {
  ArchiveStatement statement;
  Envelope envelope;  // ascending by key, distinct, 1 to kMaxSignatures
};

Bytes encode_archive_signature(const ArchiveSignature& signature);
/// Works on unauthenticated bytes. Accepts precisely what encode_archive_signature() writes.
Result<ArchiveSignature> decode_archive_signature(ByteSpan bytes);

}  // namespace patchferry
