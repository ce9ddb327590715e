// SPDX-License-Identifier: Apache-2.0
// From an archive to objects and a resource tree, all of it still in a work folder where no reader looks.
//
//   WORK/objects/<sha256>              contents that the base does not have yet, of archives that are good
//   WORK/resources/<patchset>/…        hard links to them, and to objects of the base
#pragma once

#include <functional>
#include <string>

#include "bundle-format/archive/contents.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Unpacks `archive`. Safe to call for several archives at once with one `work` folder. Every regular file is kept as an
/// object, served or not: later bundles build on what an exporter knows to be in the archive.
Result<PatchsetContents> unpack(const Site& site, const Fd& archive, const ArchiveName& name, const ArchiveLimits& limits,
                                const std::string& work, const std::function<void(std::uint64_t)>& on_read);
/// The same for a tar stream whose large contents lie in WORK/objects or in the base already.
Result<PatchsetContents> unpack(const Site& site, TarSource& stream, const ArchiveName& name, const ArchiveLimits& limits,
                                const std::string& work);
/// Objects only, and no tree.
Result<PatchsetContents> keep_contents(const Site& site, const Fd& archive, const ArchiveName& name, const ArchiveLimits& limits,
                                       const std::string& work, const std::function<void(std::uint64_t)>& on_read = {});
Result<PatchsetContents> keep_contents(const Site& site, TarSource& stream, const ArchiveName& name, const ArchiveLimits& limits,
                                       const std::string& work);

/// Moves WORK/objects/… to the base's objects. Idempotent; nothing refers to them yet.
void place_objects(const Site& site, const std::string& work);

/// How much of what is in patchsets, about which the database is to know, is held in memory at once.
constexpr std::uint64_t kMaxHeld = 96ULL << 20;
std::uint64_t memory_of(const PatchsetContents& contents);

}  // namespace patchferry::importer
