// SPDX-License-Identifier: Apache-2.0
// patchferry list: patchsets and their state in each feed.
#include <nlohmann/json.hpp>

#include "importer/catalogue.h"
#include "importer/commands.h"
#include "importer/holdings.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: patchsets[] with name, product, released, archive, authenticated, channel, feeds", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry list --base DIR",
    "Lists the patchsets of this site in release order: where they came from, whether the archive is in arch/, and their state in each feed.",
    kOptions,
    "patchferry list --base /var/lib/patchferry",
};

std::string feeds_text(const KnownPatchset& p) {
  if (p.withdrawn) return "withdrawn by vendor";
  std::string out;
  for (const auto& [feed, state] : p.feeds) out += (out.empty() ? "" : ", ") + feed + ": " + word_for(state);
  return out;
}

std::string origin_text(const KnownPatchset& p) {
  if (p.origin) return "bundle " + std::to_string(p.origin->sequence);
  return p.vouched ? "by itself, signed" : "by itself, unauthenticated";
}

nlohmann::json feeds_json(const KnownPatchset& p) {
  auto out = nlohmann::json::object();
  for (const auto& [feed, state] : p.feeds) out[feed] = word_for(state);
  return out;
}

/// What there is of its archive, for programs.
const char* archive_word(const Site& site, Holdings& holdings, const KnownPatchset& p) {
  if (in_arch(site, p.name, p.archive_bytes)) return "present";
  if (!holdings.can_be_made(p)) return "missing";
  return p.archive_state == ArchiveState::never ? "never" : "pending";
}

std::string archive_text(const std::string& word) {
  if (word == "present") return "in arch/";
  if (word == "missing") return "missing or damaged";
  return word == "never" ? "as recipe only" : "pending";
}

}  // namespace

int cmd_list(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "list");
  Site site = open_site(args);
  recover(site);
  const auto all = patchsets(site);
  Holdings holdings(site);
  if (args.has("json")) {
    auto out = nlohmann::json::array();
    for (const auto& p : all)
      out.push_back({{"name", p.name.patchset.text},
                     {"product", p.name.patchset.product},
                     {"released", to_text(p.name.patchset.released)},
                     {"archive",
                      {{"sha256", to_hex(p.archive)},
                       {"bytes", p.archive_bytes},
                       {"present", in_arch(site, p.name, p.archive_bytes)},
                       {"state", archive_word(site, holdings, p)}}},
                     {"authenticated", p.origin || p.vouched},
                     {"channel", p.channel},
                     {"withdrawn", p.withdrawn},
                     {"feeds", feeds_json(p)}});
    print(nlohmann::json({{"patchsets", out}}).dump(2));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : all)
    rows.push_back({p.name.patchset.text, p.name.patchset.product, to_text(p.name.patchset.released), size_text(p.archive_bytes),
                    archive_text(archive_word(site, holdings, p)), origin_text(p), feeds_text(p)});
  print_table({"PATCHSET", "PRODUCT", "RELEASED", "SIZE", "ARCHIVE", "FROM", "FEEDS"}, rows);
  say_alarms(site);
  return kDone;
}

}  // namespace patchferry::importer
