// SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/program.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/failure.h"

namespace patchferry::test {

namespace {

Fd memory(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) throw_errno("create", "a file in memory");
  return Fd(fd, name);
}

std::string all_of(const Fd& file) {
  std::string text(size_of(file), '\0');
  text.resize(read_up_to(file, 0, std::as_writable_bytes(std::span(text))));
  return text;
}

// Only calls that a child may make between fork and exec.
[[noreturn]] void become(char* const* argv, int input, int output, int errors) {
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0)
    ::execv(argv[0], argv);
  ::_exit(127);
}

std::string& configuration() {
  static std::string path = "/dev/null";
  return path;
}

void set_environment() {
  ::unsetenv("PATCHFERRY_BASE");
  ::setenv("PATCHFERRY_CONFIG", configuration().c_str(), 1);
}

// This process gets mounts of its own, so that none outlives it. "" or why not.
std::string private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return std::string("file systems cannot be mounted here: ") + std::strerror(errno);
  return {};
}

}  // namespace

std::string programs_folder() {
  const char* named = std::getenv("PATCHFERRY_BIN");
  return named != nullptr ? named : PATCHFERRY_BIN;
}

Process::Process(const Words& words, Fd input, Fd output) : err_(memory("stderr")) {
  set_environment();
  if (!input.valid()) input = open_file("/dev/null", O_RDONLY);
  if (!output.valid()) out_ = memory("stdout");
  Words copies = words;
  if (!words[0].starts_with('/')) copies[0] = programs_folder() + "/" + words[0];
  std::vector<char*> argv;
  for (auto& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork for", copies[0]);
  if (pid_ == 0) become(argv.data(), input.get(), output.valid() ? output.get() : out_.get(), err_.get());
}

Process::Process(Process&& other) noexcept
    : pid_(other.pid_), status_(other.status_), usage_(other.usage_), out_(std::move(other.out_)), err_(std::move(other.err_)) {
  other.pid_ = -1;
}

Process::~Process() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status_, 0);
}

bool Process::is_running() {
  if (pid_ < 0) return false;
  if (::wait4(pid_, &status_, WNOHANG, &usage_) == 0) return true;
  pid_ = -1;
  return false;
}

std::string Process::err_so_far() const { return all_of(err_); }

void Process::kill() {
  if (pid_ >= 0) ::kill(pid_, SIGKILL);
}

Outcome Process::wait() {
  while (pid_ >= 0) {
    if (::wait4(pid_, &status_, 0, &usage_) == pid_)
      pid_ = -1;
    else if (errno != EINTR)
      throw_errno("wait for", "a program");
  }
  Outcome outcome;
  outcome.code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  if (out_.valid()) outcome.out = all_of(out_);
  outcome.err = all_of(err_);
  // What a sanitizer takes beside says nothing of the program.
  if (std::getenv("PATCHFERRY_SANITIZED") == nullptr) outcome.peak_memory = static_cast<std::uint64_t>(usage_.ru_maxrss) * 1024;
  return outcome;
}

Outcome run(const Words& words) { return Process(words).wait(); }

Outcome typed(Words words) {
  words.insert(words.begin(), "patchferry");
  return run(words);
}

std::pair<Fd, Fd> pipe_ends() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("make", "a pipe");
  return {Fd(ends[0], "pipe"), Fd(ends[1], "pipe")};
}

AtTime::AtTime(std::uint64_t seconds_since_1970) { ::setenv("PATCHFERRY_NOW", std::to_string(seconds_since_1970).c_str(), 1); }

AtTime::~AtTime() { ::unsetenv("PATCHFERRY_NOW"); }

Configured::Configured(const std::string& path) { configuration() = path; }
Configured::~Configured() { configuration() = "/dev/null"; }

std::string MemoryFileSystem::why_not() {
  static const std::string reason = private_mounts();
  return reason;
}

MemoryFileSystem::MemoryFileSystem(const std::string& folder, const std::string& options) : folder_(folder) {
  if (::mount("patchferry-scenario", folder.c_str(), "tmpfs", 0, options.c_str()) != 0) throw_errno("mount a tmpfs at", folder);
}

MemoryFileSystem::~MemoryFileSystem() { ::umount2(folder_.c_str(), MNT_DETACH); }

void MemoryFileSystem::change(const std::string& options) {
  if (::mount("none", folder_.c_str(), nullptr, MS_REMOUNT, options.c_str()) != 0) throw_errno("remount", folder_);
}

ReadOnly::ReadOnly(const std::string& folder) : folder_(folder) {
  if (::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) != 0) throw_errno("bind", folder);
  if (::mount("none", folder.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    ::umount2(folder.c_str(), MNT_DETACH);
    throw_errno("make read-only", folder);
  }
}

ReadOnly::~ReadOnly() { ::umount2(folder_.c_str(), MNT_DETACH); }

}  // namespace patchferry::test
