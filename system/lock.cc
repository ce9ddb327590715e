// SPDX-License-Identifier: Apache-2.0
#include "system/lock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

#include "system/failure.h"

namespace patchferry {

Lock Lock::take(const std::string& path, bool wait, const std::function<void()>& on_wait) {
  Fd file = open_file(path, O_RDWR | O_CREAT, 0600);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return Lock(std::move(file));
  if (errno != EWOULDBLOCK) throw_errno("lock", path);
  if (!wait)
    throw SystemFailure("cannot lock " + path + ": another patchferry command is working there", EWOULDBLOCK,
                        "wait for it to finish, or leave out --no-wait to wait here");
  if (on_wait) on_wait();
  while (::flock(file.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw_errno("lock", path);
  return Lock(std::move(file));
}

}  // namespace patchferry
