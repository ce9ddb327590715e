// SPDX-License-Identifier: Apache-2.0
// kc.eportal feed: list, add, change.
#include "importer/eportal/feed_lines.h"
#include "importer/eportal/words.h"
#include "importer/feed_work.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::importer::eportal {

namespace {

/// Delays and channels are rules: until there are any, only their usual values have a meaning.
void check_rules(const Arguments& args) {
  if (args.has("deploy-after")) {
    const std::string hours = args.value("deploy-after");
    const auto number = parse_number(hours, 1'000'000);
    if (!number) throw UsageError("--deploy-after takes hours, not '" + printable(hours) + "'", "nothing has been changed");
    if (*number != 0)
      throw UsageError("--deploy-after is not built yet: a feed takes new releases at once, or none",
                       "nothing has been changed; use --no-auto, and 'patchferry enable-upto' when the time has come");
  }
  if (args.has("channel")) {
    const std::string channel = args.value("channel");
    if (channel != "default" && channel != "test" && channel != "unstable")
      throw UsageError("--channel takes default, test or unstable, not '" + printable(channel) + "'", "nothing has been changed");
    if (channel != "default")
      throw UsageError("channels other than default are not built yet",
                       "nothing has been changed; what is shipped to this site decides");
  }
}

void list(const std::vector<Feed>& all) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& feed : all) rows.push_back({feed.name, feed.automatic ? "True" : "False", "0", "default"});
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

int add(Site& site, const std::string& name, bool automatic) {
  const Feed made = add_feed(site, name, automatic);
  note("feed " + made.name + " was added");
  return fill(site, made, true);
}

int change(Site& site, const std::string& name, const Arguments& args) {
  Feed feed = find_feed(site, name);
  const bool has_choice = args.has("auto") || args.has("no-auto");
  const bool changed = has_choice && set_automatic(site, feed, args.has("auto"));
  note(changed ? "feed " + name + " was changed" : "feed " + name + " is so already");
  if (!has_choice) return kNothingToDo;
  feed.automatic = args.has("auto");
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
  check_rules(args);
  OpenedSite site;
  if (adds) return add(*site, name, args.has("auto"));
  if (changes) return change(*site, name, args);
  list(name.empty() ? feeds(*site) : find_feeds(*site, {name}));
  return kDone;
}

}  // namespace patchferry::importer::eportal
