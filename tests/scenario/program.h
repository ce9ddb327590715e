// SPDX-License-Identifier: Apache-2.0
// Running the built programs as a person would: a command line, what it prints, how it exits.
//
// The programs are looked for in $PATCHFERRY_BIN, else where this build puts them. They see neither this machine's
// configuration nor its PATCHFERRY_BASE, and read an empty standard input unless they are given one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <vector>

#include "system/file.h"
#include "tests/temp_folder.h"

namespace patchferry::test {

using Words = std::vector<std::string>;

/// The folder of the built programs.
std::string programs_folder();

struct Outcome {
  int code = -1;  // exit code; 128 + signal if a signal ended it
  std::string out;
  std::string err;
  std::uint64_t peak_memory =
      0;  // bytes that it, or one of its own children, had in memory at once, whichever had more; at least what this process has. 0 under a sanitizer
};

/// A program on its way. Killed if it still runs when this goes.
class Process {
 public:
  /// words[0] is the program's name, or the full path of a tool of the system. `input` and `output` replace the empty standard input and the captured output.
  explicit Process(const Words& words, Fd input = {}, Fd output = {});
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t id() const { return pid_; }
  bool is_running();
  /// What it has printed on stderr so far.
  std::string err_so_far() const;
  void kill();  // SIGKILL: as a power cut, but for what the kernel still holds
  Outcome wait();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  rusage usage_{};
  Fd out_;
  Fd err_;
};

/// Runs to the end.
Outcome run(const Words& words);
/// `patchferry WORDS…`, as typed by a person.
Outcome typed(Words words);
/// Two ends of a pipe: read, write.
std::pair<Fd, Fd> pipe_ends();

/// The time that the programs believe it is, until this goes.
class AtTime {
 public:
  explicit AtTime(std::uint64_t seconds_since_1970);
  ~AtTime();
  AtTime(const AtTime&) = delete;
  AtTime& operator=(const AtTime&) = delete;
};

/// The configuration that the programs read, in place of none, until this goes.
class Configured {
 public:
  explicit Configured(const std::string& path);
  ~Configured();
  Configured(const Configured&) = delete;
  Configured& operator=(const Configured&) = delete;
};

/// A file system in memory of its own, seen by this process and its children only.
class MemoryFileSystem {
 public:
  /// Why this cannot be had here (it needs root); empty if it can.
  static std::string why_not();
  /// `options` as for mount -o, such as "size=8m,nr_inodes=100".
  MemoryFileSystem(const std::string& folder, const std::string& options);
  ~MemoryFileSystem();
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;
  void change(const std::string& options);

 private:
  std::string folder_;
};

/// Makes a folder one that nobody can write to, root included, until this goes. Needs what MemoryFileSystem needs.
class ReadOnly {
 public:
  explicit ReadOnly(const std::string& folder);
  ~ReadOnly();
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  std::string folder_;
};

}  // namespace patchferry::test
