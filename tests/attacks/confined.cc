// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/confined.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

#include "system/confinement.h"

namespace patchferry::test {

namespace {

bool kernel_can() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(confine_to_descriptors({256 << 20, 60}).lacking.empty() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
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
  if (kernel_can()) return true;
  WARN("not run: this kernel has no seccomp or no Landlock, or does not allow them");
  return false;
}

}  // namespace patchferry::test
