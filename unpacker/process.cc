// SPDX-License-Identifier: Apache-2.0
#include "unpacker/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <mutex>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "system/failure.h"
#include "system/parallel.h"
#include "unpacker/unpacker.h"

namespace patchferry::unpacker {

namespace {

constexpr const char* kHint =
    "nothing of it was kept. Do not use it: it was made to do that, or the memory of this machine is failing";

/// What posix_spawn does on the way. Descriptors are moved out of the way of those that the unpacker is to have.
class Start {
 public:
  Start() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
    for (const int silent : {STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_addopen(&actions_, silent, "/dev/null", O_WRONLY, 0);
  }
  ~Start() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  void give(const Fd& file, int as) {
    constexpr int kAbove = 10;
    const int aside = ::fcntl(file.get(), F_DUPFD_CLOEXEC, kAbove);
    if (aside < 0) throw_errno("duplicate", file.path());
    aside_.emplace_back(aside, file.path());
    ::posix_spawn_file_actions_adddup2(&actions_, aside, as);
    given_ = std::max(given_, as);
  }
  /// To be read only, and from its start, however we have it open.
  void give_to_read(const Fd& file, int as) {
    const std::string ours = "/proc/self/fd/" + std::to_string(file.get());
    const int fd = ::open(ours.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw_errno("open again", file.path());
    give(Fd(fd, file.path()), as);
  }

  pid_t now() {
    std::string name = kName, cores_to_use = "PATCHFERRY_CORES=" + std::to_string(cores());
    std::array<char*, 2> argv = {name.data(), nullptr}, environment = {cores_to_use.data(), nullptr};
    // What whoever started us has left open is no unpacker's business.
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, given_ + 1);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions_, &attributes_, argv.data(), environment.data());
    if (error != 0)
      throw SystemFailure(std::string("cannot start the process that unpacks: ") + std::strerror(error), error,
                          "is /proc mounted, and may the program be run from where it lies?");
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  std::vector<Fd> aside_;
  int given_ = STDERR_FILENO;
};

std::mutex lacking_mutex;
std::function<void(const std::vector<std::string>&)> lacking_told;

void tell_lacking(const std::vector<std::string>& lacking) {
  const std::lock_guard hold(lacking_mutex);
  if (const auto told = std::exchange(lacking_told, nullptr)) told(lacking);
}

/// Said before any byte from outside was read, so it can be believed.
std::vector<std::string> lines_of(ByteSpan text) {
  std::vector<std::string> out;
  std::istringstream in{std::string(as_text(text))};
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

}  // namespace

void on_lacking(std::function<void(const std::vector<std::string>&)> tell) {
  const std::lock_guard hold(lacking_mutex);
  lacking_told = std::move(tell);
}

Process::Process(const Job& job, const Fd* input, const Fd* prefix)
    : Process() {  // whole from here on: what throws kills the child
  about_ = input == nullptr ? "an archive" : input->path();
  cpu_seconds_ = cpu_seconds_for(job);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno("make a socket to", "the unpacker");
  channel_.emplace(Fd(ends[0], "the unpacker"), Patience{kPatience, 4 * cpu_seconds_});
  start(Fd(ends[1], "the unpacker's end"), input, prefix);
  try {
    channel_->send(Word::job, encode_job(job));
    channel_->flush();
    const Message first = channel_->receive();
    if (first.word != Word::confined) throw BadMessage();
    lacking_ = lines_of(first.body);
  } catch (const BadMessage&) {
    throw SystemFailure("the process that unpacks is another than this program's", 0,
                        "was the program replaced just now? Run the same command again");
  } catch (const Gone&) {
    throw SystemFailure("the process that unpacks has ended before it began: " + end().text, 0,
                        "does a service's SystemCallFilter=, or a container, forbid it to confine itself? See docs/security.md");
  } catch (const Silence&) {
    throw SystemFailure("the process that unpacks did not begin", 0, "is this machine too busy? Run the same command again");
  }
  if (!lacking_.empty()) tell_lacking(lacking_);
}

void Process::start(const Fd& socket, const Fd* input, const Fd* prefix) {
  Start unpacker;
  unpacker.give(socket, kSocket);
  if (input != nullptr) unpacker.give_to_read(*input, kInput);
  if (prefix != nullptr) unpacker.give_to_read(*prefix, kPrefix);
  pid_ = unpacker.now();
}

Process::~Process() { kill(); }

void Process::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

Result<void> Process::through(const std::function<Result<void>()>& talk) {
  try {
    return talk();
  } catch (const BadMessage&) {
    return tl::unexpected(end_of_liar());
  } catch (const Gone&) {
    return tl::unexpected(end());
  } catch (const Silence&) {
    return tl::unexpected(end_of_silent());
  }
}

std::optional<Ending> end_of_child(pid_t child, std::uint64_t seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (auto pause = std::chrono::microseconds(100);; pause = std::min(2 * pause, std::chrono::microseconds(50'000))) {
    Ending out;
    rusage used{};
    const pid_t ended = ::wait4(child, &out.status, WNOHANG, &used);
    if (ended == child) {
      out.cpu_seconds = static_cast<std::uint64_t>(used.ru_utime.tv_sec) + static_cast<std::uint64_t>(used.ru_stime.tv_sec);
      return out;
    }
    if (ended < 0 && errno != EINTR) throw_errno("wait for", "the unpacker");
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(pause);
  }
}

Refusal Process::end_of_liar() {
  kill();
  return {RefusalKind::unpacker_crashed, "unpacking it made the process that unpacks say what it never says", kHint};
}

Refusal Process::end_of_silent() {
  kill();
  return {RefusalKind::unpacker_crashed, "unpacking it stood still", kHint};
}

Refusal Process::end() {
  channel_.reset();
  const auto ended = end_of_child(pid_, kEndPatience);
  if (!ended) return end_of_silent();
  const int status = ended->status;
  pid_ = -1;
  Refusal out;
  out.kind = RefusalKind::unpacker_crashed;
  out.hint = kHint;
  if (WIFEXITED(status)) {
    out.text = "the process that unpacks broke off in the middle of it";
    return out;
  }
  // Deaf to SIGXCPU, it is killed by the kernel some seconds later.
  if (WTERMSIG(status) == SIGXCPU || ended->cpu_seconds >= cpu_seconds_) {
    out.kind = RefusalKind::too_large;
    out.text = "unpacking takes longer than it does for any release";
    return out;
  }
  switch (WTERMSIG(status)) {
    case SIGKILL:
      throw SystemFailure("the process that unpacks " + about_ + " was killed from outside", 0,
                          "was memory short? Run the same command again");
    case SIGSYS: out.text = "unpacking it led to a system call that unpacking does not need"; return out;
    default: out.text = std::string("unpacking it crashed (") + ::strsignal(WTERMSIG(status)) + ")"; return out;
  }
}

}  // namespace patchferry::unpacker
