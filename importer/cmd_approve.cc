// SPDX-License-Identifier: Apache-2.0
// patchferry approve, reject: a person's word on patchsets, in feeds that ask for it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/catalogue.h"
#include "importer/commands.h"
#include "importer/feed_rules.h"
#include "importer/feed_text.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"feed", "the feed that it is about (default: main)", "FEED", true},
    {"undo", "take the word back", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: said[], changes[], kept[], published[], waiting[]", nullptr},
};
constexpr CommandSpec kApprove = {
    "patchferry approve --base DIR [--feed FEED]... [--undo] NAME...",
    "Approves patchsets for a feed that needs approval, here or still to come; it takes at once what that makes due. Replaces a rejection.",
    kOptions,
    "patchferry approve --base /var/lib/patchferry --feed main K20260114_02",
};
constexpr CommandSpec kReject = {
    "patchferry reject --base DIR [--feed FEED]... [--undo] NAME...",
    "Keeps patchsets, here or still to come, from being taken by a feed's rules. Replaces an approval. What is in the feed stays there: 'disable'\n"
    "takes it out; and a person's 'enable' still puts a rejected one in.",
    kOptions,
    "patchferry reject --base /var/lib/patchferry --feed main K20260114_02",
};

/// As the vendor writes it: of a patchset, or of its archive.
std::string name_from(const std::string& typed) {
  if (const auto name = parse_patchset_name(typed)) return name->text;
  if (const auto archive = parse_archive_name(typed)) return archive->patchset.text;
  throw UsageError("'" + printable(typed) + "' is no name of a patchset", "they look like K20260105_01 or U20260105_01");
}

void check_approver(Site& site, const Feed& feed) {
  const auto approvers = rules_of(site, feed).approval.approvers;
  if (approvers.empty() || std::find(approvers.begin(), approvers.end(), who()) != approvers.end()) return;
  std::string names;
  for (const auto& name : approvers) names += (names.empty() ? "" : ", ") + name;
  throw UsageError("in feed " + feed.name + ", " + printable(who()) + " may neither approve nor reject", "these may: " + names);
}

struct Said {
  std::string feed;
  std::string name;
};

/// Says it, or takes it back; what was news.
std::vector<Said> speak(Site& site, const std::vector<Feed>& feeds, const std::vector<std::string>& names, Word word, bool undo) {
  std::vector<Said> out;
  Transaction transaction(site.db());
  std::string detail;
  for (const auto& feed : feeds) {
    std::string here;
    for (const auto& name : names) {
      if (!(undo ? unsay_word(site, feed, name, word) : say_word(site, feed, name, word))) continue;
      out.push_back({feed.name, name});
      here += " " + name;
    }
    if (!here.empty()) detail += (detail.empty() ? "" : "; ") + feed.name + ":" + here;
  }
  if (out.empty()) return out;
  AuditEvent event;
  if (word == Word::approved)
    event.what = "approve";
  else
    event.what = "reject";
  event.detail = (undo ? "taken back: " : "") + detail;
  site.audit(event);
  transaction.commit();
  return out;
}

/// What a person may not expect.
void explain(Site& site, const std::vector<Feed>& feeds, const std::vector<Said>& said, Word word) {
  for (const auto& feed : feeds) {
    const Rules rules = rules_of(site, feed);
    if (word == Word::approved && !rules.approval.required)
      note("feed " + feed.name + " does not ask for approval ('feed change " + feed.name +
           " --needs-approval'); the word is kept");
    if (!feed.automatic) note("feed " + feed.name + " is not automatic: nothing is taken there by rules");
    if (word != Word::rejected) continue;
    for (const auto& one : said) {
      if (one.feed != feed.name) continue;
      const auto known = find_patchset(site, one.name);
      if (known && state_in(site, feed, known->id) == FeedState::enabled)
        note(one.name + " stays enabled in " + feed.name + "; 'patchferry disable --feed " + feed.name + " " + one.name +
             "' takes it out");
    }
  }
}

int act(const CommandSpec& spec, Word word, const std::vector<std::string>& arguments) {
  const Arguments args(spec, arguments);
  if (args.help_shown()) return kDone;
  const char* command = word == Word::approved ? "approve" : "reject";
  if (args.positional().empty()) throw UsageError("which patchset?", std::string("see 'patchferry ") + command + " --help'");
  std::vector<std::string> names;
  for (const auto& typed : args.positional()) names.push_back(name_from(typed));
  Site site = open_site(args);
  recover(site);
  const auto feeds = find_feeds(site, args.values("feed"));
  for (const auto& feed : feeds) check_approver(site, feed);
  const bool undo = args.has("undo");
  const auto said = speak(site, feeds, names, word, undo);
  const bool in_words = !args.has("json") && !is_quiet();
  for (const auto& one : said)
    if (in_words) print(one.name + " is " + (undo ? "no longer " : "") + word_for(word) + " in " + one.feed);
  if (!args.has("json") && !undo) explain(site, feeds, said, word);

  std::vector<Feed> automatic;
  std::copy_if(feeds.begin(), feeds.end(), std::back_inserter(automatic), [](const Feed& feed) { return feed.automatic; });
  Result<FeedReport> report = update_feeds(site, automatic, "");
  if (report) {
    report->kept.clear();
    // What waits for other reasons is no answer to this.
    std::erase_if(report->waiting,
                  [&](const Judged& one) { return std::find(names.begin(), names.end(), one.name) == names.end(); });
  }
  nlohmann::json more = {{"said", nlohmann::json::array()}};
  for (const auto& one : said) more["said"].push_back({{"feed", one.feed}, {"patchset", one.name}});
  const int code = finish(args, report, more);
  return code == kNothingToDo && !said.empty() ? kDone : code;
}

}  // namespace

int cmd_approve(std::vector<std::string> arguments) { return act(kApprove, Word::approved, arguments); }
int cmd_reject(std::vector<std::string> arguments) { return act(kReject, Word::rejected, arguments); }

}  // namespace patchferry::importer
