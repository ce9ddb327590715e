// SPDX-License-Identifier: Apache-2.0
// kc.eportal feed: list, add, change.
#include "importer/eportal/feed_lines.h"
#include "importer/eportal/words.h"
#include "importer/feed_rules.h"
#include "importer/feed_work.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::importer::eportal {

namespace {

/// What the vendor's options say, on top of the rules there are.
Rules rules_from(const Arguments& args, Rules rules) {
  if (args.has("deploy-after")) {
    const std::string hours = args.value("deploy-after");
    const auto number = parse_number(hours, kMaxDelayHours);
    if (!number) throw UsageError("--deploy-after takes hours, not '" + printable(hours) + "'", "nothing has been changed");
    rules.delay_hours = static_cast<unsigned>(*number);
    if (rules.delay_hours == 0) rules.count_from = CountFrom::released;
  }
  if (args.has("channel")) {
    const std::string channel = args.value("channel");
    const auto known = channel_from_word(channel);
    if (!known)
      throw UsageError("--channel takes default, test or unstable, not '" + printable(channel) + "'", "nothing has been changed");
    rules.channel = *known;
  }
  return rules;
}

void list(Site& site, const std::vector<Feed>& all) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& feed : all) {
    const Rules rules = rules_of(site, feed);
    rows.push_back({feed.name, feed.automatic ? "True" : "False", std::to_string(rules.delay_hours), word_for(rules.channel)});
  }
  print_table({"Feed", "Auto", "Deploy after", "Channel"}, rows);
}

int fill(Site& site, const Feed& feed, bool changed) {
  if (!feed.automatic) return changed ? kDone : kNothingToDo;
  const auto done = update_feeds(site, {feed}, "");
  if (!done) return report(done.error());
  log_moves(*done);
  log_troubles(*done);
  if (!done->stale.empty()) return kInPart;
  return changed || !is_idle(*done) ? kDone : kNothingToDo;
}

int add(Site& site, const std::string& name, const Arguments& args) {
  const Feed made = add_feed(site, name, args.has("auto"), rules_from(args, {}));
  note("feed " + made.name + " was added");
  return fill(site, made, true);
}

int change(Site& site, const std::string& name, const Arguments& args) {
  Feed feed = find_feed(site, name);
  const bool automatic = args.has("auto") || (feed.automatic && !args.has("no-auto"));
  const bool changed = change_feed(site, feed, automatic, rules_from(args, rules_of(site, feed)));
  note(changed ? "feed " + name + " was changed" : "feed " + name + " is so already");
  feed.automatic = automatic;
  return fill(site, feed, changed);
}

}  // namespace

int feed(const Call& call) {
  const Arguments& args = call.args;
  const std::string name = call.argument();
  const bool adds = args.has("a"), changes = args.has("c");
  const bool sets = args.has("auto") || args.has("no-auto") || args.has("deploy-after") || args.has("channel");
  if (adds && changes) throw UsageError("-a and -c contradict each other", "see 'kc.eportal feed --help'");
  if (args.has("auto") && args.has("no-auto"))
    throw UsageError("--auto and --no-auto contradict each other", "leave one of them out");
  if ((adds || changes) && name.empty()) throw UsageError("which feed?", "see 'kc.eportal feed --help'");
  if (!adds && !changes && sets) throw UsageError("add (-a) or change (-c) a feed?", "see 'kc.eportal feed --help'");
  if (changes && !sets) throw UsageError("what is to be changed?", "see 'kc.eportal feed --help'");
  rules_from(args, {});  // before anything is opened
  OpenedSite site;
  if (adds) return add(*site, name, args);
  if (changes) return change(*site, name, args);
  list(*site, name.empty() ? feeds(*site) : find_feeds(*site, {name}));
  return kDone;
}

}  // namespace patchferry::importer::eportal
