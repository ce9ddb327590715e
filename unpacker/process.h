// SPDX-License-Identifier: Apache-2.0
// One unpacker, from its start to its end: this very program, started anew under the name kName with nothing but a socket and what it
// is to read. No environment, no other descriptor, none of our memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "system/refusal.h"
#include "unpacker/channel.h"
#include "unpacker/job.h"

namespace patchferry::unpacker {

constexpr std::uint64_t kPatience = 600;    // seconds: no job is silent for so long
constexpr std::uint64_t kEndPatience = 10;  // nor does one live on for so long with its socket closed

constexpr const char* kName = "patchferry-unpacker";  // as ps shows it; top, the first 15 letters

class Process {
 public:
  /// Returns once it has given up what it does not need. Throws SystemFailure if it cannot be started. What the kernel lacks for that
  /// is told to whom on_lacking() names.
  Process(const Job& job, const Fd* input, const Fd* prefix);
  /// Killed, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Channel& channel() { return *channel_; }
  /// What this kernel does not have, or did not allow (system/confinement.h).
  const std::vector<std::string>& lacking() const { return lacking_; }

  /// `talk`, which may throw what a Channel throws: then the reason, for people, by how the process ended. unpacker_crashed, or too_large
  /// if it took all the time that it had; a SystemFailure if somebody has killed it.
  Result<void> through(const std::function<Result<void>()>& talk);

 private:
  Process() = default;
  Refusal end();
  Refusal end_of_liar();
  Refusal end_of_silent();
  void kill();
  void start(const Fd& socket, const Fd* input, const Fd* prefix);

  pid_t pid_ = -1;
  std::string about_;  // what is unpacked, for people
  std::uint64_t cpu_seconds_ = 0;
  std::optional<Channel> channel_;
  std::vector<std::string> lacking_;
};

struct Ending {
  int status = 0;  // as waitpid() tells it
  std::uint64_t cpu_seconds = 0;
};
/// Waits for a child to end, for at most so many seconds. nullopt: it lives on.
std::optional<Ending> end_of_child(pid_t child, std::uint64_t seconds);

}  // namespace patchferry::unpacker
