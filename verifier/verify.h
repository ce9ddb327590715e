// SPDX-License-Identifier: Apache-2.0
// The trusted core: is this bundle authentic, complete, fresh, for us? (SPEC.md "Verifying")
//
//   open_media → examine → ExaminedBundle → accept → VerifiedBundle; read_bodies reads the payload of either
//
// Nothing is parsed before its signature or hash has been checked; every byte of the medium is read once, and the bytes
// that were hashed are the bytes that are handed on. All findings are collected, not only the first.
// Memory: the metadata of the volumes (32 bytes a block), the manifest, and one block.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/manifest.h"
#include "bundle-format/secrecy.h"
#include "bundle-format/root_document.h"
#include "bundle-format/statement.h"
#include "bundle-format/volume.h"
#include "verifier/ledger_rules.h"
#include "verifier/medium.h"
#include "verifier/trust.h"

namespace patchferry {

/// A bundle of which at least one volume carries good signatures. Something may still be wrong with it: the findings say.
class ExaminedBundle {
 public:
  const Statement& statement() const { return statement_; }
  const Digest& statement_hash() const { return statement_hash_; }
  const RootDocument& root() const { return root_; }
  const std::vector<VolumeRecord>& volume_table() const { return table_; }
  /// The documents that led to root(), and the signatures under the statement.
  const std::vector<SignedRoot>& root_chain() const { return root_chain_; }
  const Envelope& envelope() const { return envelope_; }
  /// Absent if neither the first nor the last volume is here, or it is encrypted and no key was given.
  const std::optional<Manifest>& manifest() const& { return manifest_; }
  /// It may be large.
  std::optional<Manifest> manifest() && { return std::move(manifest_); }
  /// As it travels; empty if neither of those volumes is here.
  const std::string& manifest_text() const { return manifest_text_; }
  /// Present if the bundle is encrypted, and to the key that was given.
  const std::optional<ContentKey>& content_key() const { return content_key_; }
  /// Takes a manifest that was kept from an earlier medium, after checking its hash.
  Result<void> supply_manifest(std::string text);
  /// Numbers of the volumes that are not here.
  std::vector<std::uint32_t> missing() const;

 protected:
  ExaminedBundle() = default;

 private:
  friend class Verification;
  struct Volume {
    Fd file;
    Bytes leaves;
    bool sized = true;
  };
  Statement statement_;
  Digest statement_hash_{};
  RootDocument root_;
  std::vector<SignedRoot> root_chain_;
  Envelope envelope_;
  std::optional<ContentKey> content_key_;
  std::vector<VolumeRecord> table_;
  std::optional<Manifest> manifest_;
  std::string manifest_text_;
  bool judged_by_ledger_ = false;
  std::map<std::uint32_t, Volume> volumes_;  // those here, each positioned at its tables or payload

  friend std::optional<class VerifiedBundle> accept(ExaminedBundle&&, const Findings&);
  friend bool read_bodies(ExaminedBundle&, class BodySink&, Findings&, const std::function<void(std::uint64_t)>&);
};

/// A bundle with which nothing was found wrong, for this site and its ledger: the only kind that is planned and imported.
/// Only accept() makes one.
class VerifiedBundle : public ExaminedBundle {
 private:
  friend std::optional<VerifiedBundle> accept(ExaminedBundle&&, const Findings&);
  explicit VerifiedBundle(ExaminedBundle&& examined) : ExaminedBundle(std::move(examined)) {}
};

/// Absent if there is any finding. `examined` was examined with a ledger (asserted). Volumes may still be missing.
std::optional<VerifiedBundle> accept(ExaminedBundle&& examined, const Findings& findings);

/// `where` of a finding that is about no volume by itself. Whoever knows what a person calls the bundle says that instead.
inline constexpr const char* kWholeBundle = "the bundle";

/// Whose word counts.
struct Judge {
  TrustAnchors anchors;
  const LedgerView* ledger = nullptr;  // null: a check without a site
  const DecryptionKey* key = nullptr;  // null: an encrypted manifest stays unread
  bool partly_signed = false;          // true: a volume with too few signatures is judged on, beside that finding
};

/// Steps 1 to 7 of SPEC.md "Verifying", and the manifest. Absent if no volume could be believed; then findings say why.
/// A bundle with findings of its own may still be returned, so that all of it can be reported.
std::optional<ExaminedBundle> examine(Medium medium, const Judge& judge, Findings& findings);

/// Takes what the medium holds as it travels (encrypted, if the bundle is), piece by piece, each verified before it
/// arrives here (tables: see tables_good).
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// False: this volume's body is not needed (it is skipped without being read).
  virtual bool wants(std::uint32_t /*volume*/) { return true; }
  /// The tables come in parts before they can be judged; they count only once tables_good() is called.
  virtual void tables_part(ByteSpan /*part*/) {}
  virtual void tables_good() {}
  virtual void tables_bad() {}
  virtual void block(std::uint32_t /*volume*/, std::uint64_t /*block*/, ByteSpan /*bytes*/) {}
  /// All of this volume was good.
  virtual void volume_good(std::uint32_t /*volume*/) {}
};

/// Step 8: reads and judges tables and blocks of all volumes here. True if nothing was wrong with them. Once only.
bool read_bodies(ExaminedBundle& bundle, BodySink& sink, Findings& findings,
                 const std::function<void(std::uint64_t)>& on_bytes = {});

/// For those who are about to add a signature: that there are too few is no news.
void drop_threshold(Findings& findings);

/// missing_volume findings for `missing`.
void report_missing(const ExaminedBundle& bundle, const std::vector<std::uint32_t>& missing, Findings& findings);

/// What a bundle says of itself, believed by nobody: its own first root document is taken for granted.
struct Claims {
  Statement statement;
  RootDocument first_root;
  std::optional<Manifest> manifest;
  std::vector<std::uint32_t> missing;
};
std::optional<Claims> read_claims(Medium medium, Findings& findings);

}  // namespace patchferry
