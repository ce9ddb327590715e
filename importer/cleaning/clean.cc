// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/clean.h"

#include <algorithm>

#include "bundle-format/archive/layout_profile.h"
#include "importer/catalogue.h"
#include "importer/cleaned.h"
#include "importer/cleaning/needs.h"
#include "importer/cleaning/shown_trees.h"
#include "importer/holdings.h"
#include "importer/pins.h"
#include "importer/reserve.h"
#include "importer/forget.h"
#include "system/calendar.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

/// A margin beside what is copied to the trash from another file system.
constexpr std::uint64_t kMargin = 64 << 20;

CleanSnapshot snapshot_of(Site& site, const std::vector<KnownPatchset>& all, const std::set<std::string>& at_once) {
  CleanSnapshot out;
  out.settings = site.settings().clean;
  out.now = now();
  out.at_once = at_once;
  std::vector<std::map<std::int64_t, FeedState>> states;
  for (const auto& feed : feeds(site)) {
    out.feeds.push_back(view_of(site, feed));
    states.push_back(states_in(site, feed));
  }
  const auto pins = pinned_names(site), promised = promised_names(site);
  Holdings holdings(site);
  std::set<std::int64_t> pending;
  for (const auto& p : owed(site))
    if (holdings.can_be_made(p)) pending.insert(p.id);
  std::map<std::int64_t, std::size_t> places;
  for (const auto& p : all) {
    const std::string& name = p.name.patchset.text;
    PatchsetView view;
    view.id = p.id;
    view.name = name;
    view.product = p.name.patchset.product;
    view.arrived = p.arrived;
    view.withdrawn = p.withdrawn;
    view.unpacked = has_tree(site, p);
    view.pinned = std::binary_search(pins.begin(), pins.end(), name);
    view.promised = std::binary_search(promised.begin(), promised.end(), name);
    view.pending = pending.count(p.id) != 0;
    for (const auto& in_feed : states) {
      const auto decided = in_feed.find(p.id);
      view.states.push_back(decided == in_feed.end() ? std::nullopt : std::optional(decided->second));
    }
    places[p.id] = out.patchsets.size();
    out.patchsets.push_back(std::move(view));
  }
  Query levels(site.db(), "SELECT patchset, ident, level FROM level");
  while (levels.step()) {
    PatchsetView& view = out.patchsets[places.at(levels.integer(0))];
    view.levels.push_back({served_folder(view.product, levels.text(1)), levels.number(2)});
  }
  return out;
}

bool lies_elsewhere(const Site& site) {
  struct stat arch {
  }, base{};
  return ::stat(site.arch().c_str(), &arch) == 0 && ::stat(site.base().c_str(), &base) == 0 && arch.st_dev != base.st_dev;
}

/// What sweep() takes once `without` is what is needed. `counted`: contents of patchsets that go.
void count_objects(Site& site, const ObjectNeeds& without, const std::set<Digest>& counted, CleanPlan& plan) {
  if (!without.unread().empty()) return;
  for_each_object(site, [&](const Digest& hash, const std::string& path) {
    if (without.needs(hash)) return;
    const std::uint64_t bytes = size_of(path);
    ++plan.objects;
    plan.object_bytes += bytes;
    if (counted.count(hash) != 0) return;
    ++plan.left_over;
    plan.left_over_bytes += bytes;
  });
  plan.bytes += plan.left_over_bytes;
}

/// What goes in one transaction.
class Cleaning {
 public:
  Cleaning(Site& site, CleanReport& report) : site_(site), report_(report), trash_(new_trash_folder(site)) {}

  void carry_out(const std::vector<CleanItem>& goes, const std::set<std::string>* leaving) {
    std::vector<KnownPatchset> all;
    for (const auto& one : goes)
      if (auto known = find_patchset(site_, one.name)) all.push_back(std::move(*known));
    room_ = free_bytes(site_.base());
    Transaction transaction(site_.db());
    std::string detail;
    for (const auto& p : all) {
      detail += " " + p.name.patchset.text;
      forget_patchset(site_, p, Remember::name);
      move_files(p);
    }
    if (leaving != nullptr) set_leaving(*leaving, detail);
    if (!detail.empty()) site_.audit({.what = "clean", .detail = detail.substr(1)});
    transaction.commit();
    // Feeds first: what they show is there until they no longer show it.
    for (auto& one : publish_changed(site_)) report_.published.push_back(std::move(one));
    site_.roll_forward();
  }

