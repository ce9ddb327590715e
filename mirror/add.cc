// SPDX-License-Identifier: Apache-2.0
#include "mirror/add.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"

namespace patchferry::mirror {

namespace {

/// Copies `from` to `to` and returns the hash of what was copied.
Digest copy_hashing(const Fd& from, const Fd& to, const std::function<void(std::uint64_t)>& on_bytes) {
  Hasher hasher;
  Bytes buffer(std::size_t{1} << 20);
  while (const std::size_t n = read_up_to(from, std::span(buffer))) {
    const auto part = std::span(buffer).first(n);
    hasher.add(part);
    write_all(to, part);
    if (on_bytes) on_bytes(n);
  }
  return hasher.finish();
}

bool looks_like_archive(const std::string& name) {
  return !name.starts_with('.') && (name.ends_with(".tar.bz2") || name.ends_with(".tgz"));
}

/// One run over many files, one after the other: an archive keeps all cores busy.
class Adding {
 public:
  Adding(Store& store, const std::function<void(std::uint64_t)>& on_bytes) : store_(store), on_bytes_(on_bytes) {}

  void add(const std::string& path) {
    auto done = try_add(path);
    if (!done) {
      report_.refused.push_back(std::move(done.error()).in(path));
    }
  }

  AddReport finish() {
    const auto release_order = [](const std::string& a, const std::string& b) {
      return *parse_patchset_name(a) < *parse_patchset_name(b);
    };
    std::sort(report_.added.begin(), report_.added.end(), release_order);
    std::sort(report_.present.begin(), report_.present.end(), release_order);
    std::sort(report_.restored.begin(), report_.restored.end(), release_order);
    std::sort(report_.refused.begin(), report_.refused.end(), [](const auto& a, const auto& b) { return a.where < b.where; });
    return std::move(report_);
  }

 private:
  Result<void> try_add(const std::string& path) {
    auto name = parse_archive_name(file_name_of(path));
    if (!name) return tl::unexpected(std::move(name.error()));
    const Fd source = open_file(path, O_RDONLY | O_NONBLOCK);  // a FIFO must not hang us
    if (!S_ISREG(stat_of(source).st_mode)) return refuse(RefusalKind::not_regular, "it is not a file");

    AtomicFile copy(store_.archive_path(name->file), 0444);
    StoredPatchset patchset;
    patchset.name = *name;
    patchset.archive = copy_hashing(source, copy.file(), on_bytes_);
    patchset.archive_bytes = size_of(copy.file());
    patchset.first_seen = now();
    if (auto known = store_.find(name->patchset.text)) {
      if (known->archive != patchset.archive)
        return refuse(RefusalKind::conflict, "the store has another archive under this name, with other bytes",
                      "find out from the vendor's checksums which of the two is right");
      const std::string kept = store_.archive_path(known->name.file);
      const bool sound = exists(kept) && hash_file(open_file(kept, O_RDONLY)) == known->archive;
      if (!sound) copy.commit();
      (sound ? report_.present : report_.restored).push_back(name->patchset.text);
      return {};
    }
    auto apart = take_apart(copy.file(), *name, patchset.archive, unsigned_limits(patchset.archive_bytes), store_.contents());
    if (!apart) return tl::unexpected(std::move(apart.error()));
    patchset.expanded_bytes = apart->contents.expanded_bytes;
    copy.commit();
    store_.record(patchset, *apart);
    if (!apart->travel.recipe) report_.verbatim.push_back({name->patchset.text, apart->travel.why});
    report_.added.push_back(name->patchset.text);
    return {};
  }

  Store& store_;
  const std::function<void(std::uint64_t)>& on_bytes_;
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

AddReport add_archives(Store& store, const std::vector<std::string>& files, const std::function<void(std::uint64_t)>& on_bytes) {
  Adding adding(store, on_bytes);
  for (const auto& file : files) adding.add(file);
  return adding.finish();
}

}  // namespace patchferry::mirror
