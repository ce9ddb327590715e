// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/coverage.h"

#include <map>

#include "bundle-format/archive/layout_profile.h"
#include "importer/catalogue.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

struct Known {
  std::string name;
  std::string product;
  std::size_t rank = 0;  // in release order
};

std::map<std::int64_t, Known> known_patchsets(Site& site) {
  std::map<std::int64_t, Known> out;
  for (const auto& p : patchsets(site)) {
    const std::size_t rank = out.size();
    out[p.id] = {p.name.patchset.text, p.name.patchset.product, rank};
  }
  return out;
}

/// One row of the table of levels.
struct Row {
  std::uint64_t level = 0;
  const Known* patchset = nullptr;
  Digest digest{};
  std::string kernel;
};

/// As feed_folder.h has it: the highest level, out of the newest patchset that has it.
void keep_best(std::optional<Row>& best, const Row& row) {
  if (!best || best->level < row.level || (best->level == row.level && best->patchset->rank < row.patchset->rank)) best = row;
}

struct Sides {
  std::optional<Row> before, after;
};

std::optional<Served> served_of(const std::optional<Row>& row) {
  if (!row) return std::nullopt;
  return Served{row->patchset->name, row->level, row->digest, !row->kernel.empty()};
}

LevelChange change_of(const std::string& ident, const Sides& sides) {
  LevelChange out;
  out.ident = ident;
  if (sides.after) out.kernel = sides.after->kernel;
  if (out.kernel.empty() && sides.before) out.kernel = sides.before->kernel;
  if (out.kernel.empty()) out.kernel = ident;
  out.from = served_of(sides.before);
  out.to = served_of(sides.after);
  return out;
}

}  // namespace

Shown shown_in(Site& site, const Feed& feed) {
  Shown out;
  Query rows(site.db(),
             "SELECT patchset.id FROM feed_state JOIN patchset ON patchset.id=feed_state.patchset WHERE feed=?1 AND "
             "state='enabled' AND withdrawn=0 AND unpacked=1 AND awaited=0");
  rows.bind(feed.id);
  while (rows.step()) out.insert(rows.integer(0));
  return out;
}

void compare_levels(Site& site, const std::vector<Alternative>& alternatives,
                    const std::function<void(std::size_t, LevelChange)>& each) {
  const auto known = known_patchsets(site);
  std::string ident;
  std::map<std::string, std::vector<Sides>> served;  // by folder: a khash and a build id may look alike
  const auto finish = [&] {
    for (const auto& [folder, all] : served)
      for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].before || all[i].after) each(i, change_of(ident, all[i]));
    served.clear();
  };
  // By the primary key, so nothing is sorted.
  Query rows(site.db(), "SELECT ident, level, patchset, digest, kernel FROM level ORDER BY ident, level, patchset");
  while (rows.step()) {
    const std::int64_t id = rows.integer(2);
    if (rows.text(0) != ident) {
      finish();
      ident = rows.text(0);
    }
    const Known& patchset = known.at(id);
    const Row row{rows.number(1), &patchset, rows.array<32>(3), rows.text(4)};
    for (std::size_t i = 0; i < alternatives.size(); ++i) {
      const bool before = alternatives[i].before.count(id) != 0;
      const bool after = alternatives[i].after.count(id) != 0;
      if (!before && !after) continue;
      auto& all = served[served_folder(patchset.product, ident)];
      all.resize(alternatives.size());
      if (before) keep_best(all[i].before, row);
      if (after) keep_best(all[i].after, row);
    }
  }
  finish();
}

ReadInfo info_reader(const Site& site) {
  return [&site](const LevelChange& change, const Served& level) -> std::optional<KpatchInfo> {
    const std::string folder = site.resources(level.patchset) + "/" + change.ident + "/" + std::to_string(level.level);
    if (!is_folder(folder)) return std::nullopt;
    if (!is_regular(folder + "/kpatch.info")) return level.is_named ? std::nullopt : std::optional(KpatchInfo());
    const auto text = read_whole(folder + "/kpatch.info", kMaxKpatchInfo);
    return text ? parse_kpatch_info(as_text(*text)) : KpatchInfo();  // as when it was unpacked
  };
}

ProtectionChange compare_feeds(Site& site, const Shown& before, const Shown& after) {
  std::vector<LevelChange> changes;
  compare_levels(site, {{before, after}}, [&](std::size_t, LevelChange change) {
    if (turn_of(change) != Turn::unchanged) changes.push_back(std::move(change));
  });
  return compare(std::move(changes), info_reader(site));
}

}  // namespace patchferry::importer
