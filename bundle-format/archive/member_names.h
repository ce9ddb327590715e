// SPDX-License-Identifier: Apache-2.0
// Which names the members of an archive may have: the grammar of RelPath, none twice, none that differ in case only, no
// file that is a folder elsewhere.
//
// Memory: 64 bytes for each of at most kMaxMembers names, however long they are. Names are known again by hashes, under a key that the
// process draws. Should two names ever have the same, the later one is taken for the other: it is refused, or it is a folder and is let
// through, as it would have been.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "system/refusal.h"
#include "system/rel_path.h"

namespace patchferry {

constexpr std::uint64_t kMaxMembers = 200'000;

/// What people are told to do about hostile_member and bad_name.
constexpr const char* kHostileHint =
    "patchsets hold files, folders and links named latest; get the archive again from the vendor";
std::string name_hint();

tl::unexpected<Refusal> hostile(std::string_view name, const char* what);

/// A member's name as a path; nullopt for the root folder itself ("./").
Result<std::optional<RelPath>> path_of(std::string_view name, bool folder);

/// The names seen so far, folders that are only implied by a path included.
class MemberNames {
 public:
  Result<void> add(const RelPath& path, bool folder);
  std::uint64_t members() const { return members_; }
  /// The single folder that everything lies in, or "". A khash or build id at the top is content, not a wrapper around it;
  /// the layout profile knows one when it sees it.
  std::string top_folder() const;

 private:
  using NameHash = std::array<std::uint64_t, 2>;
  struct Seen {
    std::uint64_t spelled = 0;  // half of the hash of the name as it stands there
    bool folder = false;
    bool listed = false;  // a member of its own
  };
  struct FirstHalf {
    std::size_t operator()(const NameHash& hash) const noexcept { return static_cast<std::size_t>(hash[0]); }
  };

  static NameHash hash_of(std::string_view name);
  Result<void> note(std::string_view spelled, std::string_view folded, bool folder, bool listed);
  void note_top(std::string first);

  std::unordered_map<NameHash, Seen, FirstHalf> seen_;  // by the hash of the folded name
  std::uint64_t members_ = 0;
  std::uint64_t name_bytes_ = 0;
  std::string top_;
  bool one_top_ = true;
};

}  // namespace patchferry
