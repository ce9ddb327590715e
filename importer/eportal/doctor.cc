// SPDX-License-Identifier: Apache-2.0
// kc.eportal doctor: what `patchferry doctor` finds, in a file. Nothing is ever sent.
#include "importer/doctor.h"

#include <algorithm>
#include <fmt/format.h>

#include "importer/eportal/words.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

/// "doctor-2026-01-05-100000.txt"; another number behind it if two are written within a second.
std::string new_report(const std::string& folder) {
  std::string time = time_text(now()).substr(0, 19);
  std::erase(time, ':');
  std::replace(time.begin(), time.end(), ' ', '-');
  std::string path = folder + "/doctor-" + time + ".txt";
  for (unsigned n = 2; exists(path); ++n) path = fmt::format("{}/doctor-{}-{}.txt", folder, time, n);
  return path;
}

}  // namespace

int doctor(const Call&) {
  const Settings settings = read_settings("");
  const auto checks = examine_site(settings, Site::Wait::yes);
  const std::string folder = settings.base + "/reports";
  make_folders(folder, 0700);
  const std::string path = new_report(folder);
  write_file(path, as_bytes(report_text(settings.base, checks)), 0600);
  for (const auto& check : checks) {
    if (check.health == Health::error) error_line(check.name + ": " + check.text, check.hint);
    if (check.health == Health::warning) warn(check.name + ": " + check.text);
  }
  note("the report is in a file, and goes nowhere by itself");
  print(path);
  return is_healthy(checks) ? kDone : kRefused;
}

}  // namespace patchferry::importer::eportal
