// SPDX-License-Identifier: Apache-2.0
// From the medium to our own disk: each block read once, hashed, and that very buffer kept in quarantine.
//
//   quarantine/<statement hash>/payload, tables, manifest, volume-0001, …
//
// A volume counts as staged once its marker file is there; payload and markers are durable in that order. Another
// import of the same bundle goes on from there, so volumes may come one by one on different media.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/tables.h"
#include "importer/site.h"
#include "verifier/verify.h"

namespace patchferry::importer {

/// Where a bundle is being staged.
class Staging {
 public:
  Staging(const Site& site, const VerifiedBundle& bundle);

  const std::string& folder() const { return folder_; }
  std::string payload() const { return folder_ + "/payload"; }
  bool has_volume(std::uint32_t number) const;
  bool is_empty() const;
  /// Payload bytes of the volumes that are staged.
  std::uint64_t bytes_staged(const VerifiedBundle& bundle) const;
  /// Manifest or tables kept from an earlier medium.
  std::optional<Bytes> kept(const char* name, std::uint64_t bytes) const;
  /// Of `missing`, those that are not staged either.
  std::vector<std::uint32_t> still_missing(const std::vector<std::uint32_t>& missing) const;
  void remove();

 private:
  std::string folder_;
};

/// Everything of a bundle, on our own disk. open_staged() makes it.
struct StagedBundle {
  std::string payload;  // path
  Tables tables;
};

/// Reads what the medium holds into `staging`, and decrypts it there. Findings tell what was wrong; good volumes stay
/// staged. `permitted`: it is older than the last import, and may come all the same.
void stage(Site& site, VerifiedBundle& bundle, Staging& staging, bool permitted, Findings& findings);

/// Takes the staging folder away unless volumes are still to come, or renames that the database has recorded start there.
class StagingGuard {
 public:
  StagingGuard(Site& site, Staging& staging) : site_(site), staging_(staging) {}
  ~StagingGuard();
  StagingGuard(const StagingGuard&) = delete;
  StagingGuard& operator=(const StagingGuard&) = delete;
  void keep() { keep_ = true; }

 private:
  Site& site_;
  Staging& staging_;
  bool keep_ = false;
};

/// True if `folder`, in the quarantine, holds volumes of a bundle that may still be imported once the others come.
bool is_awaited(Site& site, const std::string& folder);

/// Once no volume is missing: the staged bundle, its tables checked. Nothing has been unpacked yet.
Result<StagedBundle> open_staged(const VerifiedBundle& bundle, const Staging& staging);

}  // namespace patchferry::importer
