// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/backup_format.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/keeping/tar_head.h"
#include "system/json_text.h"
#include "system/rel_path.h"

namespace patchferry::importer::keeping {

namespace {

using Json = nlohmann::json;

constexpr const char* kWhat = "patchferry-backup";
constexpr const char* kSingle[] = {"audit.head", kConfigurationName, "ledger.copy", kDatabaseName, "site.key", "site.pub"};
constexpr const char* kNeeded[] = {kDatabaseName, "site.key", "site.pub"};
constexpr std::size_t kMaxConfigurationPath = 4096;

auto odd(const char* why) { return refuse(RefusalKind::malformed, std::string(kListName) + " " + why); }

bool has(const Json& json, const char* key, Json::value_t type) { return json.contains(key) && json[key].type() == type; }

Result<BackupPart> part_from(const Json& json) {
  if (!json.is_object() || json.size() != 3 || !has(json, "name", Json::value_t::string) ||
      !has(json, "bytes", Json::value_t::number_unsigned) || !has(json, "sha256", Json::value_t::string))
    return odd("lists something that is no member");
  BackupPart out{json["name"].get<std::string>(), json["bytes"].get<std::uint64_t>(), {}};
  const auto hash = array_from_hex<32>(json["sha256"].get<std::string>());
  if (!hash) return odd("gives a hash that is none");
  out.sha256 = *hash;
  if (!is_part_name(out.name))
    return refuse(RefusalKind::hostile_member, "it lists a member that no backup has: " + printable(out.name),
                  "do not use this file; it did not come from 'patchferry backup'");
  if (out.bytes > (out.name == kDatabaseName ? kMaxMember : kMaxSmallPart))
    return refuse(RefusalKind::too_large, "the member " + out.name + " is said to be too large");
  return out;
}

}  // namespace

bool is_part_name(const std::string& name) {
  if (std::find(std::begin(kSingle), std::end(kSingle), name) != std::end(kSingle)) return true;
  const auto path = RelPath::parse(name);
  if (!path || name.size() > kMaxTarName) return false;
  const auto parts = path->parts();
  if (parts.size() == 2 && parts[0] == "trust")
    return parts[1].front() != '.' && (parts[1].ends_with(".pub") || parts[1].ends_with(".root"));
  return parts.size() == 3 && parts[0] == "evidence" && parts[1].front() != '.' && parts[2].front() != '.';
}

std::string encode_list(const BackupList& list) {
  auto members = Json::array();
  for (const auto& part : list.parts)
    members.push_back({{"name", part.name}, {"bytes", part.bytes}, {"sha256", to_hex(part.sha256)}});
  return Json({{"what", kWhat},
               {"format", kBackupFormat},
               {"site", list.site},
               {"program", list.program},
               {"made", list.made},
               {"contents", list.contents},
               {"configuration", list.configuration},
               {"members", members}})
             .dump(1) +
         "\n";
}

std::string encode_end(const BackupEnd& end) {
  return Json({{"members", end.members}, {"bytes", end.bytes}, {"list", to_hex(end.list)}}).dump() + "\n";
}

Result<BackupList> decode_list(std::string_view text) {
  const auto json = parse_json(text, kListName);
  if (!json) return tl::unexpected(json.error());
  if (!json->is_object() || !has(*json, "what", Json::value_t::string) || (*json)["what"] != kWhat ||
      !has(*json, "format", Json::value_t::number_unsigned))
    return refuse(RefusalKind::malformed, "it is not a backup of Patchferry", "give a file that 'patchferry backup' has written");
  if ((*json)["format"].get<std::uint64_t>() > kBackupFormat)
    return refuse(RefusalKind::unknown_format, "a newer patchferry has made this backup",
                  "install that version of patchferry, and restore with it");
  if (json->size() != 8 || !has(*json, "site", Json::value_t::string) || !has(*json, "program", Json::value_t::string) ||
      !has(*json, "made", Json::value_t::number_unsigned) || !has(*json, "contents", Json::value_t::boolean) ||
      !has(*json, "configuration", Json::value_t::string) || !has(*json, "members", Json::value_t::array))
    return odd("lacks something, or holds too much");
  BackupList out;
  out.site = (*json)["site"].get<std::string>();
  out.program = (*json)["program"].get<std::string>();
  out.made = (*json)["made"].get<std::uint64_t>();
  out.contents = (*json)["contents"].get<bool>();
  out.configuration = (*json)["configuration"].get<std::string>();
  if (!is_site_name(out.site)) return odd("names no site");
  if (out.program.size() > 64 || out.configuration.size() > kMaxConfigurationPath) return odd("holds a text that is too long");
  for (const auto& member : (*json)["members"]) {
    auto part = part_from(member);
    if (!part) return tl::unexpected(std::move(part.error()));
    if (!out.parts.empty() && out.parts.back().name >= part->name) return odd("lists a member twice, or out of order");
    out.parts.push_back(std::move(*part));
  }
  for (const char* name : kNeeded)
    if (std::none_of(out.parts.begin(), out.parts.end(), [&](const auto& part) { return part.name == name; }))
      return refuse(RefusalKind::malformed, std::string(name) + " is not in this backup");
  if (encode_list(out) != text) return odd("is not as 'patchferry backup' writes it");
  return out;
}

Result<BackupEnd> decode_end(std::string_view text) {
  const auto json = parse_json(text, kEndName);
  if (!json) return tl::unexpected(json.error());
  if (json->is_object() && has(*json, "members", Json::value_t::number_unsigned) &&
      has(*json, "bytes", Json::value_t::number_unsigned)) {
    BackupEnd out{(*json)["members"].get<std::uint64_t>(), (*json)["bytes"].get<std::uint64_t>(), {}};
    const auto list = array_from_hex<32>(json->value("list", Json()).is_string() ? (*json)["list"].get<std::string>() : "");
    if (list) out.list = *list;
    if (list && encode_end(out) == text) return out;
  }
  return refuse(RefusalKind::malformed, std::string(kEndName) + " is not as 'patchferry backup' writes it");
}

}  // namespace patchferry::importer::keeping
