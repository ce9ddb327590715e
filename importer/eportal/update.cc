// SPDX-License-Identifier: Apache-2.0
// kc.eportal … update, auto-update, --get-latest, --auto-update: the vendor's tool asks the internet; we take what lies in
// the drop folder, and then put into the feeds what is here.
#include "importer/alarms.h"
#include "importer/eportal/drop_folder.h"
#include "importer/eportal/feed_lines.h"
#include "importer/eportal/words.h"
#include "importer/feed_work.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

Taken take_what_came(Site& site, const std::string& product) {
  const std::string& drop = site.settings().drop;
  if (drop.empty()) {
    note(
        "no drop folder is configured, so only what is here is looked at; drop = \"/path\" in /etc/patchferry/config.toml names one");
    return {};
  }
  const DropFolder found = look_into(drop);
  if (found.bundles.empty() && found.archives.empty()) note("there is neither bundle nor archive in " + drop);
  return take_all(site, found, product);
}

int finish(Site& site, const Taken& taken, const Result<FeedReport>& done) {
  if (done) {
    log_moves(*done);
    log_troubles(*done);
    for (const auto& one : done->kept)
      if (one.state != FeedState::enabled) note(one.patchset + " stays " + word_for(one.state) + " in " + one.feed);
  } else {
    report(done.error());
  }
  for (const auto& alarm : alarms(site)) warn("alarm: " + alarm.text);
  const bool changed = taken.changed || (done && !is_idle(*done));
  if (taken.partly || (done && !done->stale.empty())) return kInPart;
  if (taken.refused || !done) return changed ? kInPart : kRefused;
  const bool waits = done && !done->waiting.empty();
  if (!changed) note(waits ? "nothing to do: the rest waits" : "nothing to do: the feeds have all that is here");
  return changed ? kDone : kNothingToDo;
}

}  // namespace

int update(const Call& call) {
  OpenedSite site;
  std::string feed = kMainFeed;
  if (!call.product.empty() && call.args.has("feed")) feed = call.args.required("feed");
  const auto into = find_feeds(*site, {feed});  // before anything is stored
  const Taken taken = take_what_came(*site, call.product);
  return finish(*site, taken, update_feeds(*site, into, call.product));
}

int auto_update(const Call& call) {
  OpenedSite site;
  const auto into = feeds_that_take(*site, {}, true).ruled;
  if (into.empty()) note("no feed fills itself: 'kc.eportal feed -c FEED --auto' makes one do so");
  const Taken taken = take_what_came(*site, call.product);
  return finish(*site, taken, update_feeds(*site, into, call.product));
}

}  // namespace patchferry::importer::eportal
