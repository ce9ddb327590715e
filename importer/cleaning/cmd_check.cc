// SPDX-License-Identifier: Apache-2.0
// patchferry check: reads everything again, and says what is no longer what was put there.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "importer/cleaning/check.h"
#include "importer/cleaning/cleaning_commands.h"
#include "importer/cleaning/repair.h"
#include "importer/commands.h"
#include "importer/trash.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/lock.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr std::size_t kMostShown = 40;  // findings, to people

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"repair", "put right what can be put right with what is here", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: ok, findings[], repaired[], checked", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry check --base DIR [--repair]",
    "Reads all contents, archives and trees again and compares them with their hashes; then the feeds, the database, the audit log and the\n"
    "keys. With --repair, what has rotten is moved to the trash and comes back from where a good copy is, or is named with who can bring it.",
    kOptions,
    "patchferry check --base /var/lib/patchferry",
};

struct Checked {
  CheckReport report;
  std::vector<Damage> repaired;
  bool is_opened = false;
};

/// Before anything opens the database, with nobody else at work.
SumState sum_of(const Settings& settings, bool wait) {
  if (!exists(settings.base + "/patchferry.sqlite")) return SumState::none;  // opening it says so
  const Lock lock = Lock::take(settings.base + "/lock", wait, [&] { note("waiting for another command on " + settings.base); });
  return compare_sum(settings.base);
}

bool are_same(const Damage& a, const Damage& b) { return a.kind == b.kind && a.path == b.path; }

/// Looks again: what is no longer found is repaired.
void repair_and_look(Site& site, Checked& out) {
  const CheckReport before = std::move(out.report);
  repair(site, before.parts);
  out.report = CheckReport();
  check_files(site, out.report);
  for (const auto& one : before.damages) {
    bool remains = false;
    for (const auto& other : out.report.damages) remains = remains || are_same(one, other);
    if (!remains) out.repaired.push_back(one);
  }
  std::string detail;
  for (const auto& one : out.repaired) detail += (detail.empty() ? "repaired: " : ", ") + one.path;
  if (!out.repaired.empty()) site.audit({.what = "check", .detail = detail});
}

Checked look(const Arguments& args, const Settings& settings, SumState sum) {
  Checked out;
  report_sum(sum, out.report);
  // Whatever else were found would be found by a database that is wrong.
  if (sum == SumState::differs) return out;
  try {
    Site site(settings, args.has("no-wait") ? Site::Wait::no : Site::Wait::yes);
    out.is_opened = check_database(site, out.report);
    if (!out.is_opened) return out;
    recover(site);
    check_files(site, out.report);
    if (args.has("repair") && !out.report.damages.empty()) repair_and_look(site, out);
  } catch (const SystemFailure& failure) {
    // Another command at work, or a full disk, is no damage.
    if (failure.error() != 0 || out.is_opened) throw;
    out.report.add("database", "patchferry.sqlite", failure.what(),
                   failure.hint().empty() ? "is the disk failing? Put the base back from a backup" : failure.hint());
  }
  return out;
}

nlohmann::json damages_json(const std::vector<Damage>& all) {
  auto out = nlohmann::json::array();
  for (const auto& one : all) out.push_back({{"kind", one.kind}, {"path", one.path}, {"text", one.text}, {"hint", one.hint}});
  return out;
}

/// To people; where much is wrong, the rest is more of the same. A hint is said once in a row.
void print_some(const std::vector<Damage>& all) {
  const std::string* last = nullptr;
  for (std::size_t i = 0; i < std::min(all.size(), kMostShown); ++i) {
    print(all[i].kind + ": " + all[i].path + ": " + all[i].text);
    if (!all[i].hint.empty() && (last == nullptr || *last != all[i].hint)) print("  " + all[i].hint);
    last = &all[i].hint;
  }
  if (all.size() > kMostShown) print("and " + std::to_string(all.size() - kMostShown) + " more: --json lists them all");
}

void print_all(const Arguments& args, const Checked& done) {
  if (args.has("json")) {
    const CheckReport& r = done.report;
    print(
        nlohmann::json({{"ok", r.damages.empty()},
                        {"findings", damages_json(r.damages)},
                        {"repaired", damages_json(done.repaired)},
                        {"checked", {{"objects", r.objects}, {"archives", r.archives}, {"trees", r.trees}, {"bytes", r.bytes}}}})
            .dump(2));
    return;
  }
  for (const auto& one : done.repaired) print("repaired: " + one.path + ": " + one.text);
  print_some(done.report.damages);
  if (is_quiet()) return;
  if (done.is_opened)
    print("checked " + count_text(done.report.objects, "content") + ", " + count_text(done.report.archives, "archive") + " and " +
          count_text(done.report.trees, "tree") + ", " + size_text(done.report.bytes) + ": " +
          (done.report.damages.empty() ? "all is as it was put there" : count_text(done.report.damages.size(), "finding")));
  else
    note("nothing else was looked at: it would be compared with a database that is wrong");
}

}  // namespace

int cmd_check(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "check");
  const Settings settings = settings_of(args);
  const SumState sum = sum_of(settings, !args.has("no-wait"));
  if (sum == SumState::interrupted)
    note("the last command that changed the database was interrupted, so its sum tells nothing: SQLite's own check has to do");
  if (sum == SumState::none && exists(settings.base + "/patchferry.sqlite"))
    note("nobody has vouched for the database yet: SQLite's own check has to do");
  Checked done = look(args, settings, sum);
  if (done.is_opened) {
    const bool may_vouch =
        sum == SumState::none || sum == SumState::interrupted || (sum == SumState::unreadable && args.has("repair"));
    if (may_vouch && write_sum(settings.base) && sum == SumState::unreadable) {
      std::erase_if(done.report.damages, [&](const Damage& one) {
        if (one.kind != "database-sum") return false;
        done.repaired.push_back(one);
        return true;
      });
    }
  }
  print_all(args, done);
  if (done.report.damages.empty()) return kDone;
  return done.repaired.empty() ? kRefused : kInPart;
}

}  // namespace patchferry::importer
