// SPDX-License-Identifier: Apache-2.0
#include "system/run_tool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry {

namespace {

constexpr std::size_t kMostSaid = 64 * 1024;

/// What is passed to posix_spawn: where the new program reads and writes, and that it does not inherit our being deaf to SIGPIPE.
class SpawnPlan {
 public:
  explicit SpawnPlan(const Fd& output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output.get(), STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t usual;
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t start(const std::string& program, char* const* argv, char* const* environment) const {
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, environment);
    if (error != 0) throw_errno("run", program, error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_in_c_locale() {
  std::vector<std::string> out = {"LC_ALL=C"};
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("LC_ALL=")) out.emplace_back(*entry);
  return out;
}

/// Reads on after the limit, so that the program does not wait for us for ever.
std::string all_that_it_says(const Fd& output) {
  std::string said;
  std::array<std::byte, 4096> buffer{};
  while (const std::size_t count = read_up_to(output, buffer)) {
    const auto text = as_text(ByteSpan(buffer).first(count));
    said += text.substr(0, kMostSaid - said.size());
  }
  while (said.ends_with('\n')) said.pop_back();
  return said;
}

int exit_code_of(pid_t pid, const std::string& program) {
  int status = 0;
  while (::waitpid(pid, &status, 0) != pid)
    if (errno != EINTR) throw_errno("wait for", program);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::optional<std::string> find_tool(const std::string& name) {
  const char* from_environment = std::getenv("PATH");
  const std::string path = std::string(from_environment != nullptr ? from_environment : "") + ":/usr/sbin:/sbin";
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    const std::string program = path.substr(begin, end - begin) + "/" + name;
    // An empty or relative folder is wherever one happens to stand.
    if (path[begin] == '/' && !is_folder(program) && ::access(program.c_str(), X_OK) == 0) return program;
    begin = end + 1;
  }
  return std::nullopt;
}

ToolOutcome run_tool(const std::string& program, const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("make a pipe to", program);
  const Fd read_end(ends[0], "what " + program + " says");
  Fd write_end(ends[1], "pipe");
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_in_c_locale();
  const auto argv = pointers_to(words), envp = pointers_to(environment);
  const pid_t pid = SpawnPlan(write_end).start(program, argv.data(), envp.data());
  write_end = {};
  ToolOutcome outcome;
  outcome.said = all_that_it_says(read_end);
  outcome.code = exit_code_of(pid, program);
  return outcome;
}

}  // namespace patchferry
