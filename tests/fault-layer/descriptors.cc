// SPDX-License-Identifier: Apache-2.0
// The calls that make descriptors, and so files.
#include <cstdarg>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "tests/fault-layer/watch.h"

using namespace patchferry::test;

namespace {

int open_plainly(int at, const char* path, int flags, mode_t mode) {
  const int fd = REAL(openat)(at, path, flags, mode);
  opened(fd);
  return fd;
}

int open_unnamed(int at, const char* folder, int flags, mode_t mode) {
  if (watched_path(at, (std::string(folder) + "/x").c_str()).empty()) return open_plainly(at, folder, flags, mode);
  Counted call(Call::create_unnamed);
  if (call.fails()) return -1;
  const int fd = open_plainly(at, folder, flags, mode);
  struct stat st {};
  if (fd >= 0 && ::fstat(fd, &st) == 0) call.note({.node = st.st_ino, .mode = st.st_mode & 07777});
  return fd;
}

int open_any(int at, const char* path, int flags, mode_t mode) {
  if (!is_on()) return REAL(openat)(at, path, flags, mode);
  if ((flags & O_TMPFILE) == O_TMPFILE) return open_unnamed(at, path, flags, mode);
  if ((flags & (O_CREAT | O_TRUNC)) == 0) return open_plainly(at, path, flags, mode);
  const std::string where = watched_path(at, path);
  struct stat st {};
  const bool is_there = ::fstatat(at, path, &st, 0) == 0;
  const bool is_cut = is_there && (flags & O_TRUNC) != 0 && st.st_size > 0;
  if (where.empty() || (is_there && !is_cut)) return open_plainly(at, path, flags, mode);
  Counted call(is_cut ? Call::truncate : Call::create);
  if (call.fails()) return -1;
  const int fd = open_plainly(at, path, flags, mode);
  if (fd < 0 || ::fstat(fd, &st) != 0) return fd;
  if (is_cut)
    call.note({.node = st.st_ino});
  else
    call.note({.node = st.st_ino, .mode = st.st_mode & 07777, .path = where});
  return fd;
}

bool takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define MODE_OF(flags)                             \
  mode_t mode = 0;                                 \
  if (takes_mode(flags)) {                         \
    std::va_list more;                             \
    va_start(more, flags);                         \
    mode = static_cast<mode_t>(va_arg(more, int)); \
    va_end(more);                                  \
  }

int control(int fd, int command, long value) {
  const int done = REAL(fcntl)(fd, command, value);
  if (done >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC)) duplicated(fd, done);
  return done;
}

}  // namespace

extern "C" {
#pragma GCC visibility push(default)

int open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_any(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_any(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_any(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_any(at, path, flags, mode);
}
int creat(const char* path, mode_t mode) { return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char* path, mode_t mode) { return creat(path, mode); }
// What _FORTIFY_SOURCE makes of an open without a mode.
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int at, const char* path, int flags);
int __openat64_2(int at, const char* path, int flags);
int __open_2(const char* path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __openat_2(int at, const char* path, int flags) { return open_any(at, path, flags, 0); }
int __openat64_2(int at, const char* path, int flags) { return open_any(at, path, flags, 0); }

int close(int fd) {
  closed(fd);
  return REAL(close)(fd);
}
int dup(int fd) noexcept {
  const int done = REAL(dup)(fd);
  duplicated(fd, done);
  return done;
}
int dup2(int fd, int to) noexcept {
  const int done = REAL(dup2)(fd, to);
  duplicated(fd, done);
  return done;
}
int dup3(int fd, int to, int flags) noexcept {
  const int done = REAL(dup3)(fd, to, flags);
  duplicated(fd, done);
  return done;
}
int fcntl(int fd, int command, ...) {
  std::va_list more;
  va_start(more, command);
  const long value = va_arg(more, long);
  va_end(more);
  return control(fd, command, value);
}
int fcntl64(int fd, int command, ...) {
  std::va_list more;
  va_start(more, command);
  const long value = va_arg(more, long);
  va_end(more);
  return control(fd, command, value);
}

#pragma GCC visibility pop
}
