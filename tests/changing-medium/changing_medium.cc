// SPDX-License-Identifier: Apache-2.0
// A medium that is not the same twice: preloaded into a program, it stands between it and the files beneath one folder.
//
//   CHANGING_MEDIUM       that folder
//   CHANGING_MEDIUM_HOW   again    what was read once is answered with other bytes from then on
//                         shrink   from read number N on, every file has ended
//                         grow     every volume goes on for a while behind its end
//                         fail     read number N fails with EIO
//   CHANGING_MEDIUM_AT    N, counted from 0
//   CHANGING_MEDIUM_LOG   a file that gets one line a read: device:inode, offset, bytes
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace {

using Identity = std::pair<dev_t, ino_t>;

struct State {
  std::mutex mutex;
  std::map<Identity, std::map<std::uint64_t, std::uint64_t>> seen;  // by file: begin → end of what was read
  std::map<Identity, bool> grown;
  int reads = 0;
};

State& state() {
  static State* one = new State;  // never destroyed: programs read until their very end
  return *one;
}

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string path_of(int fd) {
  char link[64];
  char path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, path, sizeof path);
  return std::string(path, length > 0 ? static_cast<std::size_t>(length) : 0);
}

bool is_on_medium(int fd) {
  static const std::string folder = setting("CHANGING_MEDIUM");
  return !folder.empty() && path_of(fd).rfind(folder + "/", 0) == 0;
}

bool is_volume(int fd) { return path_of(fd).find(".pfv") != std::string::npos; }

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

ssize_t really_pread(int fd, void* out, std::size_t count, off_t offset) {
  static auto* const real = next<ssize_t(int, void*, std::size_t, off_t)>("pread");
  return real(fd, out, count, offset);
}

ssize_t really_read(int fd, void* out, std::size_t count) {
  static auto* const real = next<ssize_t(int, void*, std::size_t)>("read");
  return real(fd, out, count);
}

void log_read(const Identity& file, std::uint64_t offset, std::uint64_t bytes) {
  const std::string path = setting("CHANGING_MEDIUM_LOG");
  if (path.empty()) return;
  const std::string line = std::to_string(file.first) + ":" + std::to_string(file.second) + " " + std::to_string(offset) + " " +
                           std::to_string(bytes) + "\n";
  const int log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0 || ::write(log, line.data(), line.size()) < 0) std::abort();
  ::close(log);
}

/// What has been read before is turned over.
void change_seen(std::map<std::uint64_t, std::uint64_t>& seen, std::uint64_t begin, unsigned char* bytes, std::uint64_t count) {
  for (const auto& [from, to] : seen)
    for (std::uint64_t at = std::max(from, begin); at < std::min(to, begin + count); ++at)
      bytes[at - begin] = static_cast<unsigned char>(~bytes[at - begin]);
}

/// `offset` < 0: from where the file stands, which moves.
ssize_t read_medium(int fd, void* out, std::size_t count, off_t offset) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  static const std::string how = setting("CHANGING_MEDIUM_HOW");
  static const int at = std::atoi(setting("CHANGING_MEDIUM_AT").c_str());
  const int number = s.reads++;
  if (how == "fail" && number == at) {
    errno = EIO;
    return -1;
  }
  if (how == "shrink" && number >= at) return 0;
  struct stat st {};
  ::fstat(fd, &st);
  const Identity file(st.st_dev, st.st_ino);
  const off_t begin = offset >= 0 ? offset : ::lseek(fd, 0, SEEK_CUR);
  ssize_t n = offset >= 0 ? really_pread(fd, out, count, offset) : really_read(fd, out, count);
  if (how == "grow" && n == 0 && count > 0 && is_volume(fd) && !std::exchange(s.grown[file], true)) {
    n = static_cast<ssize_t>(std::min<std::size_t>(count, 100));
    std::memset(out, 'x', static_cast<std::size_t>(n));
  }
  if (n <= 0) return n;
  auto& seen = s.seen[file];
  const auto from = static_cast<std::uint64_t>(begin);
  const auto bytes = static_cast<std::uint64_t>(n);
  if (how == "again") change_seen(seen, from, static_cast<unsigned char*>(out), bytes);
  seen.emplace(from, from + bytes);
  log_read(file, from, bytes);
  return n;
}

}  // namespace

// The names that a program may have for it: with and without large files, and with the checks that compilers put in.
extern "C" {
ssize_t read(int fd, void* out, std::size_t count);
ssize_t pread(int fd, void* out, std::size_t count, off_t offset);
ssize_t pread64(int fd, void* out, std::size_t count, off_t offset);
ssize_t __read_chk(int fd, void* out, std::size_t count, std::size_t room);
ssize_t __pread_chk(int fd, void* out, std::size_t count, off_t offset, std::size_t room);
ssize_t __pread64_chk(int fd, void* out, std::size_t count, off_t offset, std::size_t room);

ssize_t read(int fd, void* out, std::size_t count) {
  return is_on_medium(fd) ? read_medium(fd, out, count, -1) : really_read(fd, out, count);
}
ssize_t pread(int fd, void* out, std::size_t count, off_t offset) {
  return is_on_medium(fd) ? read_medium(fd, out, count, offset) : really_pread(fd, out, count, offset);
}
ssize_t pread64(int fd, void* out, std::size_t count, off_t offset) { return pread(fd, out, count, offset); }
ssize_t __read_chk(int fd, void* out, std::size_t count, std::size_t room) {
  if (count > room) std::abort();
  return read(fd, out, count);
}
ssize_t __pread_chk(int fd, void* out, std::size_t count, off_t offset, std::size_t room) {
  if (count > room) std::abort();
  return pread(fd, out, count, offset);
}
ssize_t __pread64_chk(int fd, void* out, std::size_t count, off_t offset, std::size_t room) {
  return __pread_chk(fd, out, count, offset, room);
}
/// None of ours maps a medium: what is mapped may change behind the back of whoever has checked it.
void* mmap(void* where, std::size_t length, int protection, int flags, int fd, off_t offset) {
  static auto* const real = next<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  if (fd >= 0 && is_on_medium(fd)) std::abort();
  return real(where, length, protection, flags, fd, offset);
}
}
