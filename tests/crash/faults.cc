// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/faults.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <cstring>

#include "system/bytes.h"
#include "tests/scenario/world.h"

namespace patchferry::test {

namespace {

std::string try_layer() {
  const TempFolder folder;
  make_folder(folder / "live");
  const auto keys =
      run_with({}, folder / "live", {"patchferry-mirror", "keygen", "--out", folder / "live/k", "--no-password"}, true);
  if (keys.outcome.code == 0 && keys.calls > 0 && !keys.journal.empty()) return "";
  return "programs cannot be watched here: " + (keys.outcome.err.empty() ? "no call of theirs was seen" : keys.outcome.err);
}

}  // namespace

Set::Set(const char* name, const std::string& value) : name_(name) {
  if (const char* before = std::getenv(name)) before_ = before;
  ::setenv(name, value.c_str(), 1);
}

Set::~Set() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

std::string why_no_faults() {
  static const std::string reason = try_layer();
  return reason;
}

FaultyRun run_with(const Fault& fault, const std::string& folder, const Words& words, bool with_journal) {
  const TempFolder notes;
  const std::string counts = notes / "counts";
  const std::string journal = notes / "journal";
  write_contents(counts, std::string(sizeof(Counts), '\0'));
  FaultyRun out;
  {
    const Set root(kRoot, canonical_path(folder));
    const Set counted(kCounts, counts);
    const Set written(kJournal, with_journal ? journal : "");
    const Set at(kAt, std::to_string(fault.at));
    const Set what(kDo, fault.what);
    const Set stays(kStays, fault.stays ? "1" : "");
    // A sanitizer in the program wants to be the first library, and need not be for what the layer does.
    const char* options = std::getenv("ASAN_OPTIONS");
    const Set order("ASAN_OPTIONS", std::string(options != nullptr ? options : "") + ":verify_asan_link_order=0");
    const Set layer("LD_PRELOAD", PATCHFERRY_FAULT_LAYER);
    out.outcome = run(words);
  }
  const std::string bytes = contents(counts);
  const auto* numbers = reinterpret_cast<const Counts*>(bytes.data());
  out.calls = numbers->calls;
  out.faults = numbers->faults;
  if (with_journal && exists(journal)) out.journal = read_journal(journal);
  return out;
}

bool can_fault() {
  const auto reason = why_no_faults();
  if (!reason.empty()) WARN("skipped: " << reason);
  return reason.empty();
}

void prove_or_skip(void (*prove)(unsigned), unsigned slices) {
  if (can_fault()) prove(slices);
}

}  // namespace patchferry::test