  /// Out of objects/, whatever no patchset needs. Nothing refers to it, so it does not matter where this ends.
  void sweep() {
    const ObjectNeeds needs(site_, {});
    if (!needs.unread().empty()) return;
    const std::string to = site_.path(trash_ + "/objects");
    bool is_made = false;
    for_each_object(site_, [&](const Digest& hash, const std::string& path) {
      if (needs.needs(hash)) return;
      if (!is_made) make_folders(to);
      is_made = true;
      ++report_.objects;
      report_.object_bytes += size_of(path);
      rename_path(path, to + "/" + to_hex(hash));
    });
    if (is_made) sync_file_system(site_.base());
  }

 private:
  void move_files(const KnownPatchset& p) {
    const bool is_copied = lies_elsewhere(site_) && exists(site_.arch() + "/" + p.name.file);
    const bool has_room = !is_copied || room_ >= p.archive_bytes + kMargin;
    move_to_trash(site_, p, trash_, has_room);
    if (is_copied && has_room) room_ -= p.archive_bytes;
    if (has_room) return;
    report_.not_kept.push_back(p.name.patchset.text);
    Query(site_.db(), "INSERT INTO pending_rename(source, target) VALUES(?1,'')").bind("arch/" + p.name.file).run();
  }

  void set_leaving(const std::set<std::string>& leaving, std::string& detail) {
    const auto before = leaving_names(site_);
    for (const auto& name : before)
      if (leaving.count(name) == 0) Query(site_.db(), "DELETE FROM leaving WHERE name=?1").bind(name).run();
    std::string added;
    for (const auto& name : leaving) {
      if (std::binary_search(before.begin(), before.end(), name)) continue;
      Query(site_.db(), "INSERT INTO leaving VALUES(?1,?2)").bind(name, now()).run();
      report_.newly_leaving.push_back(name);
      added += " " + name;
    }
    if (!added.empty()) detail += (detail.empty() ? " leaving:" : ", leaving:") + added;
  }

  Site& site_;
  CleanReport& report_;
  std::string trash_;
  std::uint64_t room_ = 0;
};

std::set<std::string> names_in(const std::vector<CleanItem>& items) {
  std::set<std::string> out;
  for (const auto& one : items) out.insert(one.name);
  return out;
}

}  // namespace

CleanPlan plan_clean(Site& site, const std::set<std::string>& at_once) {
  const auto all = patchsets(site);
  const auto judged = judge(snapshot_of(site, all, at_once));
  CleanPlan out;
  out.has_issued_receipt = has_issued_receipt(site);
  std::set<std::int64_t> going;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (judged[i].fate == Fate::goes) going.insert(all[i].id);
  const ObjectNeeds without(site, going);
  out.unread = without.unread();
  std::set<Digest> counted;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CleanItem item{all[i].name.patchset.text, judged[i], 0};
    if (judged[i].fate == Fate::stays) {
      out.stays.push_back(std::move(item));
      continue;
    }
    if (judged[i].fate == Fate::leaves) {
      out.leaves.push_back(std::move(item));
      continue;
    }
    item.bytes = bytes_freed(site, all[i], without, counted);
    out.bytes += item.bytes;
    out.goes.push_back(std::move(item));
  }
  count_objects(site, without, counted, out);
  return out;
}

CleanReport clean(Site& site, const CleanOrder& order) {
  CleanReport report;
  report.disk_was_full = order.disk_was_full || is_full(site.base());
  if (report.disk_was_full) give_back_reserve(site.base());
  report.emptied = empty_trash(site, order.empty_trash || report.disk_was_full);
  report.plan = plan_clean(site, order.at_once);
  if (order.only_these) std::erase_if(report.plan.goes, [&](const CleanItem& one) { return order.at_once.count(one.name) == 0; });
  const auto leaving = names_in(report.plan.leaves);
  const auto empty_again = [&] {
    const Emptied more = empty_trash(site, true);
    report.emptied.bytes += more.bytes;
    report.emptied.folders.insert(report.emptied.folders.end(), more.folders.begin(), more.folders.end());
  };
  // On a full disk one after the other, each out of the trash at once: a small step needs little room, and makes some.
  if (report.disk_was_full) {
    for (const auto& one : report.plan.goes) {
      Cleaning step(site, report);
      step.carry_out({one}, nullptr);
      step.sweep();
      empty_again();
    }
  }
  Cleaning rest(site, report);
  rest.carry_out(report.disk_was_full ? std::vector<CleanItem>() : report.plan.goes, order.only_these ? nullptr : &leaving);
  rest.sweep();
  if (report.disk_was_full || order.empty_trash) empty_again();
  take_reserve(site.base());
  return report;
}

}  // namespace patchferry::importer
