// SPDX-License-Identifier: Apache-2.0
#include "mirror/add.h"

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/stat.h>

#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "system/rel_path.h"

namespace patchferry::mirror {

namespace {

bool looks_like_archive(const std::string& name) {
  return !name.starts_with('.') && (name.ends_with(".tar.bz2") || name.ends_with(".tgz"));
}

/// One run over many files; the catalogue is used by one thread at a time.
class Adding {
 public:
  Adding(Store& store, std::string channel, const std::function<void(std::uint64_t)>& on_bytes)
      : store_(store), channel_(std::move(channel)), on_bytes_(on_bytes) {}

  void add(const std::string& path) {
    LargeTurn turn;
    auto done = try_add(path, turn);
    if (done) return;
    const std::lock_guard hold(mutex_);
    report_.refused.push_back(std::move(done.error()).in(path));
  }

  AddReport finish() {
    const auto release_order = [](const std::string& a, const std::string& b) {
      return *parse_patchset_name(a) < *parse_patchset_name(b);
    };
    std::sort(report_.added.begin(), report_.added.end(), release_order);
    std::sort(report_.present.begin(), report_.present.end(), release_order);
    std::sort(report_.moved.begin(), report_.moved.end(), release_order);
    std::sort(report_.restored.begin(), report_.restored.end(), release_order);
    std::sort(report_.refused.begin(), report_.refused.end(), [](const auto& a, const auto& b) { return a.where < b.where; });
    return std::move(report_);
  }

 private:
  Result<void> try_add(const std::string& path, LargeTurn& turn) {
    auto name = parse_archive_name(file_name_of(path));
    if (!name) return tl::unexpected(std::move(name.error()));
    const Fd source = open_file(path, O_RDONLY | O_NONBLOCK);  // a FIFO must not hang us
    if (!S_ISREG(stat_of(source).st_mode)) return refuse(RefusalKind::not_regular, "it is not a file");

    AtomicFile copy(store_.archive_path(name->file), 0444);
    StoredPatchset patchset;
    patchset.name = *name;
    patchset.archive = copy_hashing(source, copy.file());
    patchset.archive_bytes = size_of(copy.file());
    patchset.first_seen = now();
    if (!channel_.empty()) patchset.channel = channel_;
    if (auto known = find(name->patchset.text)) return meet_again(*known, patchset.archive, copy, turn);
    auto apart = take_apart(copy.file(), *name, patchset.archive, unsigned_limits(patchset.archive_bytes), store_.contents(),
                            turn, on_bytes_);
    if (!apart) return tl::unexpected(std::move(apart.error()));
    patchset.expanded_bytes = apart->contents.expanded_bytes;
    copy.commit();
    const std::lock_guard hold(mutex_);
    store_.record(patchset, *apart);
    if (!apart->travel.recipe) report_.verbatim.push_back({name->patchset.text, apart->travel.why});
    report_.added.push_back(name->patchset.text);
    return {};
  }

  /// The store knows the patchset: what it has lost of it is put back.
  Result<void> meet_again(const StoredPatchset& known, const Digest& archive, AtomicFile& copy, LargeTurn& turn) {
    if (known.archive != archive)
      return refuse(RefusalKind::conflict, "the store has another archive under this name, with other bytes",
                    "find out from the vendor's checksums which of the two is right");
    const std::string kept = store_.archive_path(known.name.file);
    const bool sound = exists(kept) && hash_file(open_file(kept, O_RDONLY)) == known.archive;
    if (!sound) copy.commit();
    const bool whole = [&] {
      const std::lock_guard hold(mutex_);
      const auto travel = store_.travel_of(known.archive);
      // One that could not be made again is tried once more: it may have been this machine's fault, or an older program's.
      const bool may_do_better = travel && !travel->recipe && known.name.compression == Compression::bzip2;
      return store_.has_contents(known) && !may_do_better;
    }();
    if (!whole) {
      const auto apart = take_apart(open_file(kept, O_RDONLY), known.name, known.archive, ArchiveLimits{known.expanded_bytes},
                                    store_.contents(), turn);
      if (!apart) return tl::unexpected(apart.error());
      const std::lock_guard hold(mutex_);
      store_.record_again(known, *apart);
      if (!apart->travel.recipe) report_.verbatim.push_back({known.name.patchset.text, apart->travel.why});
    }
    if (on_bytes_) on_bytes_(known.archive_bytes);
    const std::lock_guard hold(mutex_);
    if (!channel_.empty() && channel_ != known.channel) {
      store_.set_channel(known.id, channel_);
      report_.moved.push_back(known.name.patchset.text);
    }
    (sound && whole ? report_.present : report_.restored).push_back(known.name.patchset.text);
    return {};
  }

  std::optional<StoredPatchset> find(const std::string& name) {
    const std::lock_guard hold(mutex_);
    return store_.find(name);
  }

  Store& store_;
  std::string channel_;
  const std::function<void(std::uint64_t)>& on_bytes_;
  std::mutex mutex_;
  AddReport report_;
};

}  // namespace

std::vector<std::string> archives_in(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) {
    if (!exists(path)) throw UsageError("there is no " + printable(path), "look with 'ls'");
    if (!is_folder(path)) {
      out.push_back(path);
      continue;
    }
    for (const auto& name : folder_entries(path))
      if (looks_like_archive(name)) out.push_back(path + "/" + name);
  }
  return out;
}

AddReport add_archives(Store& store, const std::vector<std::string>& files, const std::string& channel,
                       const std::function<void(std::uint64_t)>& on_bytes) {
  Adding adding(store, channel, on_bytes);
  // Files of one patchset go one after the other, so that the second meets the first in the catalogue.
  std::map<std::string, std::vector<std::string>> by_name;
  for (const auto& file : files) {
    const auto name = parse_archive_name(file_name_of(file));
    by_name[name ? name->patchset.text : file].push_back(file);
  }
  std::vector<std::vector<std::string>> groups;
  for (auto& [name, group] : by_name) groups.push_back(std::move(group));
  // Each keeps all cores busy by itself, but for where it begins and ends.
  constexpr std::size_t kAtOnce = 2;
  const auto add_group = [&](std::size_t i) {
    for (const auto& file : groups[i]) adding.add(file);
  };
  parallel_for(groups.size(), add_group, kAtOnce);
  return adding.finish();
}

}  // namespace patchferry::mirror
