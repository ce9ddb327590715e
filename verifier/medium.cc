// SPDX-License-Identifier: Apache-2.0
#include "verifier/medium.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/failure.h"
#include "system/rel_path.h"

namespace patchferry {

namespace {

constexpr std::size_t kMaxReadme = 16 << 10;
constexpr std::size_t kMaxVolumeFiles = 9999;  // the format's ceiling

bool is_volume_name(const std::string& name) {
  if (name.size() < 5 || name.front() == '.') return false;
  std::string ending = name.substr(name.size() - 4);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return ending == ".pfv";
}

class Opener {
 public:
  Opener(Medium& medium, Findings& findings) : medium_(medium), findings_(findings) {}

  void open_volume(const Fd& folder, const std::string& name) {
    const std::string path = printable(folder.path() + "/" + name, 4096);
    // O_NONBLOCK: a FIFO in disguise must not hang us.
    const int fd = ::openat(folder.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO)) return not_regular(path);
    if (fd < 0) throw_errno("open", path);
    Fd file(fd, path);
    if (!S_ISREG(stat_of(file).st_mode)) return not_regular(path);
    if (medium_.volumes.size() < kMaxVolumeFiles) {
      medium_.volumes.push_back({std::move(file), true});
    } else if (!too_many_) {
      too_many_ = true;
      findings_.push_back(Refusal{RefusalKind::too_large, "there are more volumes here than a bundle can have",
                                  "give the folder of one bundle", printable(folder.path(), 4096)});
    }
  }

  /// Opens what the folder itself holds; false if it holds no volume.
  bool open_folder_volumes(const std::string& path) {
    const Fd folder = open_folder(path);
    bool any = false;
    for (const auto& name : folder_entries(path)) {
      if (!is_volume_name(name)) continue;
      any = true;
      open_volume(folder, name);
    }
    if (any) read_readme(folder);
    return any;
  }

 private:
  void not_regular(const std::string& path) {
    findings_.push_back(Refusal{RefusalKind::not_regular, "it is a link, pipe or device, not a file",
                                "copy the bundle again; volumes are ordinary files", path});
  }

  void read_readme(const Fd& folder) {
    const int fd = ::openat(folder.get(), "README.txt", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    const std::string path = printable(folder.path() + "/README.txt", 4096);
    if (fd < 0 && errno == ENOENT) return;
    if (fd < 0 && (errno == ELOOP || errno == ENXIO)) return not_regular(path);
    if (fd < 0) throw_errno("open", path);
    const Fd file(fd, path);
    if (!S_ISREG(stat_of(file).st_mode)) return not_regular(path);
    std::string text(kMaxReadme, '\0');
    text.resize(read_up_to(file, std::as_writable_bytes(std::span(text))));
    medium_.readmes.push_back({path, text});
  }

  Medium& medium_;
  Findings& findings_;
  bool too_many_ = false;
};

std::vector<std::string> bundle_folders_in(const std::string& path) {
  std::vector<std::string> out;
  for (const auto& name : folder_entries(path)) {
    struct stat st {};
    const std::string inner = path + "/" + name;
    if (name.starts_with("patchferry-") && ::lstat(inner.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) out.push_back(inner);
  }
  return out;
}

/// Every volume stays open from its first byte to its last: as many descriptors as the system lets us have.
void allow_many_files() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: then opening too many says so
}

}  // namespace

Medium open_media(const std::vector<std::string>& paths, Findings& findings) {
  allow_many_files();
  Medium medium;
  if (paths.empty())
    throw UsageError("no bundle was given", "name the folder that the exporter wrote, or '-' for standard input");
  if (std::find(paths.begin(), paths.end(), "-") != paths.end()) {
    if (paths.size() != 1) throw UsageError("'-' stands alone: a stream is the whole bundle");
    medium.volumes.push_back({Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), "standard input"), false});
    return medium;
  }
  Opener opener(medium, findings);
  for (std::string path : paths) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (!exists(path)) throw UsageError("there is no " + printable(path), "is the medium mounted? look with 'ls'");
    if (!is_folder(path)) {
      opener.open_volume(open_folder(parent_of(path)), file_name_of(path));
      continue;
    }
    if (opener.open_folder_volumes(path)) continue;
    const auto inner = bundle_folders_in(path);
    if (inner.size() > 1) {
      std::string names;
      for (const auto& one : inner) names += (names.empty() ? "" : ", ") + printable(file_name_of(one));
      throw UsageError(printable(path) + " holds several bundles: " + names, "name one of them; the lowest number comes first");
    }
    for (const auto& one : inner) opener.open_folder_volumes(one);
  }
  if (medium.volumes.empty() && findings.empty())
    findings.push_back(Refusal{RefusalKind::not_a_bundle, "there is no volume (*.pfv) in it",
                               "give the folder that the exporter wrote: patchferry-<site>-<number>", printable(paths.front())});
  return medium;
}

}  // namespace patchferry
