// SPDX-License-Identifier: Apache-2.0
#include "tests/fault-layer/watch.h"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

namespace patchferry::test {

namespace {

struct Fault {
  std::uint64_t at = 0;
  bool kill = false, half = false, interrupt = false, stays = false;
  int error = 0;
};

struct State {
  std::string root;  // with a slash at its end; empty: off
  Counts* counts = nullptr;
  int journal = -1;
  Fault fault;
};

State& state() {
  static State the;
  return the;
}

// A descriptor's inode, 0 if it is not watched. Whoever closes behind our back (closedir) leaves one behind: watched() compares.
std::array<std::atomic<std::uint64_t>, 4096> nodes;

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

void read_fault(Fault& fault) {
  fault.at = std::strtoull(setting(kAt), nullptr, 10);
  fault.stays = std::strcmp(setting(kStays), "1") == 0;
  const std::string what = setting(kDo);
  fault.kill = what == "kill";
  fault.half = what == "half";
  fault.interrupt = what == "interrupt";
  if (what == "ENOSPC") fault.error = ENOSPC;
  if (what == "EIO") fault.error = EIO;
}

[[gnu::constructor]] void begin() {
  State& s = state();
  const int counts = REAL(open)(setting(kCounts), O_RDWR | O_CLOEXEC);
  if (counts < 0) return;
  void* mapped = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, counts, 0);
  REAL(close)(counts);
  if (mapped == MAP_FAILED) return;
  s.counts = static_cast<Counts*>(mapped);
  if (*setting(kJournal) != '\0') {
    // Out of the way of what the program expects its descriptors to be.
    const int journal = REAL(open)(setting(kJournal), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    s.journal = ::fcntl(journal, F_DUPFD_CLOEXEC, 900);
    REAL(close)(journal);
  }
  read_fault(s.fault);
  if (*setting(kRoot) == '/') s.root = std::string(setting(kRoot)) + "/";
}

bool can_fail_so(Call call, int error) {
  if (error == EIO) return true;
  switch (call) {  // what asks for room, and so fails on a full disk
    case Call::create:
    case Call::create_unnamed:
    case Call::write:
    case Call::allocate:
    case Call::link:
    case Call::symlink:
    case Call::rename:
    case Call::mkdir: return true;
    default: return false;
  }
}

void write_fully(int fd, const void* from, std::size_t bytes) {
  const char* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t n = REAL(write)(fd, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::abort();  // a journal with a hole would prove nothing
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

}  // namespace

void* behind(const char* name) { return ::dlsym(RTLD_NEXT, name); }

bool is_on() { return !state().root.empty(); }

std::string watched_path(int at, const char* path) {
  if (!is_on() || path == nullptr) return "";
  const int kept = errno;
  std::string folder = path;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const auto slash = folder.rfind('/');
  const std::string name = slash == std::string::npos ? folder : folder.substr(slash + 1);
  folder = slash == std::string::npos ? "." : slash == 0 ? "/" : folder.substr(0, slash);
  const int opened = REAL(openat)(at, folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  std::string out;
  if (opened >= 0) {
    char real[PATH_MAX];
    const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(opened)).c_str(), real, sizeof real);
    if (n > 0) out.assign(real, static_cast<std::size_t>(n));
    REAL(close)(opened);
  }
  errno = kept;
  out += "/" + name;
  return out.starts_with(state().root) ? out.substr(state().root.size()) : "";
}

void opened(int fd) {
  if (!is_on() || fd < 0 || static_cast<std::size_t>(fd) >= nodes.size()) return;
  const int kept = errno;
  char real[PATH_MAX];
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), real, sizeof real);
  const std::string path = n > 0 ? std::string(real, static_cast<std::size_t>(n)) + "/" : "";
  struct stat st {};
  const bool is_ours = path.starts_with(state().root) && ::fstat(fd, &st) == 0;
  nodes[static_cast<std::size_t>(fd)] = is_ours ? st.st_ino : 0;
  errno = kept;
}

void duplicated(int from, int to) {
  const auto count = static_cast<int>(nodes.size());
  if (is_on() && from >= 0 && to >= 0 && from < count && to < count)
    nodes[static_cast<std::size_t>(to)] = nodes[static_cast<std::size_t>(from)].load();
}

void closed(int fd) {
  if (is_on() && fd >= 0 && static_cast<std::size_t>(fd) < nodes.size()) nodes[static_cast<std::size_t>(fd)] = 0;
}

std::uint64_t watched(int fd) {
  if (!is_on() || fd < 0 || static_cast<std::size_t>(fd) >= nodes.size()) return 0;
  auto& node = nodes[static_cast<std::size_t>(fd)];
  if (node == 0) return 0;
  const int kept = errno;
  struct stat st {};
  if (::fstat(fd, &st) != 0 || st.st_ino != node) node = 0;
  errno = kept;
  return node;
}

Counted::Counted(Call call) : call_(call) {
  State& s = state();
  for (std::uint32_t free = 0; !s.counts->lock.compare_exchange_weak(free, 1, std::memory_order_acquire); free = 0)
    ::sched_yield();
  number_ = ++s.counts->calls;
  const Fault& fault = s.fault;
  const bool meant = fault.at != 0 && (number_ == fault.at || (fault.stays && number_ > fault.at));
  if (!meant) return;
  if (fault.kill) {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
  halved_ = fault.half && call == Call::write;
  if (fault.error != 0 && can_fail_so(call, fault.error)) {
    error_ = fault.error;
    ++s.counts->faults;
    errno = error_;
  }
}

Counted::~Counted() { state().counts->lock.store(0, std::memory_order_release); }

std::size_t Counted::part_of(std::size_t wanted) {
  if (!halved_ || wanted < 2) return wanted;
  ++state().counts->faults;
  return wanted / 2;
}

void Counted::note(Call call, const Told& told) {
  const int journal = state().journal;
  if (journal < 0) return;
  const int kept = errno;
  const Record record{number_,
                      told.node,
                      told.offset,
                      told.bytes,
                      call,
                      told.mode,
                      static_cast<std::uint32_t>(told.path.size()),
                      static_cast<std::uint32_t>(told.to.size())};
  write_fully(journal, &record, sizeof record);
  write_fully(journal, told.path.data(), told.path.size());
  write_fully(journal, told.to.data(), told.to.size());
  write_fully(journal, told.data, told.bytes);
  errno = kept;
}

ssize_t interrupted(std::size_t wanted) {
  const Fault& fault = state().fault;
  if (!fault.interrupt || state().counts->calls + 1 < fault.at) return static_cast<ssize_t>(wanted);
  static thread_local bool now = false;
  now = !now;
  ++state().counts->faults;
  if (now) {
    errno = EINTR;
    return -1;
  }
  return static_cast<ssize_t>(wanted < 2 ? wanted : wanted / 2);
}

}  // namespace patchferry::test
