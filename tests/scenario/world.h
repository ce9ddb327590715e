// SPDX-License-Identifier: Apache-2.0
// The two sides of a scenario: releases of a vendor made up on the spot, a store, a key, a base; and ways to look at what
// came of them.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/scenario/program.h"

namespace patchferry::test {

// --- a vendor ----------------------------------------------------------------------------------------------------

/// One member of an archive: a file, or a symbolic link if `link` is not empty.
struct Member {
  std::string path;
  std::string content;
  std::string link = {};
};

/// An archive in memory; format and filter by libarchive's names ("raw": one member and no tar around it; "": no filter).
std::string archive_of(const std::vector<Member>& members, const char* format = "ustar", const char* filter = "bzip2");
void write_archive(const std::string& path, const std::vector<Member>& members);

/// Bytes that do not compress, the same for the same seed.
std::string noise(unsigned seed, std::size_t size);

std::string khash(unsigned kernel);
std::string build_id(unsigned library);

struct KernelLevel {
  unsigned kernel = 0;
  unsigned level = 1;
};
/// <name>/<khash>/<level>/{kpatch.bin,kpatch.info} and <name>/<khash>/latest.v1; the same level has the same bytes.
std::vector<Member> kernel_release(const std::string& name, const std::vector<KernelLevel>& levels,
                                   std::size_t patch_bytes = 20'000);
/// <name>/<buildid>/<level>/kpatch.bin with a KPATCH1 header, and latest -> level.
std::vector<Member> user_release(const std::string& name, unsigned library, unsigned level);

// --- files -------------------------------------------------------------------------------------------------------

std::string contents(const std::string& path);
void write_contents(const std::string& path, const std::string& bytes);
void copy_tree(const std::string& from, const std::string& to);
std::vector<std::string> names_in(const std::string& folder);

/// What a reader of a base may see: every name in arch/, resources/ and feeds/, with its kind and a hash of its bytes.
std::map<std::string, std::string> visible(const std::string& base);
/// What a web server shows of a feed: path → bytes, links followed. A link that leads nowhere is "(broken)".
std::map<std::string, std::string> served(const std::string& base, const std::string& feed = "main");

// --- both sides --------------------------------------------------------------------------------------------------

/// A folder with ops.key/ops.pub, downloads/, and base/ of site plant1; the store comes with the first release.
class World {
 public:
  World();
  std::string at(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string base() const { return at("base"); }

  /// Writes downloads/<name>.tar.bz2 and adds it to `store`.
  void release(const std::string& name, const std::vector<Member>& members, const std::string& store = "store") const;
  void release_kernels(const std::string& name, const std::vector<KernelLevel>& levels, std::size_t patch_bytes = 20'000) const;
  /// A base for plant1, or for `site`.
  void init(const std::string& base, const std::string& site = "plant1", const std::string& key = "ops") const;
  /// The folder of a bundle with everything that `store` holds.
  std::string export_full(const Words& more = {}, const std::string& store = "store", const std::string& site = "plant1",
                          const std::string& key = "ops") const;
  /// `patchferry export` from `store` for plant1, with what it builds on in `more`.
  Outcome try_export(const Words& more, const std::string& store = "store") const;
  /// The bundle's folder of an export that must succeed.
  std::string export_more(const Words& more, const std::string& store = "store") const;
  /// What `base` writes now; a file of its own each time.
  std::string receipt(const std::string& base) const;
  /// The text of a head token by ops, for plant1.
  std::string head_token(const Words& more = {}, const std::string& store = "store") const;
  Outcome verify(const Words& bundle) const;
  Outcome import(Words bundle) const;
  /// Not started by hand: into any base.
  Outcome import_into(const std::string& base, Words bundle) const;

  /// That the archives named (without ending) and no others are in arch/, as the vendor made them.
  void check_archives(const std::string& base, const std::vector<std::string>& names) const;

 private:
  TempFolder folder_;
};

bool says(const std::string& text, const std::string& part);
/// The document that a command with --json printed; fails the test if it is none.
nlohmann::json json_of(const Outcome& outcome);
/// The kinds of what a command with --json found.
std::vector<std::string> kinds_of(const Outcome& outcome);
/// `patchferry status --json` of a base.
nlohmann::json status_of(const std::string& base);
/// The text of the first alarm of this kind in the status of a base; empty if there is none.
std::string alarm_of(const std::string& base, const std::string& kind);
/// The details of all entries of this kind in a base's audit log, in order.
std::vector<std::string> audited(const std::string& base, const std::string& what);
/// The .pfv files of a bundle's folder, in order.
std::vector<std::string> volumes_of(const std::string& bundle);

}  // namespace patchferry::test
