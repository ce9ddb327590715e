// SPDX-License-Identifier: Apache-2.0
// Text for people: sizes, tables, notes and progress. Results go to stdout; notes, progress, errors to stderr.
// Colour only on a terminal and without NO_COLOR. Untrusted text should have gone through printable() before; what has not
// steers no terminal all the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace patchferry {

std::string size_text(std::uint64_t bytes);                        // "12.3 MB" (powers of 1000), "512 bytes"
std::string count_text(std::uint64_t n, const std::string& noun);  // "1 patchset", "3 patchsets"

void print(const std::string& line);  // stdout + newline; throws SystemFailure if stdout fails (not EPIPE)
void note(const std::string& line);   // stderr "patchferry: …"; silent after set_quiet(true)
void warn(const std::string& line);   // likewise, and never silent
/// For what a program does without on this machine, between it and what comes from outside: names, such as "Landlock".
void warn_of_lacking(const std::vector<std::string>& names);
void error_line(const std::string& text, const std::string& hint);  // stderr "patchferry: error: …" / "patchferry: hint: …"
void set_quiet(bool quiet);
bool is_quiet();

/// Columns aligned; the last one is not padded. Header in bold on a terminal.
void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

/// One long operation. On a terminal: a line with bar, bytes, rate and time left, redrawn at most ten times a second,
/// only once it has taken a second. Otherwise: one plain line at the start of the second second and one at each 10 %.
/// Silent after set_quiet(true). Thread-safe: add() may be called from several threads.
class Progress {
 public:
  Progress(std::string what, std::uint64_t total_bytes);
  ~Progress();  // clears its line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void add(std::uint64_t bytes);

 private:
  void draw_locked(std::chrono::steady_clock::time_point now);
  std::mutex mutex_;
  std::string what_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point drawn_;
  unsigned tenths_said_ = 0;
  bool line_open_ = false;
};

}  // namespace patchferry
