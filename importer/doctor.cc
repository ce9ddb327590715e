// SPDX-License-Identifier: Apache-2.0
#include "importer/doctor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bundle-format/statement.h"
#include "importer/audit.h"
#include "importer/doctor_served.h"
#include "importer/ledger.h"
#include "importer/roots.h"
#include "importer/status.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"
#include "verifier/freshness.h"

namespace patchferry::importer {

namespace {

// Of what a file system holds, in per cent.
constexpr std::uint64_t kLittleFree = 5;
constexpr std::uint64_t kTooLittleFree = 1;

constexpr const char* kRestore = "stop changing this base, and put it back from a backup";

Check database(Site& site) {
  if (site.has_changed_database())
    return {"database", Health::error, "something has changed it on the disk since the last command", kRestore};
  Query integrity(site.db(), "PRAGMA integrity_check(1)");
  if (!integrity.step()) return {"database", Health::error, "it does not answer", kRestore};
  if (const std::string found = integrity.text(0); found != "ok") return {"database", Health::error, found, kRestore};
  Query keys(site.db(), "PRAGMA foreign_key_check");
  if (keys.step())
    return {"database", Health::error,
            "a row of table " + keys.text(0) + " is about something in " + keys.text(2) + " that is not there", kRestore};
  return {"database", Health::ok, "whole"};
}

Check audit_log(Site& site) {
  const auto log = verify_log(site.db());
  const auto head = verify_head(site.db(), site.log_head());
  if (!log) return {"audit", Health::error, log.error().text, "'patchferry log --verify' tells more; find out who did that"};
  if (!head) return {"audit", Health::error, head.error().text, "'patchferry log --verify' tells more; find out who did that"};
  return {"audit", Health::ok, count_text(log->entries, "entry") + ", an unbroken chain"};
}

Check archives(const Status& status) {
  if (status.missing > 0)
    return {"archives", Health::error, count_text(status.missing, "archive") + " missing that cannot be made again",
            "the next receipt asks for them: send it, and import the bundle that it brings"};
  if (status.can_be_made > 0)
    return {"archives", Health::warning,
            count_text(status.can_be_made, "archive") + " pending (" + size_text(status.bytes_to_make) + ")",
            "'patchferry archives' makes them"};
  return {"archives", Health::ok, size_text(status.arch_bytes) + " in arch/"};
}

Check arch_folder(const Site& site) {
  const std::string arch = site.arch();
  const auto target = read_symlink(arch);
  if (!is_folder(arch)) return {"arch", Health::error, arch + " is no folder", "is its file system mounted?"};
  if (::access(arch.c_str(), R_OK | W_OK | X_OK) != 0)
    return {"arch", Health::error, "nothing can be written to " + (target ? *target : arch) + ": " + std::strerror(errno),
            "is it mounted read-only, or owned by somebody else?"};
  return {"arch", Health::ok, target ? "leads to " + *target : "in the base"};
}

Check unpacking() {
  std::vector<std::string> lacking;
  unpacker::on_lacking({});  // it is said here
  try {
    lacking = unpacker::lacking();
  } catch (const SystemFailure& failure) {
    return {"unpacking", Health::error, std::string("no archive can be unpacked: ") + failure.what(),
            "the base is as it was. " + failure.hint()};
  }
  if (lacking.empty())
    return {"unpacking", Health::ok,
            "in a process that can open, send and start nothing (seccomp, Landlock, limits, no capabilities)"};
  return {"unpacking", Health::warning,
          fmt::format("what unpacks archives is not held as it should be: {} cannot be had here", fmt::join(lacking, " and ")),
          "use a newer kernel, or one that allows it: docs/security.md says what each is for"};
}

Check quarantine(const Status& status) {
  if (status.quarantine_bytes == 0) return {"quarantine", Health::ok, "empty"};
  return {"quarantine", Health::warning, size_text(status.quarantine_bytes) + " of an import that is not finished",
          "run it again, or bring the other volumes"};
}

Health judge_room(std::uint64_t left, std::uint64_t all) {
  if (all == 0 || left >= all / 100 * kLittleFree) return Health::ok;
  return left < all / 100 * kTooLittleFree ? Health::error : Health::warning;
}

Check space(const std::string& folder, std::uint64_t needed) {
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0) throw_errno("ask how full is", folder);
  const std::uint64_t left = std::uint64_t{room.f_bavail} * room.f_frsize;
  const std::uint64_t all = std::uint64_t{room.f_blocks} * room.f_frsize;
  Check check{"space", judge_room(left, all), size_text(left) + " of " + size_text(all) + " free at " + folder};
  if (left < needed) {
    check.health = Health::error;
    check.text += ", and pending archives need " + size_text(needed);
  }
  if (check.health != Health::ok) check.hint = "free some space: imports are refused when there is too little";
  return check;
}

Check inodes(const std::string& folder) {
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0) throw_errno("ask how full is", folder);
  Check check{"inodes", judge_room(room.f_favail, room.f_files), std::to_string(room.f_favail) + " free at " + folder};
  if (room.f_files == 0) check.text = "as many as there is space, at " + folder;
  if (check.health != Health::ok) check.hint = "each file of each patchset takes one: use a file system with more";
  return check;
}

