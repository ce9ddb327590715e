// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaned.h"

#include <algorithm>

#include "system/calendar.h"

namespace patchferry::importer {

namespace {

constexpr const char* kReceiptAt = "receipt_at";  // in identity: when the newest receipt was written

std::vector<std::string> names_of(Site& site, const char* sql) {
  std::vector<std::string> out;
  Query all(site.db(), sql);
  while (all.step()) out.push_back(all.text(0));
  std::sort(out.begin(), out.end());
  return out;
}

void promise(Site& site, const Receipt& receipt) {
  Query one(site.db(), "INSERT OR IGNORE INTO promised VALUES(?1)");
  for (const auto& p : receipt.patchsets) one.bind(p.name).run();
  Query(site.db(), "INSERT OR REPLACE INTO identity VALUES(?1,?2)").bind(kReceiptAt, std::to_string(receipt.issued)).run();
}

}  // namespace

std::vector<std::string> cleaned_names(Site& site) { return names_of(site, "SELECT name FROM cleaned"); }

std::optional<CleanedPatchset> cleaned_patchset(Site& site, const std::string& name) {
  Query one(site.db(), "SELECT sha256, signed FROM cleaned WHERE name=?1");
  if (!one.bind(name).step()) return std::nullopt;
  return CleanedPatchset{one.array<32>(0), one.integer(1) != 0};
}

std::vector<std::string> leaving_names(Site& site) { return names_of(site, "SELECT name FROM leaving"); }

std::vector<std::string> promised_names(Site& site) { return names_of(site, "SELECT name FROM promised"); }

bool has_issued_receipt(Site& site) {
  return Query(site.db(), "SELECT 1 FROM identity WHERE key=?1 UNION SELECT 1 FROM promised").bind(kReceiptAt).step();
}

void add_promise(Site& site, const Receipt& receipt) {
  Transaction transaction(site.db());
  promise(site, receipt);
  transaction.commit();
}

void record_promise(Site& site, const Receipt& receipt) {
  Transaction transaction(site.db());
  Query(site.db(), "DELETE FROM promised").run();
  promise(site, receipt);
  transaction.commit();
}

void forget_cleaned(Site& site, const std::string& name, std::int64_t patchset) {
  Query(site.db(), "DELETE FROM cleaned WHERE name=?1").bind(name).run();
  Query(
      site.db(),
      "INSERT INTO feed_change(feed, revision, patchset, was, why, at) SELECT feed, revision, ?2, was, why, at FROM cleaned_change WHERE name=?1")
      .bind(name, patchset)
      .run();
  Query(site.db(), "DELETE FROM cleaned_change WHERE name=?1").bind(name).run();
}

std::vector<std::string> cleaned_since(Site& site, const Feed& feed, std::uint64_t revision) {
  std::vector<std::string> out;
  // min() lets `was` be that of the first change after it.
  Query changes(site.db(),
                "SELECT name, was, min(revision) FROM cleaned_change WHERE feed=?1 AND revision>?2 GROUP BY name ORDER BY name");
  changes.bind(feed.id, revision);
  while (changes.step())
    if (!changes.is_null(1) && changes.text(1) == "enabled") out.push_back(changes.text(0));
  return out;
}

}  // namespace patchferry::importer
