// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/check.h"

#include "bundle-format/site_key.h"
#include "importer/audit.h"
#include "importer/catalogue.h"
#include "importer/roots.h"
#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

constexpr const char* kRestore = "is the disk failing? Put the base back from a backup";
constexpr const char* kDatabase = "patchferry.sqlite";

/// What a check that cannot even be made says of itself.
template <class Check>
void guarded(CheckReport& report, const char* kind, const std::string& path, Check check) {
  try {
    check();
  } catch (const SystemFailure& failure) {
    report.add(kind, path, failure.what(), failure.hint().empty() ? kRestore : failure.hint());
  } catch (const UsageError& error) {
    report.add(kind, path, error.what(), error.hint());
  }
}

void check_log(Site& site, CheckReport& report) {
  const auto chain = verify_log(site.db());
  if (!chain) return report.add("audit", kDatabase, chain.error().text, chain.error().hint);
  if (const auto head = verify_head(site.db(), site.log_head()); !head)
    report.add("audit", "audit.head", head.error().text, head.error().hint);
}

void check_keys(Site& site, CheckReport& report) {
  const std::string wanted = encode_site_public_key(site.secret().public_half());
  const std::string path = site.path("site.pub");
  const auto found = is_regular(path) ? read_whole(path, 1 << 16) : std::nullopt;
  if (found && std::string(as_text(*found)) == wanted) return;
  report.parts.public_key = true;
  report.add("site-key", "site.pub", "it is not the public half of site.key", "'patchferry check --repair' writes it again");
}

}  // namespace

void CheckReport::add(std::string kind, std::string path, std::string text, std::string hint) {
  damages.push_back({std::move(kind), std::move(path), std::move(text), std::move(hint)});
}

void report_sum(SumState state, CheckReport& report) {
  if (state == SumState::differs)
    report.add(
        "database", kDatabase, "it has changed on this disk since the last command: a byte in it is not what was written",
        "put it back from a backup; without one, take patchferry.sqlite.sum away, and 'patchferry check' says what SQLite itself finds");
  if (state == SumState::unreadable)
    report.add(
        "database-sum", "patchferry.sqlite.sum",
        "it is not what a command has written, so the database cannot be compared with it",
        "is the disk failing? Once SQLite finds nothing wrong with the database, 'patchferry check --repair' vouches for it anew");
}

bool check_database(Site& site, CheckReport& report) {
  const std::size_t before = report.damages.size();
  guarded(report, "database", kDatabase, [&] {
    Query integrity(site.db(), "PRAGMA integrity_check(20)");
    while (integrity.step())
      if (const std::string text = integrity.text(0); text != "ok") report.add("database", kDatabase, text, kRestore);
    Query keys(site.db(), "PRAGMA foreign_key_check");
    while (keys.step())
      report.add("database", kDatabase, "table " + keys.text(0) + " has a row about what table " + keys.text(2) + " has not",
                 kRestore);
  });
  return report.damages.size() == before;
}

void check_records(Site& site, CheckReport& report) {
  guarded(report, "audit", kDatabase, [&] { check_log(site, report); });
  guarded(report, "trust", "trust", [&] { anchors(site); });
  guarded(report, "site-key", "site.key", [&] { check_keys(site, report); });
}

void check_files(Site& site, CheckReport& report) {
  check_objects(site, report);
  check_archives(site, report);
  check_trees(site, report);
  check_feeds(site, report);
  check_records(site, report);
}

std::string who_brings(Site& site, const Digest& object) {
  Query holder(site.db(),
               "SELECT name, bundle FROM patchset WHERE recipe=?1 OR id IN (SELECT patchset FROM content WHERE sha256=?1) "
               "ORDER BY bundle IS NULL, release_key LIMIT 1");
  if (!holder.bind(object).step()) return "nothing needs it: --repair takes it away";
  if (holder.is_null(1))
    return holder.text(0) +
           " has it, which came by itself: deploy its archive again; or make a receipt, and the next bundle may bring it";
  return "bundle " + std::to_string(holder.number(1)) + " brought it, with " + holder.text(0) +
         "; make a receipt, and the next bundle brings it again";
}

}  // namespace patchferry::importer
