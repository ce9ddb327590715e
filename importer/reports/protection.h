// SPDX-License-Identifier: Apache-2.0
// What servers gain and lose when a feed changes: kernels, levels, CVEs. Pure: where levels come from, coverage.h says.
//
// A level counts by its own kpatch.info, which names all that it closes. Kernels are named by it, as "uname" does; what has
// no name there (build ids of libraries, as a rule) goes by its khash or build id.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bundle-format/archive/kpatch_info.h"
#include "bundle-format/hash.h"

namespace patchferry::importer {

/// The level that agents are sent to.
struct Served {
  std::string patchset;  // that it comes out of
  std::uint64_t level = 0;
  Digest digest{};        // of the level's folder
  bool is_named = false;  // its kpatch.info gave the kernel a name, so there must be one
};

enum class Turn {
  added,      // was not served
  raised,     // to a higher level
  lowered,    // to a lower level
  reissued,   // other bytes under the same level
  brought,    // a level that only the bundle knows: its description names CVEs, and no levels
  lost,       // is served no more
  unchanged,  // the same bytes
};
const char* word_for(Turn turn);

/// One kernel or build id.
struct LevelChange {
  std::string ident;   // "": only its name is known
  std::string kernel;  // for people; the ident if it has no name
  std::optional<Served> from, to;
  bool is_brought = false;  // `to` is overtaken by a level that a bundle brings
};
Turn turn_of(const LevelChange& change);

struct CveChange {
  std::string cve;
  unsigned cvss_tenths = 0;          // 0: nobody says
  std::vector<std::string> kernels;  // ascending
};

/// A level whose kpatch.info is not where it should be, so that what it closes is not known.
struct Unread {
  std::string kernel;
  Served level;
};

struct ProtectionChange {
  std::vector<LevelChange> kernels;     // that change; ascending by name
  std::vector<CveChange> gained, lost;  // highest score first, then by name
  std::vector<Unread> unread;
  bool is_gain_known = true;  // false: a bundle brings patchsets and does not say what they close
  bool lost_at_most = false;  // what a bundle brings may close some of `lost` again; its description does not say
};

/// What a level closes; nullopt: its kpatch.info is gone. Called for levels that change, and two at a time.
using ReadInfo = std::function<std::optional<KpatchInfo>(const LevelChange& change, const Served& level)>;

/// Of those of `changes` that change.
ProtectionChange compare(std::vector<LevelChange> changes, const ReadInfo& read);

/// CVEs and the kernels that they are about. Holds numbers for pairs of them: there may be thousands of each.
class CveTable {
 public:
  void add(const CveFix& fix, const std::string& kernel);
  void remove(const std::string& cve, const std::string& kernel);
  /// In the order of ProtectionChange.
  std::vector<CveChange> changes() const;

 private:
  struct Entry {
    unsigned cvss_tenths = 0;
    std::set<std::uint32_t> kernels;
  };
  std::map<std::string, Entry> entries_;         // by CVE
  std::map<std::string, std::uint32_t> number_;  // of each kernel
  std::vector<std::string> names_;               // by number
};

/// Distinct kernels that some of these are about.
std::size_t kernels_in(const std::vector<CveChange>& changes);
/// 0: none is known.
unsigned highest(const std::vector<CveChange>& changes);

}  // namespace patchferry::importer
