// SPDX-License-Identifier: Apache-2.0
// kc.eportal … deploy, unroll, download-missing.
#include "importer/catalogue.h"
#include "importer/deploy.h"
#include "importer/eportal/feed_lines.h"
#include "importer/eportal/words.h"
#include "importer/feed_work.h"
#include "importer/make_whole.h"
#include "importer/publish.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

Settings settings() { return read_settings(""); }

void check_product(const KnownPatchset& patchset, const std::string& product) {
  const PatchsetName& name = patchset.name.patchset;
  if (!product.empty() && name.product != product)
    throw UsageError(name.text + " is of product " + name.product + ", not " + product,
                     "nothing has been changed; use the word of its product");
}

}  // namespace

OpenedSite::OpenedSite() : site_(settings(), Site::Wait::yes) { recover(site_); }

int deploy_archive(const Call& call) {
  DeployOrder order;
  order.archives = {call.argument()};
  if (call.product.empty()) {
    order.feeds = {kMainFeed};
  } else {
    if (call.args.has("feed")) order.feeds = {call.args.required("feed")};
    order.enable = !call.args.has("disabled");
    order.product = call.product;
  }
  OpenedSite site;
  // Parked until somebody has looked at it: else the next automatic update would put it into another feed.
  if (!order.enable && order.feeds.empty())
    for (const auto& feed : feeds(*site)) order.feeds.push_back(feed.name);
  const DeployReport done = deploy(*site, order);
  for (const auto& refusal : done.refused) report(refusal);
  for (const auto& [feed, move] : done.feeds.moves) {
    if (move.to == FeedState::enabled)
      note(move.name + " was enabled in " + feed);
    else
      note(move.name + " was deployed but not enabled in " + feed);
  }
  log_kept(done.feeds);
  log_troubles(done.feeds);
  return exit_code(done);
}

int unroll(const Call& call) {
  const bool deletes = !call.product.empty() && call.args.has("delete");
  if (deletes && call.args.has("feed"))
    throw UsageError("--delete takes its files from every feed", "nothing has been changed; leave out --feed");
  OpenedSite site;
  const KnownPatchset named = find_named(*site, call.argument());
  check_product(named, call.product);
  const bool one_feed = !call.product.empty() && call.args.has("feed");
  const auto from = one_feed ? find_feeds(*site, {call.args.required("feed")}) : feeds(*site);
  const auto done = change_feeds(*site, from, FeedAction::disable, {named.name.patchset.text});
  if (!done) return report(done.error());
  log_moves(*done);
  log_kept(*done);
  log_troubles(*done);
  if (!done->stale.empty()) return kInPart;
  if (deletes) return delete_patchset(*site, named.name.patchset.text);
  if (!is_idle(*done)) return kDone;
  note(named.name.patchset.text + " is disabled already in " + (one_feed ? from.front().name : "every feed"));
  return kNothingToDo;
}

int download_missing(const Call& call) {
  OpenedSite site;
  const ArchivesReport done = make_whole(*site, false, call.product);
  for (const auto& name : done.mended) note("contents of " + name + " were taken out of what is here, and kept");
  for (const auto& name : done.done) note("the archive of " + name + " was made again in arch/");
  for (const auto& one : done.failed) error_line(one.text, one.hint);
  const int code = exit_code(done);
  if (code == kNothingToDo) note("nothing is missing that could be made again of what is here");
  return code;
}

}  // namespace patchferry::importer::eportal
