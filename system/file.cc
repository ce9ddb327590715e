// SPDX-License-Identifier: Apache-2.0
#include "system/file.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "system/failure.h"

namespace patchferry {

namespace fs = boost::filesystem;

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Fd open_file(const std::string& path, int flags, mode_t mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) throw_errno("open", path);
  return {fd, path};
}

Fd open_folder(const std::string& path) { return open_file(path, O_RDONLY | O_DIRECTORY); }

Fd open_at(const Fd& folder, const std::string& name, int flags, mode_t mode) {
  const std::string path = folder.path() + "/" + name;
  const int fd = ::openat(folder.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) throw_errno("open", path);
  return {fd, path};
}

namespace {

/// By the call that takes no path, which newer C libraries no longer make: an unpacker may not look at files by name.
int look_at(int fd, struct stat* st) {
#if defined(__x86_64__) || defined(__aarch64__)  // where the kernel's struct is the library's
  return static_cast<int>(::syscall(SYS_fstat, fd, st));
#else
  return ::fstat(fd, st);
#endif
}

}  // namespace

struct stat stat_of(const Fd& file) {
  struct stat st {};
  if (look_at(file.get(), &st) != 0) throw_errno("stat", file.path());
  return st;
}

std::uint64_t size_of(const Fd& file) { return static_cast<std::uint64_t>(stat_of(file).st_size); }

std::uint64_t size_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) throw_errno("stat", path);
  return static_cast<std::uint64_t>(st.st_size);
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

bool is_regular(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

bool is_folder(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

namespace {

template <class ReadOnce>
std::size_t read_loop(const std::string& path, std::size_t wanted, ReadOnce read_once) {
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t n = read_once(done);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw_errno("read", path);
    }
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

template <class WriteOnce>
void write_loop(const std::string& path, std::size_t wanted, WriteOnce write_once) {
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t n = write_once(done);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw_errno("write", path);
    }
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace

std::size_t read_up_to(const Fd& file, std::span<std::byte> out) {
  return read_loop(file.path(), out.size(),
                   [&](std::size_t done) { return ::read(file.get(), out.data() + done, out.size() - done); });
}

std::size_t read_up_to(const Fd& file, std::uint64_t offset, std::span<std::byte> out) {
  return read_loop(file.path(), out.size(), [&](std::size_t done) {
    return ::pread(file.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
  });
}

void read_exactly(const Fd& file, std::uint64_t offset, std::span<std::byte> out) {
  if (read_up_to(file, offset, out) != out.size())
    throw SystemFailure("cannot read " + file.path() + ": it ends too early (changed while being read?)", 0);
}

void write_all(const Fd& file, ByteSpan bytes) {
  write_loop(file.path(), bytes.size(),
             [&](std::size_t done) { return ::write(file.get(), bytes.data() + done, bytes.size() - done); });
}

void write_all(const Fd& file, std::uint64_t offset, ByteSpan bytes) {
  write_loop(file.path(), bytes.size(), [&](std::size_t done) {
    return ::pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
  });
}

void copy_bytes(const Fd& from, const Fd& to) {
  Bytes buffer(std::size_t{1} << 20);
  while (const std::size_t n = read_up_to(from, std::span(buffer))) write_all(to, std::span(buffer).first(n));
}

std::optional<Bytes> read_whole(const std::string& path, std::uint64_t limit) {
  const Fd file = open_file(path, O_RDONLY);
  Bytes out;
  // Its size says nothing: a password may come through a pipe, and a file may grow.
  for (std::size_t have = 0; have <= limit;) {
    out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(limit + 1, have + (std::size_t{1} << 16))));
    const std::size_t n = read_up_to(file, std::span(out).subspan(have));
    have += n;
    if (have < out.size()) {
      out.resize(have);
      return out;
    }
  }
  return std::nullopt;
}

void sync_file(const Fd& file) {
  if (::fsync(file.get()) != 0) throw_errno("fsync", file.path());
}

void sync_folder(const std::string& path) { sync_file(open_folder(path)); }

void sync_file_system(const std::string& path) {
  const Fd folder = open_folder(path);
  if (::syncfs(folder.get()) != 0) throw_errno("sync the file system of", path);
}

void make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) throw_errno("create", path);
}

void make_folders(const std::string& path, mode_t mode) {
  if (path.empty() || is_folder(path)) return;
  const std::string parent = parent_of(path);
  if (parent != path) make_folders(parent, mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) throw_errno("create", path);
}

void rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("rename " + from + " to", to);
}

void set_modified(const std::string& path, std::uint64_t seconds) {
  const timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(seconds), 0}};
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) throw_errno("set the time of", path);
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno("remove", path);
}

void remove_tree(const std::string& path) {
  boost::system::error_code error;
  fs::remove_all(path, error);
  if (error) throw_errno("remove", path, error.value());
}

void make_symlink(const std::string& target, const std::string& path) {
  if (::symlink(target.c_str(), path.c_str()) != 0) throw_errno("link", path);
}

void replace_symlink(const std::string& target, const std::string& path) {
  const std::string fresh = path + ".new";
  remove_file(fresh);
  make_symlink(target, fresh);
  rename_path(fresh, path);
}

std::string canonical_path(const std::string& path) {
  boost::system::error_code error;
  const fs::path resolved = fs::canonical(path, error);
  if (error) throw_errno("resolve", path, error.value());
  return resolved.string();
}

std::optional<std::string> read_symlink(const std::string& path) {
  std::string out(4096, '\0');
  const ssize_t n = ::readlink(path.c_str(), out.data(), out.size());
  if (n < 0) {
    if (errno == EINVAL || errno == ENOENT) return std::nullopt;
    throw_errno("read the link", path);
  }
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::vector<std::string> folder_entries(const std::string& path) {
  boost::system::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator it(path, error);
  if (error) throw_errno("list", path, error.value());
  for (; it != fs::directory_iterator(); it.increment(error)) {
    if (error) throw_errno("list", path, error.value());
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs st {};
  if (::statvfs(path.c_str(), &st) != 0) throw_errno("ask for free space at", path);
  return static_cast<std::uint64_t>(st.f_bavail) * st.f_frsize;
}

std::string parent_of(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  const auto slash = trimmed.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : trimmed.substr(0, slash);
}

std::string file_name_of(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  const auto slash = trimmed.rfind('/');
  return slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
}

}  // namespace patchferry
