// SPDX-License-Identifier: Apache-2.0
// patchferry show: one patchset in full.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/feed_work.h"
#include "importer/reports/commands.h"
#include "importer/reports/patchset_facts.h"
#include "importer/reports/protection_text.h"
#include "importer/rules/rules.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"cves", "list every CVE that it closes, those that earlier releases closed too", nullptr},
    {"json", "one JSON document: name, product, released, arrived, archive, kernels, cves, before, changes, feeds", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry show --base DIR [--cves] NAME",
    "Shows one patchset in full: where it came from, its kernels and levels, the CVEs that it closes, what changed against earlier\n"
    "releases of its product, and which feeds have it.",
    kOptions,
    "patchferry show --base /var/lib/patchferry K20260105_01",
};

/// With what each feed makes of it.
KnownPatchset find_shown(Site& site, const std::string& name) {
  std::vector<std::string> names;
  std::optional<KnownPatchset> meant;
  try {
    const auto id = find_named(site, name).id;
    for (auto& p : patchsets(site))
      if (p.id == id) meant = std::move(p);
  } catch (const UsageError& error) {
    for (const auto& p : patchsets(site)) names.push_back(p.name.patchset.text);
    const std::string near = nearest(name, names);
    if (near.empty()) throw;
    throw UsageError(error.what(), "did you mean '" + near + "'?");
  }
  return std::move(*meant);
}

std::string arrival_text(const PatchsetFacts& f) {
  const auto& p = f.patchset;
  std::string out = time_text(p.arrived);
  if (p.origin)
    out += " with bundle " + std::to_string(p.origin->sequence) + " of store " + to_hex(p.origin->stream.bytes).substr(0, 8);
  else
    out += f.arrival.by == "adopt" ? ", adopted from an ePortal" : ", deployed by itself";
  if (!f.arrival.who.empty()) out += ", by " + f.arrival.who;
  return out;
}

std::string trust_text(const KnownPatchset& p) {
  if (p.origin) return "signed, as part of the bundle";
  return p.vouched ? "signed by itself" : "NOT SIGNED: nobody vouches for it";
}

std::string archive_text(const PatchsetFacts& f) {
  if (f.archive == "present") return "in arch/";
  if (f.archive == "pending") return "not in arch/ yet: 'patchferry archives' makes it";
  return f.archive == "never" ? "kept as recipe only" : "MISSING, and cannot be made again";
}

void print_line(const std::string& name, const std::string& text) {
  print("  " + name + std::string(name.size() < 10 ? 10 - name.size() : 0, ' ') + " " + text);
}

void print_feeds(const PatchsetFacts& f) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : f.feeds) {
    std::string since = "-";
    if (one.since) since = std::to_string(one.since->number) + ", " + time_text(one.since->at);
    rows.push_back({one.feed, word_for(one.state), since});
  }
  print_table({"FEED", "STATE", "SINCE GENERATION"}, rows);
}

void print_closed(const PatchsetFacts& f) {
  std::vector<std::pair<std::string, PatchsetFacts::Closed>> all(f.closes.begin(), f.closes.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second.cvss_tenths > b.second.cvss_tenths; });
  std::vector<std::vector<std::string>> rows;
  for (const auto& [cve, closed] : all)
    rows.push_back({cve, score_text(closed.cvss_tenths), word_for(severity_of(closed.cvss_tenths)),
                    std::to_string(closed.levels) + " of " + std::to_string(f.levels.size())});
  print_table({"CVE", "CVSS", "SEVERITY", "IN LEVELS"}, rows);
}

