// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/confined.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <linux/landlock.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/confinement.h"
#include "system/file.h"

namespace patchferry::test {

namespace {

/// What this kernel has, found out another way than confine_to_descriptors() does: else a fault there would pass for a lesser kernel.
bool kernel_can() {
  const auto seccomp = read_whole("/proc/sys/kernel/seccomp/actions_avail", 4096);
  return seccomp && as_text(*seccomp).find("kill_process") != std::string_view::npos &&
         ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

/// 0: all holds; 1: all but another user; 2: something else is lacking.
int lacking_here() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto lacking = confine_to_descriptors({256 << 20, 60}).lacking;
    const bool only_user = lacking == std::vector<std::string>{"a user of its own"};
    ::_exit(lacking.empty() ? 0 : only_user ? 1 : 2);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

}  // namespace

bool can_confine() {
#ifdef PATCHFERRY_SANITIZED
  const bool sanitized = true;
#else
  const bool sanitized = std::getenv("PATCHFERRY_SANITIZED") != nullptr;
#endif
  if (sanitized) {
    WARN("not run: a sanitizer makes calls of its own");
    return false;
  }
  const int lacking = lacking_here();
  if (lacking == 0) return true;
  if (lacking == 2 && kernel_can()) FAIL("this kernel could confine an unpacker, and it is not confined");
  WARN("not run: this kernel has no seccomp or no Landlock, or does not allow them");
  return false;
}

}  // namespace patchferry::test