Check clock(Site& site) {
  const std::uint64_t last = last_import(site);
  if (now() < last)
    return {"clock", Health::error, "it says " + time_text(now()) + ", before the last import (" + time_text(last) + ")",
            "set this machine's clock"};
  if (auto odd = clock_warning(site_time(site)); !odd.empty())
    return {"clock", Health::error, std::move(odd), "set this machine's clock"};
  return {"clock", Health::ok, time_text(now())};
}

Check trust(Site& site) {
  const auto all = anchors(site).anchors;
  if (all.empty())
    return {"trust", Health::error, "no key is believed, so no bundle is", "enrol one with 'patchferry trust add'"};
  for (const auto& anchor : all)
    if (anchor.root.version < anchor.version)
      return {
          "trust", Health::error,
          fmt::format("trust/ has root document {} of {}, and {} is known", anchor.root.version, name_of(anchor), anchor.version),
          "put the file back, or take it from a bundle or with 'patchferry trust update'"};
  return {"trust", Health::ok, count_text(all.size(), "trust domain") + " enrolled"};
}

/// Root documents have no date of expiry; what they sign may have.
Check expiry(Site& site) {
  Query last(site.db(),
             "SELECT document, sequence FROM ledger WHERE document IS NOT NULL ORDER BY imported DESC, sequence DESC LIMIT 1");
  if (!last.step()) return {"expiry", Health::ok, "no bundle has been imported"};
  const auto statement = decode_statement(last.blob(0));
  const std::string name = "bundle " + std::to_string(last.number(1)) + ", the last one,";
  if (!statement) return {"expiry", Health::error, "what is known of " + name + " is unreadable", kRestore};
  if (statement->expires == 0) return {"expiry", Health::ok, name + " is good for ever"};
  const std::string until = time_text(statement->expires);
  if (is_expired(statement->expires, site_time(site)))
    return {"expiry", Health::warning, name + " was good until " + until, "bring a newer one"};
  return {"expiry", Health::ok, name + " is good until " + until};
}

/// The clock has a check of its own.
void add_alarms(const Status& status, std::vector<Check>& out) {
  bool any = false;
  for (const auto& alarm : status.alarms) {
    if (alarm.kind == "clock") continue;
    any = true;
    const bool is_error = alarm.kind == "fork" || alarm.kind == "needs-head";
    out.push_back(
        {"alarm " + alarm.kind, is_error ? Health::error : Health::warning, alarm.text, "docs/trust.md says what to do"});
  }
  if (!any) out.push_back({"alarms", Health::ok, "none"});
}

/// A machine that fails in the middle of a check is what the check has found.
void add(std::vector<Check>& out, const char* name, const std::function<Check()>& check) {
  try {
    out.push_back(check());
  } catch (const SystemFailure& failure) {
    out.push_back({name, Health::error, failure.what(), failure.hint()});
  } catch (const UsageError& misses) {  // what a person has chosen is not there any more
    out.push_back({name, Health::error, misses.what(), misses.hint()});
  }
  if (out.back().health != Health::ok && out.back().hint.empty()) out.back().hint = kRestore;
}

std::vector<Check> examine(Site& site) {
  std::vector<Check> out;
  add(out, "database", [&] { return database(site); });
  add(out, "audit", [&] { return audit_log(site); });
  ServedTree served;
  add(out, "feeds", [&] { return check_feeds(site, served); });
  add(out, "links", [&] { return check_links(served); });
  add(out, "pointers", [&] { return check_pointers(served); });
  add(out, "access", [&] { return check_access(site, served); });
  Status status;
  add(out, "archives", [&] {
    status = status_of(site);
    return archives(status);
  });
  add(out, "arch", [&] { return arch_folder(site); });
  add(out, "space", [&] { return space(site.base(), read_symlink(site.arch()) ? 0 : status.bytes_to_make); });
  add(out, "inodes", [&] { return inodes(site.base()); });
  if (read_symlink(site.arch())) add(out, "space", [&] { return space(site.arch(), status.bytes_to_make); });
  add(out, "quarantine", [&] { return quarantine(status); });
  add(out, "unpacking", [&] { return unpacking(); });
  add(out, "clock", [&] { return clock(site); });
  add(out, "trust", [&] { return trust(site); });
  add(out, "expiry", [&] { return expiry(site); });
  add_alarms(status, out);
  return out;
}

}  // namespace

const char* word_for(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warning: return "warning";
    case Health::error: return "error";
  }
  return "?";
}

std::vector<Check> examine_site(const Settings& settings, Site::Wait wait) {
  try {
    Site site(settings, wait);
    return examine(site);
  } catch (const SystemFailure& failure) {
    if (failure.error() == EWOULDBLOCK) throw;  // somebody works there, which is no illness
    return {{"base", Health::error, failure.what(), failure.hint().empty() ? kRestore : failure.hint()}};
  }
}

bool is_healthy(const std::vector<Check>& checks) {
  return std::none_of(checks.begin(), checks.end(), [](const Check& check) { return check.health == Health::error; });
}

std::string report_text(const std::string& base, const std::vector<Check>& checks) {
  std::string out = fmt::format("patchferry {}, base {}, {}\n\n", PATCHFERRY_VERSION, base, time_text(now()));
  for (const auto& check : checks) {
    out += fmt::format("{:<8} {:<12} {}\n", word_for(check.health), check.name, check.text);
    if (!check.hint.empty()) out += fmt::format("{:22}{}\n", "", check.hint);
  }
  return out;
}

}  // namespace patchferry::importer
