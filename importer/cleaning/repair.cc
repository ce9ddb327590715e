// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/repair.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "bundle-format/site_key.h"
#include "importer/archives.h"
#include "importer/catalogue.h"
#include "importer/holdings.h"
#include "importer/mend.h"
#include "importer/objects.h"
#include "importer/publish.h"
#include "importer/trash.h"
#include "importer/trees.h"
#include "importer/unpack.h"
#include "importer/work_folder.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

namespace fs = boost::filesystem;

bool is_file(const std::string& path, const Digest& hash) {
  try {
    return is_regular(path) && hash_file(open_file(path, O_RDONLY)) == hash;
  } catch (const SystemFailure&) {  // what cannot be read is no good copy
    return false;
  }
}

class Repair {
 public:
  Repair(Site& site, const DamagedParts& parts) : site_(site), parts_(parts), trash_(site.path(new_trash_folder(site))) {}

  void objects() {
    for (const auto& [hash, file] : parts_.objects) {
      if (file) move_aside(site_.object_path(hash), "objects");
      if (const auto good = copy_elsewhere(hash)) put_back(hash, *good);
    }
    sync_file_system(site_.base());
    // The rest out of recipes and archives, with the trees that have it.
    ArchivesReport report;
    mend_contents(site_, report);
    for (const auto& one : report.failed) error_line(one.text, one.hint);
    for (const auto& [hash, file] : parts_.objects) {
      if (file) link_again(hash, *file);
      if (!exists(site_.object_path(hash))) do_without_recipe(hash);
    }
  }

  void trees() {
    const WorkFolder folder(site_, "repair");
    Trees trees(site_);
    for (const auto& name : parts_.trees) {
      const auto p = find_patchset(site_, name);
      if (!p) continue;
      const auto made = laid_out(*p, folder.path());
      if (!made) {
        error_line("cannot lay out " + site_.resources(name) + " again: " + made.error().text, made.error().hint);
        continue;
      }
      trees.renew(folder.path(), {name});
      sync_file_system(site_.base());
      place_objects(site_, folder.path());
    }
    for (const auto& one : trees.failures()) error_line(one.text, one.hint);
  }

  void archives() {
    std::vector<KnownPatchset> wanted;
    for (const auto& name : parts_.archives) {
      const auto p = find_patchset(site_, name);
      if (!p) continue;
      const std::string path = site_.arch() + "/" + p->name.file;
      if (exists(path)) move_aside(path, name);
      if (!p->recipe) continue;
      set_archive_state(site_, name, ArchiveState::pending);
      wanted.push_back(*find_patchset(site_, name));
    }
    ArchivesReport report;
    rebuild_archives(site_, wanted, report);
    for (const auto& one : report.failed) error_line(one.text, one.hint);
  }

  void feeds() {
    if (parts_.feeds.empty()) return;
    // As if something had changed that nobody has written down: then all of it is looked at.
    for (const auto& name : parts_.feeds)
      Query(site_.db(), "UPDATE feed SET published=revision+1 WHERE name=?1").bind(name).run();
    publish_changed(site_);
  }

  void public_key() {
    if (parts_.public_key) write_file(site_.path("site.pub"), as_bytes(encode_site_public_key(site_.secret().public_half())));
  }

 private:
  void move_aside(const std::string& path, const std::string& folder) {
    const std::string to = trash_ + "/rotten/" + folder;
    make_folders(to);
    if (::rename(path.c_str(), (to + "/" + file_name_of(path)).c_str()) == 0) return;
    if (errno != EXDEV) throw_errno("move aside", path);
    remove_file(path);  // arch/ on another file system: a copy of what has rotten is worth no room
  }

  /// A patchset whose archive is here and whole needs no recipe: it counts as one that came as it is.
  void do_without_recipe(const Digest& hash) {
    std::vector<std::string> all;
    Query with(site_.db(), "SELECT name FROM patchset WHERE recipe=?1");
    with.bind(hash);
    while (with.step()) all.push_back(with.text(0));
    for (const auto& name : all)
      if (const auto p = find_patchset(site_, name); is_file(site_.arch() + "/" + p->name.file, p->archive))
        importer::do_without_recipe(site_, p->id);
  }

