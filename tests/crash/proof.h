// SPDX-License-Identifier: Apache-2.0
// One command, and everything that may go wrong with the disk beneath it.
//
// Proof takes a folder as it lies there ("live") and runs the command once, undisturbed and journaled. Then, call by call:
// it fails, the process is killed, or the power is cut and only what was durable is left. Each time it looks at what a
// reader sees, types the command again, and compares with the undisturbed run.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/crash/faults.h"

namespace patchferry::test {

using Shown = std::map<std::string, std::string>;

/// What is asked of the live folder. Complaints are sentences; none if all is well.
struct Questions {
  /// What readers see, path → bytes, without any command being run.
  std::function<Shown()> shown;
  /// What may only be seen together: in each group all names are as before, or all as after. Empty: one that goes alone.
  std::function<std::string(const std::string& path)> group_of;
  /// All that the command is to have done, once it has succeeded.
  std::function<Shown()> whole;
  /// And what of it must be there even if the power fails the moment that it has ended; as `whole`, unless it is set.
  std::function<Shown()> lasting = {};
  /// What may lag behind after a call has failed, if the command says that a later one will bring it up.
  std::function<bool(const std::string& path)> may_lag = [](const std::string&) { return false; };
  /// Whether the command, typed again after an interruption, has ended well.
  std::function<bool(const Outcome&)> is_done = [](const Outcome& outcome) { return outcome.code == 0 || outcome.code == 4; };
  /// After a command that ended well: nothing is damaged, nothing is left over.
  std::function<std::vector<std::string>()> unsound;
  /// Leaves so many bytes free in the live folder, or all that there were; not set where that cannot be done.
  std::function<void(std::optional<std::uint64_t>)> leave_room = {};
  std::vector<std::string> may_differ_on_a_full_disk = {};
  /// After an interruption, before any command is run again.
  std::function<std::vector<std::string>()> impossible = [] { return std::vector<std::string>(); };
};

class Proof {
 public:
  /// `live` is there and filled. `slices`: of each kind of fault, about so many moments are tried; 0: every one.
  Proof(std::string name, const std::string& live, Words command, Questions questions, unsigned slices);

  /// That the journal tells everything: played on what was, it gives what is.
  void journal_is_whole();
  /// That what a command has said is done, is done: whatever a power cut takes away once it has ended.
  void what_is_said_lasts();
  void power_cuts();
  void kills();
  /// How many kinds of complaint power cuts lead to if calls of this kind are left out, as if the program had not made them.
  std::size_t complaints_without(Call call);
  void kills_of_the_repeated();  // killed, and while that is put right, killed again
  void failures();               // ENOSPC, EIO, half a write, once; a disk that stays full; interrupted calls
  void full_disks();             // with room for ever more, until it is enough
  /// All of these, and what is wrong, once each.
  void all();

 private:
  std::vector<std::uint64_t> some_of(const std::vector<std::uint64_t>& numbers);
  std::vector<std::uint64_t> numbers() const;
  void reset();
  void look(const std::string& moment);
  void again(const std::string& moment);
  void fail(const Fault& fault, const std::string& moment);
  void judge(const std::string& moment, const Outcome& outcome);
  void compare(const std::string& moment, const Outcome& outcome, bool may_lag);
  void complain(const std::string& moment, const std::string& what);

  std::string name_, live_;
  Words command_;
  Questions questions_;
  unsigned slices_;
  unsigned offset_ = 0;
  Disk::Tree before_;
  std::unique_ptr<Disk> disk_;
  std::vector<Entry> journal_;
  Shown shown_before_, shown_after_, whole_, lasting_;
  struct Complaint {
    std::string text;
    unsigned times = 0;
  };
  std::map<std::string, Complaint> complaints_;  // by what they say, numbers left out
  unsigned moments_ = 0;
};

/// Of two maps, the first few paths that differ.
std::string difference(const Shown& is, const Shown& should_be);

/// What of `shown` is neither as before nor as after, or a mixture of the two where that must not be.
std::vector<std::string> half_done(const Shown& shown, const Shown& before, const Shown& after,
                                   const std::function<std::string(const std::string&)>& group_of);

}  // namespace patchferry::test
