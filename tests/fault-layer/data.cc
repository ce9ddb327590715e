// SPDX-License-Identifier: Apache-2.0
// The calls that change bytes, or make them durable.
//
// Both names of each call are here (write and pwrite64, …), since libraries were compiled with one or the other. They are
// declared without the headers' own 64-bit redirections.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#include "tests/fault-layer/watch.h"

using namespace patchferry::test;

namespace {

std::uint64_t position(int fd) {
  const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const off_t at = ::lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

template <class Real>
ssize_t write_to(int fd, const void* from, std::size_t bytes, const off_t* where, Real real) {
  const std::uint64_t node = watched(fd);
  if (node == 0) return real(bytes);
  if (const ssize_t some = interrupted(bytes); some < 0)
    return -1;
  else
    bytes = static_cast<std::size_t>(some);
  Counted call(Call::write);
  if (call.fails()) return -1;
  const std::uint64_t at = where != nullptr ? static_cast<std::uint64_t>(*where) : position(fd);
  const ssize_t done = real(call.part_of(bytes));
  if (done > 0) call.note({.node = node, .offset = at, .data = from, .bytes = static_cast<std::size_t>(done)});
  return done;
}

/// All pieces as one write, so that it can be cut in half.
ssize_t write_pieces(int fd, const iovec* pieces, int count, const off_t* where) {
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return write_to(fd, all.data(), all.size(), where, [&](std::size_t n) {
    return where != nullptr ? REAL(pwrite)(fd, all.data(), n, *where) : REAL(write)(fd, all.data(), n);
  });
}

/// What the kernel copied is read from where it went.
template <class Real>
ssize_t copy_to(int fd, const off_t* where, Real real) {
  const std::uint64_t node = watched(fd);
  if (node == 0) return real();
  Counted call(Call::write);
  if (call.fails()) return -1;
  const std::uint64_t at = where != nullptr ? static_cast<std::uint64_t>(*where) : position(fd);
  const ssize_t done = real();
  if (done <= 0) return done;
  const int kept = errno;
  std::string copied(static_cast<std::size_t>(done), '\0');
  const int back = REAL(open)(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC);
  if (REAL(pread)(back, copied.data(), copied.size(), static_cast<off_t>(at)) != done) ::abort();
  REAL(close)(back);
  call.note({.node = node, .offset = at, .data = copied.data(), .bytes = copied.size()});
  errno = kept;
  return done;
}

template <class Real>
int sync_with(int fd, Call kind, Real real) {
  const std::uint64_t node = watched(fd);
  if (node == 0) return real();
  Counted call(kind);
  if (call.fails()) return -1;
  const int done = real();
  if (done == 0) call.note({.node = node});
  return done;
}

int truncate_to(int fd, off_t size) {
  const std::uint64_t node = watched(fd);
  if (node == 0) return REAL(ftruncate)(fd, size);
  Counted call(Call::truncate);
  if (call.fails()) return -1;
  const int done = REAL(ftruncate)(fd, size);
  if (done == 0) call.note({.node = node, .offset = static_cast<std::uint64_t>(size)});
  return done;
}

int allocate(int fd, int mode, off_t offset, off_t bytes) {
  const std::uint64_t node = watched(fd);
  if (node == 0) return REAL(fallocate)(fd, mode, offset, bytes);
  Counted call(Call::allocate);
  if (call.fails()) return -1;
  if (mode != 0) {  // holes and the like: nobody here makes any
    errno = EOPNOTSUPP;
    return -1;
  }
  const int done = REAL(fallocate)(fd, mode, offset, bytes);
  if (done == 0) call.note({.node = node, .offset = static_cast<std::uint64_t>(offset + bytes)});
  return done;
}

int truncate_at(const char* path, off_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const int done = truncate_to(fd, size);
  ::close(fd);
  return done;
}

template <class Real>
ssize_t read_from(int fd, std::size_t bytes, Real real) {
  if (watched(fd) == 0) return real(bytes);
  const ssize_t some = interrupted(bytes);
  return some < 0 ? -1 : real(static_cast<std::size_t>(some));
}

}  // namespace

extern "C" {
#pragma GCC visibility push(default)

ssize_t write(int fd, const void* from, size_t bytes) {
  return write_to(fd, from, bytes, nullptr, [&](size_t n) { return REAL(write)(fd, from, n); });
}
ssize_t pwrite(int fd, const void* from, size_t bytes, off_t at) {
  return write_to(fd, from, bytes, &at, [&](size_t n) { return REAL(pwrite)(fd, from, n, at); });
}
ssize_t pwrite64(int fd, const void* from, size_t bytes, off64_t at) { return pwrite(fd, from, bytes, at); }
ssize_t writev(int fd, const iovec* pieces, int count) {
  return watched(fd) == 0 ? REAL(writev)(fd, pieces, count) : write_pieces(fd, pieces, count, nullptr);
}
ssize_t pwritev(int fd, const iovec* pieces, int count, off_t at) {
  return watched(fd) == 0 ? REAL(pwritev)(fd, pieces, count, at) : write_pieces(fd, pieces, count, &at);
}
ssize_t pwritev64(int fd, const iovec* pieces, int count, off64_t at) { return pwritev(fd, pieces, count, at); }
ssize_t copy_file_range(int in, off64_t* in_at, int out, off64_t* out_at, size_t bytes, unsigned flags) {
  const off_t at = out_at != nullptr ? *out_at : 0;
  return copy_to(out, out_at != nullptr ? &at : nullptr,
                 [&] { return REAL(copy_file_range)(in, in_at, out, out_at, bytes, flags); });
}
ssize_t sendfile(int out, int in, off_t* at, size_t bytes) noexcept {
  return copy_to(out, nullptr, [&] { return REAL(sendfile)(out, in, at, bytes); });
}
ssize_t sendfile64(int out, int in, off64_t* at, size_t bytes) noexcept { return sendfile(out, in, at, bytes); }

int fsync(int fd) {
  return sync_with(fd, Call::sync, [&] { return REAL(fsync)(fd); });
}
int fdatasync(int fd) {
  return sync_with(fd, Call::sync, [&] { return REAL(fdatasync)(fd); });
}
int syncfs(int fd) noexcept {
  return sync_with(fd, Call::sync_all, [&] { return REAL(syncfs)(fd); });
}

int ftruncate(int fd, off_t size) noexcept { return truncate_to(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return truncate_to(fd, size); }
int truncate(const char* path, off_t size) noexcept { return truncate_at(path, size); }
int truncate64(const char* path, off64_t size) noexcept { return truncate_at(path, size); }
int fallocate(int fd, int mode, off_t offset, off_t bytes) { return allocate(fd, mode, offset, bytes); }
int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) { return allocate(fd, mode, offset, bytes); }
int posix_fallocate(int fd, off_t offset, off_t bytes) { return allocate(fd, 0, offset, bytes) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off64_t offset, off64_t bytes) { return allocate(fd, 0, offset, bytes) == 0 ? 0 : errno; }

int fchmod(int fd, mode_t mode) noexcept {
  const std::uint64_t node = watched(fd);
  if (node == 0) return REAL(fchmod)(fd, mode);
  Counted call(Call::mode);
  if (call.fails()) return -1;
  const int done = REAL(fchmod)(fd, mode);
  if (done == 0) call.note({.node = node, .mode = mode});
  return done;
}
int futimens(int fd, const timespec times[2]) noexcept {
  const std::uint64_t node = watched(fd);
  if (node == 0) return REAL(futimens)(fd, times);
  Counted call(Call::time);
  if (call.fails()) return -1;
  const int done = REAL(futimens)(fd, times);
  struct stat st {};
  ::fstat(fd, &st);
  if (done == 0) call.note({.node = node, .offset = static_cast<std::uint64_t>(st.st_mtim.tv_sec)});
  return done;
}

ssize_t read(int fd, void* to, size_t bytes) {
  return read_from(fd, bytes, [&](size_t n) { return REAL(read)(fd, to, n); });
}
ssize_t pread(int fd, void* to, size_t bytes, off_t at) {
  return read_from(fd, bytes, [&](size_t n) { return REAL(pread)(fd, to, n, at); });
}
ssize_t pread64(int fd, void* to, size_t bytes, off64_t at) { return pread(fd, to, bytes, at); }

#pragma GCC visibility pop
}
