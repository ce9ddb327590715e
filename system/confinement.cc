// SPDX-License-Identifier: Apache-2.0
#include "system/confinement.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "system/file.h"

namespace patchferry {

namespace {

#ifdef PATCHFERRY_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// `grace`: so much more until the kernel loses its patience too.
bool limit(__rlimit_resource_t what, rlim_t most, rlim_t grace = 0) {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return false;
  const rlimit fresh{std::min(most, now.rlim_max), std::min(most + grace, now.rlim_max)};
  return ::setrlimit(what, &fresh) == 0;
}

/// Addresses that are in use: the program, its libraries, what it has mapped so far.
rlim_t mapped_now() {
  const auto text = read_whole("/proc/self/statm", 4096);
  return text ? std::strtoull(std::string(as_text(*text)).c_str(), nullptr, 10) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE))
              : 0;
}

/// Beside memory: what malloc() and threads reserve, and never use. Pages that are mapped and not written count as nothing else.
constexpr rlim_t kAddresses = rlim_t{4} << 30;

bool take_limits(const ConfinementLimits& limits, rlim_t mapped) {
  constexpr rlim_t kGrace = 10;  // with one limit for both, the kernel would kill at once, and nobody could tell why
  return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&  // pipes and sockets are no files
         limit(RLIMIT_NOFILE, 0) &&                          // what is open stays open
         limit(RLIMIT_CPU, limits.cpu_seconds, kGrace) && limit(RLIMIT_DATA, limits.memory) &&
         (mapped == 0 || limit(RLIMIT_AS, mapped + limits.memory + kAddresses));
}

/// Files that root has opened stay open. False: it still is root, as where a container or a service may not change it.
bool become_nobody() {
  if (::geteuid() != 0) return true;
  constexpr uid_t kNobody = 65534;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0;
}

/// Of root, and of whoever else has some. One may always give them up.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

// --- Landlock ----------------------------------------------------------------------------------------------------
// Debian 12's headers know the first version; what later ones added has the same numbers on every architecture.

struct LandlockRuleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // since version 4
  std::uint64_t scoped = 0;   // since version 6
};

LandlockRuleset everything(long version) {
  LandlockRuleset out;
  out.files = (1U << 13) - 1;
  if (version >= 2) out.files |= 1U << 13;  // to another folder
  if (version >= 3) out.files |= 1U << 14;  // cutting short
  if (version >= 5) out.files |= 1U << 15;  // ioctl on devices
  if (version >= 4) out.network = 3;        // TCP: bind, connect
  if (version >= 6) out.scoped = 3;         // abstract sockets and signals to others
  return out;
}

std::size_t size_known_to(long version) { return version >= 6 ? 24 : version >= 4 ? 16 : 8; }

/// No file can be opened, made, taken away or renamed by name.
bool refuse_files() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  const LandlockRuleset rules = everything(version);
  const long ruleset = ::syscall(SYS_landlock_create_ruleset, &rules, size_known_to(version), 0);
  if (ruleset < 0) return false;
  const bool done = ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  ::close(static_cast<int>(ruleset));
  return done;
}

// --- seccomp -----------------------------------------------------------------------------------------------------

struct FreeFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

// As libseccomp's macros, which are C only.
scmp_arg_cmp compared(unsigned argument, scmp_compare by, scmp_datum_t with) { return {argument, by, with, 0}; }
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t equal) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, equal};
}

class Filter {
 public:
  Filter() : filter_(seccomp_init(SCMP_ACT_KILL_PROCESS)) { good_ = filter_ != nullptr; }

  template <class... Conditions>
  void allow(const char* call, Conditions... conditions) {
    act(SCMP_ACT_ALLOW, call, conditions...);
  }
  template <class... Conditions>
  void act(std::uint32_t action, const char* call, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(call);
    if (!good_ || number == __NR_SCMP_ERROR) return;  // older libraries do not know the newest calls, nor does anybody call them
    good_ = seccomp_rule_add(filter_.get(), action, number, sizeof...(conditions), conditions...) == 0;
  }
  bool load() { return good_ && seccomp_load(filter_.get()) == 0; }

 private:
  std::unique_ptr<void, FreeFilter> filter_;
  bool good_ = false;
};

bool refuse_calls() {
  Filter filter;
  for (const char* call :
       {"read",           "write",           "readv",        "writev",      "pread64",           "lseek",  "close",
        "fstat",                                                         // descriptors that are here
        "munmap",         "mremap",          "brk",          "madvise",  // memory
        "futex",          "set_robust_list", "rseq",         "sched_yield", "sched_getaffinity", "gettid", "getpid",  // threads
        "rt_sigprocmask", "rt_sigreturn",    "sigaltstack",  // signals to itself
        "clock_gettime",  "clock_nanosleep", "gettimeofday", "getrandom",   "restart_syscall",   "exit",   "exit_group"})
    filter.allow(call);
  filter.allow("rt_sigaction", compared(0, SCMP_CMP_GE, 32));  // glibc's own, with the first thread; not SIGXCPU
  // Memory of its own only, which the limit counts (it counts none that grows like a stack), and none that can be run.
  filter.allow("mmap", masked(2, PROT_EXEC, 0), masked(3, MAP_TYPE | MAP_GROWSDOWN, MAP_PRIVATE));
  filter.allow("mprotect", masked(2, PROT_EXEC | PROT_GROWSDOWN | PROT_GROWSUP, 0));
#if !defined(__x86_64__) && !defined(__aarch64__)
  filter.allow("newfstatat",
               compared(3, SCMP_CMP_EQ, AT_EMPTY_PATH));  // what fstat is to newer libraries; stat_of() makes do without
#endif
  filter.allow("clone", masked(0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
  // Libraries look around by themselves: malloc, before it gives back memory, at /proc. They take no for an answer.
  for (const char* call : {"open", "openat"}) filter.act(SCMP_ACT_ERRNO(EACCES), call);
  filter.act(SCMP_ACT_ERRNO(ENOSYS), "clone3");  // its flags cannot be looked at; glibc takes clone then
  filter.allow("tgkill", compared(0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())),
               compared(2, SCMP_CMP_EQ, SIGABRT));  // abort()
  return filter.load();
}

}  // namespace

Confinement confine_to_descriptors(const ConfinementLimits& limits) {
  Confinement out;
  if (kSanitized) {
    limit(RLIMIT_CORE, 0);
    return out;
  }
  const rlim_t mapped = mapped_now();
  if (!become_nobody()) out.lacking.emplace_back("a user of its own");
  if (!drop_capabilities()) out.lacking.emplace_back("letting go of capabilities");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) out.lacking.emplace_back("no_new_privs");
  if (!refuse_files()) out.lacking.emplace_back("Landlock");
  if (!take_limits(limits, mapped)) out.lacking.emplace_back("limits");  // after Landlock, which wants one more descriptor
  if (!refuse_calls()) out.lacking.emplace_back("seccomp");
  return out;
}

}  // namespace patchferry
