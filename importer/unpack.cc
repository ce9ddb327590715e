// SPDX-License-Identifier: Apache-2.0
#include "importer/unpack.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

/// Contents up to this size are hashed in memory first, so that one that the base has is never written.
constexpr std::size_t kHeld = 4 << 20;

std::atomic<unsigned> next_temporary{0};

/// Keeps each file as WORK/objects/<sha256>, unless the base has it.
class ObjectKeeper : public FileKeeper {
 public:
  ObjectKeeper(const Site& site, std::string folder) : site_(site), folder_(std::move(folder)) {}

  void begin(const RelPath&, std::uint64_t, std::optional<std::uint64_t>) override {
    held_.clear();
    temporary_.clear();
  }
  void data(ByteSpan part) override {
    if (temporary_.empty() && held_.size() + part.size() <= kHeld) {
      held_.insert(held_.end(), part.begin(), part.end());
      return;
    }
    if (temporary_.empty()) spill();
    write_all(file_, part);
  }
  void end(const Digest& hash) override {
    const std::string kept = folder_ + "/" + to_hex(hash);
    if (exists(site_.object_path(hash)) || exists(kept)) {
      if (!temporary_.empty()) remove_file(temporary_);
      return;
    }
    if (temporary_.empty()) spill();
    file_ = Fd();
    // Two archives unpacked at once may bring the same content; both are right.
    rename_path(temporary_, kept);
  }

 private:
  void spill() {
    temporary_ = folder_ + "/.new-" + std::to_string(next_temporary++);
    file_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL, 0444);
    write_all(file_, held_);
    held_.clear();
  }

  const Site& site_;
  std::string folder_;
  Bytes held_;
  std::string temporary_;
  Fd file_;
};

/// Another name for `from`; another inode where a file has too many names already.
void link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return;
  if (errno != EMLINK) throw_errno("link " + from + " to", to);
  copy_bytes(open_file(from, O_RDONLY), open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0444));
}

void build_resources(const Site& site, const PatchsetContents& contents, const std::string& tree, const std::string& fresh) {
  make_folders(tree);
  for (const auto& level : contents.levels) {
    const std::string folder = tree + "/" + level.ident + "/" + std::to_string(level.level);
    make_folders(folder);
    for (const auto& file : level.files) {
      const std::string to = folder + "/" + file.name;
      make_folders(parent_of(to));
      const std::string from = fresh + "/" + to_hex(file.hash);
      link_or_copy(exists(from) ? from : site.object_path(file.hash), to);
    }
  }
  for (const auto& pointer : contents.pointers) {
    const std::string folder = tree + "/" + pointer.ident;
    make_folders(folder);
    if (pointer.is_link) {
      make_symlink(pointer.text, folder + "/" + pointer.name);
    } else {
      const Fd out = open_file(folder + "/" + pointer.name, O_WRONLY | O_CREAT | O_EXCL, 0444);
      write_all(out, as_bytes(pointer.text));
    }
  }
}

}  // namespace

Result<PatchsetContents> unpack(const Site& site, const Fd& archive, const ArchiveName& name, const ArchiveLimits& limits,
                                const std::string& work, const std::function<void(std::uint64_t)>& on_read) {
  const std::string objects = work + "/objects";
  make_folders(objects);
  ObjectKeeper keeper(site, objects);
  auto contents = read_contents(archive, name, limits, keeper, on_read);
  if (!contents) return contents;
  build_resources(site, *contents, work + "/resources/" + name.patchset.text, objects);
  return contents;
}

void place_objects(const Site& site, const std::string& work) {
  const std::string from = work + "/objects";
  if (!is_folder(from)) return;
  for (const auto& name : folder_entries(from)) {
    if (name.starts_with('.')) continue;
    const std::string folder = site.base() + "/objects/" + name.substr(0, 2);
    make_folders(folder);
    rename_path(from + "/" + name, folder + "/" + name);
  }
}

}  // namespace patchferry::importer
