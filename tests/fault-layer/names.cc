// SPDX-License-Identifier: Apache-2.0
// The calls that change names.
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utime.h>

#include "tests/fault-layer/watch.h"

using namespace patchferry::test;

namespace {

struct stat status_at(int at, const char* path, int flags = AT_SYMLINK_NOFOLLOW) {
  struct stat st {};
  ::fstatat(at, path, &st, flags);
  return st;
}

int make_folder_at(int at, const char* path, mode_t mode) {
  const std::string where = watched_path(at, path);
  if (where.empty()) return REAL(mkdirat)(at, path, mode);
  Counted call(Call::mkdir);
  if (call.fails()) return -1;
  const int done = REAL(mkdirat)(at, path, mode);
  if (done == 0) {
    const auto st = status_at(at, path);
    call.note({.node = st.st_ino, .mode = st.st_mode & 07777, .path = where});
  }
  return done;
}

int link_at(int from_at, const char* from, int to_at, const char* to, int flags) {
  const std::string where = watched_path(to_at, to);
  if (where.empty()) return REAL(linkat)(from_at, from, to_at, to, flags);
  Counted call(Call::link);
  if (call.fails()) return -1;
  const int done = REAL(linkat)(from_at, from, to_at, to, flags);
  if (done == 0) call.note({.node = status_at(to_at, to).st_ino, .to = where});
  return done;
}

int symlink_at(const char* target, int at, const char* path) {
  const std::string where = watched_path(at, path);
  if (where.empty()) return REAL(symlinkat)(target, at, path);
  Counted call(Call::symlink);
  if (call.fails()) return -1;
  const int done = REAL(symlinkat)(target, at, path);
  if (done == 0) call.note({.node = status_at(at, path).st_ino, .path = where, .to = target});
  return done;
}

int rename_at(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
  const std::string old = watched_path(from_at, from);
  const std::string fresh = watched_path(to_at, to);
  if (old.empty() && fresh.empty()) return REAL(renameat2)(from_at, from, to_at, to, flags);
  Counted call(Call::rename);
  if (call.fails()) return -1;
  const int done = REAL(renameat2)(from_at, from, to_at, to, flags);
  if (done == 0) call.note({.mode = flags, .path = old, .to = fresh});
  return done;
}

int unlink_at(int at, const char* path, int flags) {
  const std::string where = watched_path(at, path);
  if (where.empty()) return REAL(unlinkat)(at, path, flags);
  Counted call((flags & AT_REMOVEDIR) != 0 ? Call::rmdir : Call::unlink);
  if (call.fails()) return -1;
  const int done = REAL(unlinkat)(at, path, flags);
  if (done == 0) call.note({.path = where});
  return done;
}

int mode_at(int at, const char* path, mode_t mode, int flags) {
  const std::string where = watched_path(at, path);
  if (where.empty()) return REAL(fchmodat)(at, path, mode, flags);
  Counted call(Call::mode);
  if (call.fails()) return -1;
  const int done = REAL(fchmodat)(at, path, mode, flags);
  if (done == 0) call.note({.node = status_at(at, path, 0).st_ino, .mode = mode});
  return done;
}

int time_at(int at, const char* path, const timespec* times, int flags) {
  const std::string where = watched_path(at, path);
  if (where.empty()) return REAL(utimensat)(at, path, times, flags);
  Counted call(Call::time);
  if (call.fails()) return -1;
  const int done = REAL(utimensat)(at, path, times, flags);
  const auto st = status_at(at, path, flags);
  if (done == 0) call.note({.node = st.st_ino, .offset = static_cast<std::uint64_t>(st.st_mtim.tv_sec)});
  return done;
}

}  // namespace

extern "C" {
#pragma GCC visibility push(default)

int mkdir(const char* path, mode_t mode) noexcept { return make_folder_at(AT_FDCWD, path, mode); }
int mkdirat(int at, const char* path, mode_t mode) noexcept { return make_folder_at(at, path, mode); }
int link(const char* from, const char* to) noexcept { return link_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char* from, int to_at, const char* to, int flags) noexcept {
  return link_at(from_at, from, to_at, to, flags);
}
int symlink(const char* target, const char* path) noexcept { return symlink_at(target, AT_FDCWD, path); }
int symlinkat(const char* target, int at, const char* path) noexcept { return symlink_at(target, at, path); }
int rename(const char* from, const char* to) noexcept { return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_at, const char* from, int to_at, const char* to) noexcept { return rename_at(from_at, from, to_at, to, 0); }
int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept {
  return rename_at(from_at, from, to_at, to, flags);
}
int unlink(const char* path) noexcept { return unlink_at(AT_FDCWD, path, 0); }
int unlinkat(int at, const char* path, int flags) noexcept { return unlink_at(at, path, flags); }
int rmdir(const char* path) noexcept { return unlink_at(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) noexcept {
  return unlink_at(AT_FDCWD, path, S_ISDIR(status_at(AT_FDCWD, path).st_mode) ? AT_REMOVEDIR : 0);
}
int chmod(const char* path, mode_t mode) noexcept { return mode_at(AT_FDCWD, path, mode, 0); }
int fchmodat(int at, const char* path, mode_t mode, int flags) noexcept { return mode_at(at, path, mode, flags); }
int utimensat(int at, const char* path, const timespec times[2], int flags) noexcept { return time_at(at, path, times, flags); }

#pragma GCC visibility pop
}