  /// Patchsets with a tree that have it.
  std::vector<std::string> holders(const Digest& hash) {
    std::vector<std::string> out;
    Query all(site_.db(),
              "SELECT name FROM content JOIN patchset ON patchset.id=content.patchset WHERE content.sha256=?1 AND unpacked=1");
    all.bind(hash);
    while (all.step()) out.push_back(all.text(0));
    return out;
  }

  std::optional<std::uint64_t> size_of_content(const Digest& hash) {
    Query one(site_.db(), "SELECT bytes FROM content WHERE sha256=?1 LIMIT 1");
    if (!one.bind(hash).step()) return std::nullopt;
    return one.number(0);
  }

  /// Where a file with these bytes lies: in the trash, or under another name in a tree.
  std::optional<std::string> copy_elsewhere(const Digest& hash) {
    if (is_folder(site_.path("trash")))
      for (const auto& folder : folder_entries(site_.path("trash")))
        if (std::string path = site_.path("trash/" + folder + "/objects/" + to_hex(hash)); is_file(path, hash)) return path;
    const auto bytes = size_of_content(hash);
    if (!bytes) return std::nullopt;
    for (const auto& name : holders(hash)) {
      boost::system::error_code error;
      for (fs::recursive_directory_iterator it(site_.resources(name), error), end; !error && it != end; it.increment(error)) {
        const std::string path = it->path().string();
        if (is_regular(path) && size_of(path) == *bytes && is_file(path, hash)) return path;
      }
    }
    return std::nullopt;
  }

  void put_back(const Digest& hash, const std::string& from) {
    const std::string to = site_.object_path(hash);
    make_folders(parent_of(to));
    if (::link(from.c_str(), to.c_str()) != 0) {
      AtomicFile out(to, 0444);
      copy_bytes(open_file(from, O_RDONLY), out.file());
      out.commit();
    }
    set_modified(to, modified_for(hash));
  }

  /// Trees link to the file that has rotten, if they were not laid out anew by now: they get a link to the good one.
  void link_again(const Digest& hash, const DamagedParts::File& rotten) {
    const std::string good = site_.object_path(hash);
    if (!is_file(good, hash)) return;
    for (const auto& name : holders(hash)) {
      std::vector<std::string> stale;
      boost::system::error_code error;
      for (fs::recursive_directory_iterator it(site_.resources(name), error), end; !error && it != end; it.increment(error)) {
        struct stat st {};
        if (::lstat(it->path().c_str(), &st) == 0 && st.st_dev == rotten.device && st.st_ino == rotten.inode)
          stale.push_back(it->path().string());
      }
      for (const auto& path : stale) {
        const std::string fresh = path + ".new";
        remove_file(fresh);
        if (::link(good.c_str(), fresh.c_str()) != 0) throw_errno("link " + good + " to", fresh);
        rename_path(fresh, path);
      }
    }
  }

  Result<void> laid_out(const KnownPatchset& p, const std::string& work) {
    const auto attempt = [&](auto take) {
      remove_tree(work + "/resources/" + p.name.patchset.text);
      return take(site_, p, work);
    };
    Result<PatchsetContents> made = refuse(RefusalKind::incomplete, "it has no recipe, and its archive is not in arch/",
                                           "make a receipt: the next bundle may bring it again");
    if (p.recipe) made = attempt(take_by_recipe);
    if (!made && in_arch(site_, p.name, p.archive_bytes)) made = attempt(take_from_arch);
    if (!made) return tl::unexpected(made.error());
    return {};
  }

  Site& site_;
  const DamagedParts& parts_;
  std::string trash_;
};

}  // namespace

void repair(Site& site, const DamagedParts& parts) {
  Repair work(site, parts);
  work.objects();
  // Archives before trees, where a tree has nothing but its archive to come from; but what has rotten must be out of the way.
  work.archives();
  work.trees();
  work.feeds();
  work.public_key();
}

}  // namespace patchferry::importer
