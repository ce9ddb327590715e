// SPDX-License-Identifier: Apache-2.0
#include "importer/status.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>
#include <sys/stat.h>

#include "importer/holdings.h"
#include "importer/ledger.h"
#include "importer/trash.h"
#include "system/calendar.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

/// Each file once, however many names it has there.
std::uint64_t bytes_beneath(const std::string& folder) {
  namespace fs = boost::filesystem;
  std::uint64_t total = 0;
  std::set<std::pair<dev_t, ino_t>> linked;
  boost::system::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat st {};
    if (::lstat(it->path().c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
    if (st.st_nlink > 1 && !linked.emplace(st.st_dev, st.st_ino).second) continue;
    total += static_cast<std::uint64_t>(st.st_size);
  }
  return total;
}

}  // namespace

Status status_of(Site& site) {
  Status s;
  Holdings holdings(site);
  for (const auto& entry : ledger(site).imported) s.sequence = std::max(s.sequence, entry.sequence);
  s.alarms = alarms(site);
  s.last_import = last_import(site);
  for (const auto& p : patchsets(site)) {
    if (!p.withdrawn) s.newest = p;
    if (in_arch(site, p.name, p.archive_bytes)) {
      s.arch_bytes += p.archive_bytes;
      continue;
    }
    const bool is_wanted = !p.recipe || p.archive_state != ArchiveState::never;
    if (is_wanted) s.pending.push_back(p.name.patchset.text);
    if (!holdings.can_be_made(p)) {
      ++s.missing;
      continue;
    }
    if (!is_wanted) {
      ++s.never;
      continue;
    }
    ++s.can_be_made;
    s.bytes_to_make += p.archive_bytes;
  }
  if (s.newest) {
    const auto today = static_cast<std::int64_t>(now() / 86400);
    s.newest_age_days =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, today - days_since_1970(s.newest->name.patchset.released)));
  }
  s.quarantine_bytes = bytes_beneath(site.quarantine());
  s.trash_bytes = trash_bytes(site);
  s.free = free_bytes(site.base());
  return s;
}

}  // namespace patchferry::importer
