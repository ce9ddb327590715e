// SPDX-License-Identifier: Apache-2.0
// patchferry list: patchsets and their state in each feed.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "importer/catalogue.h"
#include "importer/commands.h"
#include "importer/holdings.h"
#include "importer/pins.h"
#include "importer/waiting_text.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json",
     "one JSON document: patchsets[] with name, product, released, archive, authenticated, channel, pinned, feeds, waiting",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry list --base DIR",
    "Lists the patchsets of this site in release order: where they came from, whether the archive is in arch/, and their state in each feed.",
    kOptions,
    "patchferry list --base /var/lib/patchferry",
};

using WaitingByPatchset = std::map<std::int64_t, std::vector<Judged>>;  // by row id

std::string feeds_text(const KnownPatchset& p, const std::vector<Judged>& waiting) {
  if (p.withdrawn) return "withdrawn by vendor";
  std::string out;
  for (const auto& [feed, state] : p.feeds) {
    out += (out.empty() ? "" : ", ") + feed + ": ";
    const auto why =
        std::find_if(waiting.begin(), waiting.end(), [&feed = feed](const Judged& one) { return one.feed.name == feed; });
    if (why == waiting.end()) {
      out += word_for(state);
      continue;
    }
    out += std::string("waiting (") + word_for(why->verdict.reason);
    if (why->verdict.until) out += " until " + local_text(machine_zone(), *why->verdict.until);
    out += ")";
  }
  return out;
}

std::string origin_text(const KnownPatchset& p) {
  if (p.origin) return "bundle " + std::to_string(p.origin->sequence);
  return p.vouched ? "by itself, signed" : "by itself, unauthenticated";
}

/// Where it is undeployed and a feed that fills itself has a reason for that.
nlohmann::json waiting_here(const std::vector<Judged>& waiting) {
  auto out = nlohmann::json::object();
  for (const auto& one : waiting) {
    out[one.feed.name] = waiting_json(one);
    out[one.feed.name].erase("name");
  }
  return out;
}

nlohmann::json feeds_json(const KnownPatchset& p) {
  auto out = nlohmann::json::object();
  for (const auto& [feed, state] : p.feeds) out[feed] = word_for(state);
  return out;
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
  std::vector<std::int64_t> ids;
  for (const auto& p : all) ids.push_back(p.id);
  WaitingByPatchset waiting;
  for (auto& one : judge_known(site, feeds_that_take(site, {}, true).ruled, ids))
    if (!one.verdict.takes()) waiting[one.patchset].push_back(std::move(one));
  Holdings holdings(site);
  const auto pins = pinned_names(site);
  const auto is_pinned = [&](const KnownPatchset& p) {
    return std::binary_search(pins.begin(), pins.end(), p.name.patchset.text);
  };
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
                     {"pinned", is_pinned(p)},
                     {"waiting", waiting_here(waiting[p.id])},
                     {"feeds", feeds_json(p)}});
    print(nlohmann::json({{"patchsets", out}}).dump(2));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : all)
    rows.push_back({p.name.patchset.text, p.name.patchset.product, to_text(p.name.patchset.released), size_text(p.archive_bytes),
                    archive_text(archive_word(site, holdings, p)), origin_text(p),
                    feeds_text(p, waiting[p.id]) + (is_pinned(p) ? ", pinned" : "")});
  print_table({"PATCHSET", "PRODUCT", "RELEASED", "SIZE", "ARCHIVE", "FROM", "FEEDS"}, rows);
  say_alarms(site);
  return kDone;
}

}  // namespace patchferry::importer
