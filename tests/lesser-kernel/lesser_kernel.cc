// SPDX-License-Identifier: Apache-2.0
// Runs a program as a kernel would that lacks what confines unpackers, or has no network.
//
// --help tells the words.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr const char* kHelp =
    "Usage: lesser-kernel [seccomp] [landlock] [network] -- PROGRAM ARGUMENTS...\n\n"
    "Runs a program as on a kernel that lacks something. Each word names what is lacking:\n"
    "  seccomp   no system call filters\n"
    "  landlock  no rules for files\n"
    "  network   no sockets but those of this machine: asking for another one ends the program with SIGSYS\n\n"
    "Exit code: the program's; 98: it cannot be run; 99: wrong words, or no filter can be had here.\n";

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  int at = 1;
  bool good = filter != nullptr;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
    if (std::strcmp(argv[at], "seccomp") == 0) {
      good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) == 0;
      good =
          good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) == 0;
    } else if (std::strcmp(argv[at], "landlock") == 0) {
      good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) == 0;
    } else if (std::strcmp(argv[at], "network") == 0) {
      good = good && seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX)) == 0;
    } else {
      good = false;
    }
  }
  if (!good || at + 1 >= argc || seccomp_load(filter) != 0) {
    std::fputs("lesser-kernel: wrong words, or no filter can be had; --help tells the words\n", stderr);
    return 99;
  }
  ::execv(argv[at + 1], argv + at + 1);
  std::perror("lesser-kernel");
  return 98;
}
