// SPDX-License-Identifier: Apache-2.0
// What the database knows of patchsets, as values.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bundle-format/archive/contents.h"
#include "bundle-format/channel.h"
#include "bundle-format/patchset_name.h"
#include "bundle-format/statement.h"
#include "importer/feed_states.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Which bundle brought a patchset.
struct Origin {
  StreamId stream{};
  std::uint32_t epoch = 0;
  std::uint64_t sequence = 0;
};

/// What arch/ owes to a patchset.
enum class ArchiveState {
  present,  // arch/ has got it; somebody may have taken it away since
  pending,  // to be made from its recipe
  never,    // has a recipe, and a person wants no archive of it
};

struct KnownPatchset {
  std::int64_t id = 0;
  ArchiveName name;
  Digest archive{};
  std::uint64_t archive_bytes = 0;
  std::uint64_t expanded_bytes = 0;
  std::uint64_t arrived = 0;
  std::optional<Origin> origin;  // none: adopted, or deployed by itself
  std::optional<Digest>
      vouched;  // trust domain whose release keys have signed for it later: the archive by itself, or a bundle that has it
  bool unpacked = false;
  bool withdrawn = false;
  std::string channel = kDefaultChannel;  // the vendor's
  std::optional<Digest> recipe;  // object that says how its archive is made again; none: it came as it is, or was adopted
  ArchiveState archive_state = ArchiveState::present;
  unsigned cvss_tenths = 0;                // highest of what it is the first to close; 0: unknown
  bool contents_known = false;             // contents_of() tells them; else it came before they were written down
  std::map<std::string, FeedState> feeds;  // of every feed; filled in by patchsets() alone
};

/// A patchset about to be recorded.
struct NewPatchset {
  ArchiveName name;
  Digest archive{};
  std::uint64_t archive_bytes = 0;
  std::optional<Origin> origin;
  std::optional<Digest> vouched;  // as in KnownPatchset
  bool unpacked = true;
  PatchsetContents contents;
  std::string channel = kDefaultChannel;
  std::optional<Digest> recipe;  // as in KnownPatchset
  ArchiveState archive_state = ArchiveState::present;
};

/// Release keys have signed for it: a bundle that brought it, or its archive by itself.
bool is_signed(const KnownPatchset& patchset);

/// True if arch/ holds a file of that name and size (its bytes are not read).
bool in_arch(const Site& site, const ArchiveName& name, std::uint64_t bytes);

/// True if it was unpacked, and its folder in resources/ is still there (what is in it is not looked at).
bool has_tree(const Site& site, const KnownPatchset& patchset);

/// In release order.
std::vector<KnownPatchset> patchsets(Site& site);
std::optional<KnownPatchset> find_patchset(Site& site, const std::string& name);
/// True if some patchset here closes this CVE for this kernel.
bool closes(Site& site, const std::string& kernel, const std::string& cve);

/// Of every regular file of its archive, ascending by hash, distinct; empty if !contents_known.
std::vector<Content> contents_of(Site& site, const KnownPatchset& patchset);

/// When the last bundle was imported, in seconds since 1970; 0: never.
std::uint64_t last_import(Site& site);

/// Within the caller's transaction. Returns the row's id.
std::int64_t record_patchset(Site& site, const NewPatchset& patchset);
/// Likewise. Its tree is in resources/ from now on, so feeds can serve it.
void record_unpacked(Site& site, std::int64_t patchset);
/// Likewise. Release keys of this trust domain have signed for it, though no bundle brought it.
void record_vouched(Site& site, std::int64_t patchset, const Digest& domain);
/// Likewise. What is in a patchset that is known, whose contents may not have been.
void record_contents(Site& site, const std::string& name, const std::vector<Content>& contents);
/// Likewise. Its archive can be made from this recipe now; whether it will be stays as a person has said.
void record_recipe(Site& site, const std::string& name, const Digest& recipe);
/// Likewise.
void set_channel(Site& site, std::int64_t patchset, const std::string& channel);
/// Likewise. Its archive is here and whole, and what it was made of is not: it counts as one that came as it is.
void do_without_recipe(Site& site, std::int64_t patchset);
void set_archive_state(Site& site, const std::string& name, ArchiveState state);
/// Disabled in every feed, and for good: whatever comes under this name later is withdrawn as well.
void withdraw(Site& site, const std::string& name, std::uint64_t bundle);
/// In byte order, whether they are here or not.
std::vector<std::string> withdrawn_names(Site& site);
/// What came with later bundles of the same stream and is not withdrawn, but for `kept`: a rollback disables it.
std::vector<std::string> newer_than(Site& site, const Origin& bundle, const std::set<std::string>& kept);

}  // namespace patchferry::importer
