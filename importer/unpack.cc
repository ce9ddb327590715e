// SPDX-License-Identifier: Apache-2.0
#include "importer/unpack.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "bundle-format/archive/content_keeper.h"
#include "bundle-format/archive/large_turn.h"
#include "importer/objects.h"
#include "system/failure.h"
#include "system/file.h"
#include "unpacker/unpacker.h"

namespace patchferry::importer {

namespace {

/// Another name for `from`; another inode where a file has too many names already.
void link_or_copy(const std::string& from, const std::string& to, const Digest& hash) {
  if (::link(from.c_str(), to.c_str()) == 0) return;
  if (errno != EMLINK) throw_errno("link " + from + " to", to);
  copy_bytes(open_file(from, O_RDONLY), open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0444));
  set_modified(to, modified_for(hash));
}

/// An object of the base that is about to be served under one more name: it must still be what its name says.
const std::string& unchanged(const std::string& path, const Digest& hash) {
  if (hash_file(open_file(path, O_RDONLY)) != hash)
    throw SystemFailure("cannot serve " + path + ": it has changed on this disk", 0,
                        "the disk may be failing; take that file away, type 'patchferry archives', and then this command again");
  return path;
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
      link_or_copy(exists(from) ? from : unchanged(site.object_path(file.hash), file.hash), to, file.hash);
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

namespace {

/// Keeps what the base lacks; an object that was cut short there is lacking. Until the archive is known to be good, apart: what one
/// brings that is refused in the end is thrown away.
class NewObjects : public FileKeeper {
 public:
  NewObjects(const Site& site, const ArchiveName& name, const std::string& work)
      : base_(site),
        good_(work + "/objects"),
        apart_(work + "/unpacking-" + name.patchset.text),
        keeper_(apart_,
                [this](const Digest& hash) { return base_.in_base(hash, bytes_) || exists(good_ + "/" + to_hex(hash)); }) {
    make_folders(good_);
    make_folders(apart_);
  }
  ~NewObjects() override {
    try {
      remove_tree(apart_);
    } catch (const SystemFailure&) {  // it goes with the work folder
    }
  }
  NewObjects(const NewObjects&) = delete;
  NewObjects& operator=(const NewObjects&) = delete;

  void begin(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    bytes_ = bytes;
    keeper_.begin(path, bytes, offset);
  }
  void data(ByteSpan part) override { keeper_.data(part); }
  void end(const Digest& hash) override { keeper_.end(hash); }
  void holding(std::uint64_t bytes) override { turn_.holds(bytes); }

  void keep() {
    for (const auto& name : folder_entries(apart_)) {
      const std::string from = apart_ + "/" + name, to = good_ + "/" + name;
      if (::link(from.c_str(), to.c_str()) != 0 && errno != EEXIST) throw_errno("link " + from + " to", to);  // both are right
    }
  }

 private:
  Objects base_;
  const std::string good_, apart_;
  std::uint64_t bytes_ = 0;  // of the file that passes by
  ContentKeeper keeper_;
  LargeTurn turn_;
};

/// `read(keeper)` reads all contents.
template <class Read>
Result<PatchsetContents> keep_by(const Site& site, const ArchiveName& name, const std::string& work, Read read) {
  NewObjects keeper(site, name, work);
  auto contents = read(keeper);
  if (contents) keeper.keep();
  return contents;
}

template <class Read>
Result<PatchsetContents> unpack_by(const Site& site, const ArchiveName& name, const std::string& work, Read read) {
  auto contents = keep_by(site, name, work, read);
  if (contents) build_resources(site, *contents, work + "/resources/" + name.patchset.text, work + "/objects");
  return contents;
}

}  // namespace

Result<PatchsetContents> unpack(const Site& site, const Fd& archive, const ArchiveName& name, const ArchiveLimits& limits,
                                const std::string& work, const std::function<void(std::uint64_t)>& on_read) {
  return unpack_by(site, name, work, [&](FileKeeper& keeper) {
    return read_contents(unpacker::archive_work(), archive, name, limits, keeper, on_read);
  });
}

Result<PatchsetContents> unpack(const Site& site, TarSource& stream, const ArchiveName& name, const ArchiveLimits& limits,
                                const std::string& work) {
  return unpack_by(site, name, work,
                   [&](FileKeeper& keeper) { return read_contents(unpacker::archive_work(), stream, name, limits, keeper); });
}

Result<PatchsetContents> keep_contents(const Site& site, const Fd& archive, const ArchiveName& name, const ArchiveLimits& limits,
                                       const std::string& work, const std::function<void(std::uint64_t)>& on_read) {
  return keep_by(site, name, work, [&](FileKeeper& keeper) {
    return read_contents(unpacker::archive_work(), archive, name, limits, keeper, on_read);
  });
}

Result<PatchsetContents> keep_contents(const Site& site, TarSource& stream, const ArchiveName& name, const ArchiveLimits& limits,
                                       const std::string& work) {
  return keep_by(site, name, work,
                 [&](FileKeeper& keeper) { return read_contents(unpacker::archive_work(), stream, name, limits, keeper); });
}

void place_objects(const Site& site, const std::string& work) {
  const std::string from = work + "/objects";
  if (!is_folder(from)) return;
  for (const auto& name : folder_entries(from)) {
    if (name.starts_with('.')) continue;
    const std::string folder = site.base() + "/objects/" + name.substr(0, 2);
    make_folders(folder);
    if (const auto hash = array_from_hex<32>(name)) set_modified(from + "/" + name, modified_for(*hash));
    rename_path(from + "/" + name, folder + "/" + name);
  }
}

std::uint64_t memory_of(const PatchsetContents& contents) {
  std::uint64_t bytes = contents.all.size() * sizeof(Content);
  for (const auto& pointer : contents.pointers) bytes += sizeof pointer + pointer.text.size();
  for (const auto& level : contents.levels) {
    bytes += sizeof level + level.info.fixes.size() * 48;
    for (const auto& file : level.files) bytes += sizeof file + 24 + file.name.size();
  }
  return bytes;
}

}  // namespace patchferry::importer
