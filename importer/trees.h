// SPDX-License-Identifier: Apache-2.0
// Trees in resources/ follow contents that are put back.
//
// A tree has hard links to objects. If one of these rots, a person takes the object away and a new one comes; but the tree
// still links to the rotten one, and feeds serve it. So before contents in WORK/objects become objects, every tree that
// has one of them is laid out anew, in WORK/resources, and changes places with the old one. Feeds link by path, and need
// no new generation.
//
// Until the objects are in place, which is the last step, they count as lost. So what was interrupted is done again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "importer/archives_report.h"
#include "importer/catalogue.h"

namespace patchferry::importer {

/// A patchset that is known and had no tree; it is in WORK/resources now.
struct LaidOut {
  std::int64_t id = 0;
  std::string name;
  PatchsetContents contents;
};

/// Takes a patchset that is known out of what is here, into WORK/objects and, if it is deployed, WORK/resources: out of the
/// stream that its recipe describes, or out of the archive in arch/. Refused: incomplete, damaged, as an archive can be.
Result<PatchsetContents> take_by_recipe(Site& site, const KnownPatchset& patchset, const std::string& work);
Result<PatchsetContents> take_from_arch(Site& site, const KnownPatchset& patchset, const std::string& work);

/// Patchsets that were stored and never unpacked: their trees, in WORK/resources, so that feeds can serve them. Nothing is
/// known of it yet. A patchset a core. The first refusal ends it: as above, with the patchset's file in `where`.
Result<std::vector<LaidOut>> lay_out_stored(Site& site, const std::vector<KnownPatchset>& patchsets, const std::string& work);

class Trees {
 public:
  explicit Trees(Site& site) : site_(site) {}

  /// To be called before place_objects(), for as long as nothing of WORK is in place. `laid_out`: known patchsets whose
  /// trees are in WORK/resources already. After that, trees are in place and durable.
  void renew(const std::string& work, std::vector<std::string> laid_out);
  /// Those that could not be laid out, unless they were later; feeds serve what was there.
  std::vector<ArchiveFailure> failures() const;

 private:
  void lay_out(const KnownPatchset& patchset, const std::string& work, std::vector<std::string>& laid_out);
  void exchange(const std::string& name, const std::string& work);

  Site& site_;
  std::map<std::string, ArchiveFailure> failures_;  // by patchset
};

}  // namespace patchferry::importer
