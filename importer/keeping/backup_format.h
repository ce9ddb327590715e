// SPDX-License-Identifier: Apache-2.0
// What a backup holds (docs/keeping.md, "The file"): a tar of members in this order, and no others.
//
//   backup.json                        BackupList, below
//   what it lists                      the database, keys, trust/, evidence/ and so on, ascending by name
//   objects/<hash>, arch/<file>        with contents; ascending. Each is its own proof: a hash is the name of an object, and
//                                      the database knows those of archives
//   end.json                           how many members and bytes came after the listed ones; hash of backup.json
//   1024 zeros
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle-format/hash.h"
#include "system/refusal.h"

namespace patchferry::importer::keeping {

constexpr std::uint64_t kBackupFormat = 1;
constexpr const char* kListName = "backup.json";
constexpr const char* kEndName = "end.json";
constexpr const char* kDatabaseName = "patchferry.sqlite";
constexpr const char* kConfigurationName = "config.toml";
constexpr std::uint64_t kMaxList = 16ULL << 20;
constexpr std::uint64_t kMaxEnd = 256;
constexpr std::uint64_t kMaxSmallPart = 64ULL << 20;  // of any listed member but the database

struct BackupPart {
  std::string name;
  std::uint64_t bytes = 0;
  Digest sha256{};
};

struct BackupList {
  std::string site;
  std::string program;            // version of patchferry that made it
  std::uint64_t made = 0;         // seconds since 1970
  bool contents = false;          // objects and archives follow
  std::string configuration;      // path of the file that was in force; "": there was none
  std::vector<BackupPart> parts;  // ascending by name
};

struct BackupEnd {
  std::uint64_t members = 0;
  std::uint64_t bytes = 0;
  Digest list{};  // of backup.json
};

/// True for what may be listed: names that have a meaning in a base, and lead nowhere else.
bool is_part_name(const std::string& name);

/// One document each, one text per value.
std::string encode_list(const BackupList& list);
std::string encode_end(const BackupEnd& end);

/// Accept exactly what the encoders write. Refused: malformed; unknown_format (of a newer program); hostile_member; too_large.
/// The database, site.key and site.pub are always among the parts.
Result<BackupList> decode_list(std::string_view text);
Result<BackupEnd> decode_end(std::string_view text);

}  // namespace patchferry::importer::keeping
