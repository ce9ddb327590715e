// SPDX-License-Identifier: Apache-2.0
// Packs to objects: of a staged bundle's packs those that are needed, each at most once and in order, against its bases.
//
//   WORK/objects/<sha256>     contents that the base does not have yet
//   WORK/arch/<file>          archives that travel as they are
//
// Every object is hashed as it comes out; nothing is told apart by what it says of itself. Memory: the bases of one pack
// and its window (tables.h says how much at most), and a few parts on their way to the disk.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "importer/objects.h"
#include "importer/stage.h"

namespace patchferry::importer {

class PackExpander {
 public:
  /// `staged` must outlive this; the folders in `work` are there.
  PackExpander(const Site& site, const StagedBundle& staged, const std::string& work);

  /// After the next run(), `hash` is in the base or in WORK/objects. Refused (incomplete): it is in neither, and not of this
  /// bundle; or in another size.
  Result<void> want(const Digest& hash, std::uint64_t bytes);
  /// Likewise in WORK/arch, as `file`, and never among the objects.
  Result<void> want_archive(const Digest& hash, std::uint64_t bytes, const std::string& file);
  /// What the next run() writes. Refused: incomplete.
  Result<std::uint64_t> bytes_needed();
  /// Refused: incomplete (a base is not here), damaged (a base, or what came out, has another hash), malformed, too_large.
  Result<void> run();

  const Objects& objects() const { return objects_; }

 private:
  /// Adds the packs that the bases of wanted ones come out of. Refused: incomplete.
  Result<void> add_bases();
  Result<void> expand(std::uint32_t pack, const std::function<void(std::uint64_t)>& on_bytes);
  /// The pack's bases, joined, in a file in memory: for who expands it.
  Result<Fd> prefix_of(std::uint32_t pack) const;
  /// That the bases which lie in the base's objects are what their names say.
  Result<void> check_bases(std::uint32_t pack) const;
  /// A pack's objects by their place, none into another. Refused: malformed.
  Result<std::vector<const ObjectRecord*>> objects_in(std::uint32_t pack) const;
  /// Where an object goes; "" if it is here, or if it is the whole archive of a patchset that is. All else of an expanded
  /// pack is kept, whether it is wanted by now or not: no pack is expanded twice, and which contents are needed, recipes
  /// tell that come out of packs themselves.
  std::string place_for(const ObjectRecord& object) const;

  const Site& site_;
  const StagedBundle& staged_;
  std::string work_;
  Objects objects_;
  std::map<std::uint32_t, std::vector<const ObjectRecord*>> by_pack_;
  std::map<Digest, std::vector<std::string>> archives_;  // that are wanted, by hash: paths in WORK/arch
  std::vector<bool> wanted_;                             // by pack
  std::vector<bool> expanded_;
};

}  // namespace patchferry::importer
