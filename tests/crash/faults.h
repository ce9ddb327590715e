// SPDX-License-Identifier: Apache-2.0
// Starts programs with the fault layer (tests/fault-layer) beneath them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/crash/disk.h"
#include "tests/scenario/program.h"

namespace patchferry::test {

/// An environment variable, until this goes.
class Set {
 public:
  Set(const char* name, const std::string& value);
  ~Set();
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// What the layer does to one run.
struct Fault {
  std::string what;      // "kill", "ENOSPC", "EIO", "half", "interrupt"; empty: it only counts
  std::uint64_t at = 0;  // the call
  bool stays = false;    // and all after it
};

struct FaultyRun {
  Outcome outcome;
  std::uint64_t calls = 0;
  std::uint64_t faults = 0;    // that came to pass
  std::vector<Entry> journal;  // if it was asked for
};

/// Why programs cannot be run so here (a sanitizer that wants to come first, a static program); empty if they can.
std::string why_no_faults();
/// Else says why (WARN).
bool can_fault();
/// prove(slices), if that can be done here.
void prove_or_skip(void (*prove)(unsigned), unsigned slices);

/// Runs `words` with what it does beneath `folder` watched. Calls have the same numbers in each run only with PATCHFERRY_CORES=1. words[0]: a program of ours, or of the system.
FaultyRun run_with(const Fault& fault, const std::string& folder, const Words& words, bool with_journal = false);

}  // namespace patchferry::test