void print_facts(const PatchsetFacts& f, bool all_cves) {
  const auto& p = f.patchset;
  if (p.withdrawn) print("WITHDRAWN BY THE VENDOR: no feed takes it");
  print(p.name.patchset.text + ", product " + p.name.patchset.product + ", released " + to_text(p.name.patchset.released));
  print_line("arrived", arrival_text(f));
  print_line("trust", trust_text(p));
  print_line("archive", p.name.file + ", " + size_text(p.archive_bytes) + ", " + archive_text(f));
  print_line("sha256", to_hex(p.archive));
  std::uint64_t most = 0;
  for (const auto& [cve, closed] : f.closes) most = std::max<std::uint64_t>(most, closed.cvss_tenths);
  std::string closes = count_text(f.closes.size(), "CVE");
  if (most != 0)
    closes +=
        ", highest " + score_text(static_cast<unsigned>(most)) + " (" + word_for(severity_of(static_cast<unsigned>(most))) + ")";
  if (f.unread != 0) closes += "; NOT KNOWN for " + count_text(f.unread, "level") + ", whose tree is not in resources/";
  print_line("closes", closes);
  std::vector<std::string> news = headlines(f.change);
  if (f.outdated != 0) news.push_back(count_text(f.outdated, "level") + " lower than in an earlier release");
  print(f.before.empty() ? "It is the first release of its product here:" : "Against " + f.before + " and earlier releases:");
  for (const auto& line : news) print("  " + line);
  print_feeds(f);
  print_lost(f.change);
  print_gained(f.change);
  std::vector<std::vector<std::string>> rows;
  for (const auto& level : f.levels) {
    std::string change = "as before";
    for (const auto& one : f.change.kernels)
      if (one.ident == level.ident && one.to && one.to->level == level.level) change = level_text(one);
    rows.push_back(
        {level.kernel.empty() ? level.ident : level.kernel, std::to_string(level.level), change, level.ident.substr(0, 12)});
  }
  print_table({"KERNEL OR BUILD ID", "LEVEL", "CHANGE", "IDENT"}, rows);
  if (all_cves) print_closed(f);
}

nlohmann::json json_of(const PatchsetFacts& f) {
  using Json = nlohmann::json;
  const auto& p = f.patchset;
  Json kernels = Json::array();
  for (const auto& one : f.levels)
    kernels.push_back(
        {{"kernel", one.kernel.empty() ? Json(nullptr) : Json(one.kernel)}, {"ident", one.ident}, {"level", one.level}});
  Json closes = Json::array();
  unsigned most = 0;
  for (const auto& [cve, closed] : f.closes) {
    closes.push_back({{"cve", cve}, {"cvss", score_json(closed.cvss_tenths)}, {"levels", closed.levels}});
    most = std::max(most, closed.cvss_tenths);
  }
  Json feeds = Json::object();
  for (const auto& one : f.feeds) {
    Json generation = nullptr, at = nullptr;
    if (one.since) generation = one.since->number;
    if (one.since && one.since->at != 0) at = one.since->at;
    feeds[one.feed] = {{"state", word_for(one.state)}, {"generation", generation}, {"at", at}};
  }
  Json origin = nullptr;
  if (p.origin)
    origin = {{"sequence", p.origin->sequence}, {"stream", to_hex(p.origin->stream.bytes)}, {"epoch", p.origin->epoch}};
  const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"name", p.name.patchset.text},
          {"product", p.name.patchset.product},
          {"released", to_text(p.name.patchset.released)},
          {"arrived", {{"at", p.arrived}, {"bundle", origin}, {"by", or_null(f.arrival.by)}, {"who", or_null(f.arrival.who)}}},
          {"authenticated", p.origin || p.vouched},
          {"withdrawn", p.withdrawn},
          {"unpacked", p.unpacked},
          {"archive",
           {{"file", p.name.file},
            {"sha256", to_hex(p.archive)},
            {"bytes", p.archive_bytes},
            {"present", f.archive == "present"},
            {"state", f.archive}}},
          {"kernels", kernels},
          {"cves", {{"closed", closes}, {"highest", score_json(most)}, {"unread", f.unread}}},
          {"before", or_null(f.before)},
          {"changes",
           {{"cves", change_json(f.change)},
            {"kernels", kernels_json(f.change)},
            {"unread", unread_json(f.change)},
            {"outdated", f.outdated}}},
          {"feeds", feeds}};
}

}  // namespace

int cmd_show(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("the name of one patchset is needed", "see 'patchferry show --help'");
  Site site = open_site(args);
  recover(site);
  const PatchsetFacts facts = facts_of(site, find_shown(site, args.positional().front()));
  if (args.has("json"))
    print(json_of(facts).dump(2));
  else
    print_facts(facts, args.has("cves"));
  return kDone;
}

}  // namespace patchferry::importer
