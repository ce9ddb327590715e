// SPDX-License-Identifier: Apache-2.0
// patchferry log: the audit log, for people, for other programs, and whether it is still what was written.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bundle-format/patchset_name.h"
#include "importer/audit.h"
#include "importer/audit_words.h"
#include "importer/commands.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"since", "only entries of this day (UTC) and later", "YYYY-MM-DD"},
    {"patchset", "only entries that name this patchset", "NAME"},
    {"feed", "only entries that name this feed, of today or of the past", "FEED"},
    {"who", "only entries of this person", "NAME"},
    {"verify", "check that no entry was altered, taken out or put in; exit 1 if one was", nullptr},
    {"expect", "with --verify, which it implies: a hash written down earlier, which must be in the log", "HASH"},
    {"json",
     "one JSON document a line and entry: number, at, who, what, bundle, detail, previous, hash; with --verify one document",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry log --base DIR [--since YYYY-MM-DD] [--patchset NAME] [--feed FEED] [--who NAME]\n"
    "       patchferry log --base DIR [--verify [--expect HASH]]",
    "Shows who did what to this site, and when. Each entry holds the hash of the one before; note the newest hash down on paper, and\n"
    "--expect proves later that nothing up to there has changed. docs/audit.md tells how to check an exported log without this program.",
    kOptions,
    "patchferry log --base /var/lib/patchferry --verify",
};

std::int64_t begin_of(const std::string& day) {
  const auto date = date_from_text(day);
  if (!date) throw UsageError("'" + printable(day) + "' is not a day", "write it as 2026-01-31");
  return days_since_1970(*date) * 86400;
}

/// Each of these that is given must fit.
struct Wanted {
  std::optional<std::int64_t> since;
  std::string patchset, feed, who;
};

Wanted wanted_by(const Arguments& args) {
  Wanted out;
  if (args.has("since")) out.since = begin_of(args.required("since"));
  if (args.has("who")) out.who = args.required("who");
  if (args.has("feed")) out.feed = args.required("feed");
  if (!args.has("patchset")) return out;
  // One that has never been here is no mistake: nothing was done about it.
  const std::string name = args.required("patchset");
  const auto archive = parse_archive_name(name);
  if (!archive && !parse_patchset_name(name))
    throw UsageError("'" + printable(name) + "' is no name of a patchset", "they look like K20260105_01 or U20260105_01");
  out.patchset = archive ? archive->patchset.text : name;
  return out;
}

bool is_wanted(const Wanted& wanted, const LogEntry& e) {
  return (!wanted.since || e.at >= *wanted.since) && (wanted.who.empty() || e.who == wanted.who) &&
         (wanted.feed.empty() || has_word(e.detail, wanted.feed)) &&
         (wanted.patchset.empty() || names_patchset(e.detail, wanted.patchset));
}

/// As a person copies it from paper: in either case, in groups.
Digest hash_from(std::string text) {
  std::erase(text, ' ');
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  const auto hash = array_from_hex<32>(text);
  if (!hash) throw UsageError("'" + printable(text) + "' is not a hash of the audit log", "it has 64 hexadecimal digits");
  return *hash;
}

void print_json(const LogEntry& e) {
  nlohmann::json bundle;
  if (e.bundle_sequence) bundle = {{"sequence", *e.bundle_sequence}, {"id", to_hex(e.bundle_id)}};
  const nlohmann::json document = {{"number", e.number},
                                   {"at", e.at},
                                   {"who", e.who},
                                   {"what", e.what},
                                   {"bundle", bundle},
                                   {"detail", e.detail},
                                   {"previous", to_hex(e.previous)},
                                   {"hash", to_hex(e.hash)}};
  // Entries of ours are ASCII; one that somebody has altered may be anything, and is to be shown all the same.
  print(document.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

std::vector<std::string> row_of(const LogEntry& e) {
  const std::string bundle =
      e.bundle_sequence ? std::to_string(*e.bundle_sequence) + " (" + to_hex(e.bundle_id).substr(0, 8) + ")" : "";
  return {std::to_string(e.number),
          time_text(static_cast<std::uint64_t>(std::max<std::int64_t>(e.at, 0))),
          printable(e.who),
          printable(e.what),
          bundle,
          printable(e.detail)};
}

Result<LogState> verify(Site& site, const std::optional<Digest>& expected) {
  auto state = verify_log(site.db());
  if (!state) return state;
  if (auto head = verify_head(site.db(), site.log_head()); !head) return tl::unexpected(std::move(head.error()));
  if (expected && !holds_hash(site.db(), *expected)) {
    auto missing = refuse(RefusalKind::altered_log, "no entry of the audit log has the hash " + to_hex(*expected),
                          "if it was copied rightly, the log is not the one that it was written down from");
    missing.value().where = site.db().path();
    return missing;
  }
  return state;
}

int show_verdict(Site& site, const std::optional<Digest>& expected, bool json) {
  const auto state = verify(site, expected);
  if (json && state)
    print(nlohmann::json(
              {{"ok", true}, {"entries", state->entries}, {"last", to_hex(state->last)}, {"findings", nlohmann::json::array()}})
              .dump(2));
  if (json && !state) {
    const Refusal& r = state.error();
    const nlohmann::json finding = {{"kind", name_of(r.kind)}, {"where", r.where}, {"text", r.text}, {"hint", r.hint}};
    print(nlohmann::json({{"ok", false}, {"findings", nlohmann::json::array({finding})}})
              .dump(2, ' ', true, nlohmann::json::error_handler_t::replace));
  }
  if (!state) return json ? kRefused : report(state.error());
  if (!json && !is_quiet()) print("good: " + count_text(state->entries, "entry") + ", last hash " + to_hex(state->last));
  return kDone;
}

}  // namespace

int cmd_log(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "log");
  const bool verifies = args.has("verify") || args.has("expect");
  for (const char* some : {"since", "patchset", "feed", "who"})
    if (verifies && args.has(some))
      throw UsageError(std::string("--") + some + " does not go with --verify",
                       "the log is checked from its first entry to its last");
  const Wanted wanted = wanted_by(args);
  std::optional<Digest> expected;
  if (args.has("expect")) expected = hash_from(args.required("expect"));

  Site site = open_site(args);
  recover(site);
  const bool json = args.has("json");
  if (verifies) return show_verdict(site, expected, json);
  std::vector<std::vector<std::string>> rows;
  read_log(site.db(), [&](const LogEntry& e) {
    if (!is_wanted(wanted, e)) return;
    if (json)
      print_json(e);
    else
      rows.push_back(row_of(e));
  });
  if (!json) print_table({"ENTRY", "TIME", "WHO", "WHAT", "BUNDLE", "DETAIL"}, rows);
  return kDone;
}

}  // namespace patchferry::importer
