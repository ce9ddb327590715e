// SPDX-License-Identifier: Apache-2.0
// A hole in an unpacker: whatever runs there may try what it likes. Each attempt is made for real, in a process that has given up what
// an unpacker gives up.
#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "system/confinement.h"
#include "tests/attacks/confined.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr ConfinementLimits kLimits{256 << 20, 60};
constexpr int kSurvived = 42;

/// How a confined process ended that tried this: "SIGSYS", "exit 42", …
std::string ended(const std::function<void()>& attempt) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (!confine_to_descriptors(kLimits).lacking.empty()) ::_exit(1);
    attempt();
    ::_exit(kSurvived);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? "SIGSYS" : "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

struct Attempt {
  const char* what;
  std::function<void()> make;
};

}  // namespace

TEST_CASE("what an unpacker has no need of kills it, and changes nothing") {
  if (!can_confine()) return;
  const TempFolder folder;
  const std::string file = folder.path() + "/file", other = folder.path() + "/other";
  write_contents(file, "as it was");
  const pid_t parent = ::getpid();
  // One of a kind each; the numbers of calls that this C library has no names for are the kernel's, for x86-64 and arm64 alike.
  const std::vector<Attempt> attempts = {
      {"a socket of the network", [] { ::socket(AF_INET, SOCK_STREAM, 0); }},
      {"a datagram", [] { ::socket(AF_INET6, SOCK_DGRAM, 0); }},
      {"a raw socket", [] { ::socket(AF_PACKET, SOCK_RAW, 0); }},
      {"a socket of this machine", [] { ::socket(AF_UNIX, SOCK_STREAM, 0); }},
      {"passing descriptors", [] { ::sendmsg(0, nullptr, 0); }},
      {"taking descriptors", [] { ::recvmsg(0, nullptr, 0); }},
      {"another program", [] { ::execl("/bin/true", "true", nullptr); }},
      {"another process", [] { (void)!::fork(); }},
      {"another process that shares memory", [] { ::syscall(SYS_clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0); }},
      {"a namespace", [] { ::unshare(CLONE_NEWUSER); }},
      {"a signal to its program", [parent] { ::kill(parent, 0); }},
      {"a signal to a thread of its program", [parent] { ::syscall(SYS_tgkill, parent, parent, 0); }},
      {"debugging its program", [parent] { ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }},
      {"reading its program's memory", [parent] { ::syscall(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0); }},
      {"removing a file", [&] { ::unlink(file.c_str()); }},
      {"renaming a file", [&] { ::rename(file.c_str(), other.c_str()); }},
      {"a second name", [&] { (void)!::link(file.c_str(), other.c_str()); }},
      {"a link", [&] { (void)!::symlink(file.c_str(), other.c_str()); }},
      {"a folder", [&] { ::mkdir(other.c_str(), 0755); }},
      {"a device", [&] { ::mknod(other.c_str(), S_IFCHR | 0666, 0); }},
      {"a mode", [&] { ::chmod(file.c_str(), 0777); }},
      {"an owner", [&] { (void)!::chown(file.c_str(), 0, 0); }},
      {"cutting short", [&] { (void)!::truncate(file.c_str(), 0); }},
      {"looking at a file",
       [&] {
         struct stat st {};
         ::stat(file.c_str(), &st);
       }},
      {"looking at a file as if it were a descriptor",
       [&] {
         struct stat st {};
         ::fstatat(AT_FDCWD, file.c_str(), &st, AT_EMPTY_PATH);
       }},
      {"the names in a folder", [] { ::syscall(SYS_getdents64, 0, nullptr, 0); }},
      {"a folder to stand in", [] { (void)!::chdir("/"); }},
      {"another root", [] { (void)!::chroot("/"); }},
      {"a mount", [] { ::syscall(SYS_umount2, "/", 0); }},
      {"a device's controls", [] { ::syscall(SYS_ioctl, 0, 0, 0); }},
      {"a file in memory", [] { ::memfd_create("x", 0); }},
      {"memory that can be run",
       [] { ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
      {"memory that no limit counts", [] { ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }},
      {"memory that grows by itself, which no limit counts",
       [] { ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0); }},
      {"memory that is made to grow by itself",
       [] {
         void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         ::mprotect(at, 4096, PROT_READ | PROT_WRITE | PROT_GROWSDOWN);
       }},
      {"being deaf to signals", [] { ::signal(SIGXCPU, SIG_IGN); }},
      {"a signal to itself that looks like somebody else's", [] { ::raise(SIGKILL); }},
      {"making memory one that can be run",
       [] {
         void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         ::mprotect(at, 4096, PROT_READ | PROT_EXEC);
       }},
      {"becoming root again", [] { (void)!::setuid(0); }},
      {"its own limits", [] { ::syscall(SYS_prlimit64, 0, 0, nullptr, nullptr); }},
      {"its own filter", [] { ::prctl(PR_SET_SECCOMP, 0, 0, 0, 0); }},
      {"keys", [] { ::syscall(SYS_add_key, nullptr, nullptr, nullptr, 0, 0); }},
      {"bpf", [] { ::syscall(SYS_bpf, 0, nullptr, 0); }},
      {"io_uring", [] { ::syscall(SYS_io_uring_setup, 1, nullptr); }},
      {"userfaultfd", [] { ::syscall(SYS_userfaultfd, 0); }},
      {"a module of the kernel", [] { ::syscall(SYS_finit_module, 0, "", 0); }},
      {"the clock", [] { ::syscall(SYS_clock_settime, 0, nullptr); }},
      {"a call that no kernel has", [] { ::syscall(100'000); }},
  };
  for (const auto& attempt : attempts) {
    INFO(attempt.what);
    CHECK(ended(attempt.make) == "SIGSYS");
  }
  CHECK(contents(file) == "as it was");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("an unpacker opens no file, to read or to write") {
  if (!can_confine()) return;
  const TempFolder folder;
  const std::string file = folder.path() + "/file", other = folder.path() + "/other";
  write_contents(file, "as it was");
  const auto opens = [](const std::string& path, int flags) {
    return ended([&] {
      const int fd = ::open(path.c_str(), flags, 0644);
      if (fd < 0 && errno == EACCES) ::_exit(7);
    });
  };
  CHECK(opens("/etc/passwd", O_RDONLY) == "exit 7");
  CHECK(opens(file, O_RDWR | O_TRUNC) == "exit 7");
  CHECK(opens(other, O_WRONLY | O_CREAT) == "exit 7");
  CHECK(opens("/proc/self/mem", O_RDWR) == "exit 7");
  CHECK(ended([&] { ::syscall(SYS_openat2, AT_FDCWD, file.c_str(), nullptr, 0); }) == "SIGSYS");
  CHECK(ended([&] { ::syscall(SYS_open_by_handle_at, 0, nullptr, 0); }) == "SIGSYS");
  CHECK(contents(file) == "as it was");
  CHECK_FALSE(exists(other));
}

TEST_CASE("where seccomp cannot be had, Landlock alone opens no file, and makes none") {
  if (!can_confine()) return;
  const TempFolder folder;
  const std::string file = folder.path() + "/file", other = folder.path() + "/other";
  write_contents(file, "as it was");
  const auto tried = [](const std::function<bool()>& attempt) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);  // a kernel that has no seccomp, from now on
      seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0);
      seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
      if (seccomp_load(filter) != 0) ::_exit(1);
      if (confine_to_descriptors(kLimits).lacking != std::vector<std::string>{"seccomp"}) ::_exit(2);
      ::_exit(attempt() ? 3 : errno == EACCES ? 7 : 4);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  // All may pass through the folder, so that it is not nobody's modes that refuse.
  ::chmod(folder.path().c_str(), 0777);
  ::chmod(file.c_str(), 0666);
  CHECK(tried([&] { return ::unlink(file.c_str()) == 0; }) == 7);
  CHECK(tried([&] { return ::mkdir(other.c_str(), 0755) == 0; }) == 7);
  CHECK(tried([&] { return ::symlink(file.c_str(), other.c_str()) == 0; }) == 7);
  CHECK(tried([&] { return ::rename(file.c_str(), other.c_str()) == 0; }) == 7);
  CHECK(tried([&] { return ::truncate(file.c_str(), 0) == 0; }) == 7);
  CHECK(contents(file) == "as it was");
}

TEST_CASE("an unpacker can do what it is for: read, write, take memory, and use threads") {
  if (!can_confine()) return;
  CHECK(ended([] {
          std::vector<std::string> many(1000, std::string(10'000, 'x'));
          std::thread([&] { many.clear(); }).join();
          char byte = 0;
          if (::read(0, &byte, 0) < 0) ::_exit(1);
          try {
            throw std::string("caught");
          } catch (const std::string&) {
          }
        }) == "exit 42");
}

TEST_CASE("an unpacker that takes more memory than it may gets none, and one that runs on is ended") {
  if (!can_confine()) return;
  CHECK(ended([] {
          try {
            const std::string much(600 << 20, 'x');
          } catch (const std::bad_alloc&) {
            ::_exit(8);
          }
        }) == "exit 8");
  CHECK(ended([] {  // only to be read: no memory of its own, but the kernel keeps a table of it
          const void* at = ::mmap(nullptr, std::size_t{64} << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
          ::_exit(at == MAP_FAILED ? 8 : 9);
        }) == "exit 8");
  const pid_t pid = ::fork();
  if (pid == 0) {
    confine_to_descriptors({256 << 20, 1});
    for (;;) ::sched_yield();
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU));  // by which its program knows why
}
