// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/proof.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <set>

namespace patchferry::test {

namespace {

constexpr unsigned kEnough = 20;  // complaints, before a proof says no more

std::string part_of(const std::string& text) { return text.size() <= 300 ? text : text.substr(0, 300) + "…"; }

}  // namespace

std::string difference(const Shown& is, const Shown& should_be) {
  std::string out;
  int count = 0;
  const auto add = [&](const std::string& text) {
    if (++count <= 4) out += (out.empty() ? "" : "; ") + text;
  };
  for (const auto& [path, bytes] : should_be) {
    const auto here = is.find(path);
    if (here == is.end())
      add("lacks " + path);
    else if (here->second != bytes)
      add(path + " is '" + part_of(here->second).substr(0, 60) + "', not '" + part_of(bytes).substr(0, 60) + "'");
  }
  for (const auto& [path, bytes] : is)
    if (should_be.count(path) == 0) add("has " + path);
  return count <= 4 ? out : out + fmt::format("; and {} more", count - 4);
}

std::vector<std::string> half_done(const Shown& shown, const Shown& before, const Shown& after,
                                   const std::function<std::string(const std::string&)>& group_of) {
  std::vector<std::string> out;
  Shown all;
  for (const Shown* state : {&before, &after, &shown}) all.insert(state->begin(), state->end());
  const auto at = [](const Shown& in, const std::string& path) {
    const auto found = in.find(path);
    return found == in.end() ? std::string("(none)") : found->second;
  };
  struct Group {
    std::string not_old, not_new;  // a path each
  };
  std::map<std::string, Group> groups;
  for (const auto& [path, unused] : all) {
    const std::string is = at(shown, path);
    const bool old = is == at(before, path), fresh = is == at(after, path);
    if (!old && !fresh) out.push_back("a reader sees neither the old nor the new " + path + ", but '" + part_of(is) + "'");
    Group& group = groups[group_of(path)];
    if (!old) group.not_old = path;
    if (!fresh) group.not_new = path;
  }
  for (const auto& [name, group] : groups)
    if (!name.empty() && !group.not_old.empty() && !group.not_new.empty())
      out.push_back("a reader sees a mixture: " + group.not_old + " is not as before, " + group.not_new + " not as after");
  return out;
}

Proof::Proof(std::string name, const std::string& live, Words command, Questions questions, unsigned slices)
    : name_(std::move(name)),
      live_(live),
      command_(std::move(command)),
      questions_(std::move(questions)),
      slices_(slices),
      disk_(std::make_unique<Disk>(live)) {
  std::mt19937 none;
  before_ = disk_->after(Cut::nothing_lost, none);
  shown_before_ = questions_.shown();
  // Inodes are those of this moment: the journal speaks of them.
  auto run = run_with({}, live_, command_, true);
  INFO(name_ << ": " << run.outcome.err);
  REQUIRE(run.outcome.code == 0);
  REQUIRE(run.journal.size() > 5);
  journal_ = std::move(run.journal);
  shown_after_ = questions_.shown();
  whole_ = questions_.whole();
  if (!questions_.lasting) questions_.lasting = questions_.whole;
  lasting_ = questions_.lasting();
  for (const auto& what : questions_.unsound()) complain("undisturbed", what);
}

void Proof::complain(const std::string& moment, const std::string& what) {
  std::string kind = moment.substr(0, moment.find_first_of("0123456789")) + what;
  std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
  Complaint& complaint = complaints_[kind];
  if (complaint.times++ == 0) complaint.text = moment + ": " + what;
}

std::vector<std::uint64_t> Proof::numbers() const {
  std::vector<std::uint64_t> out;
  for (const auto& entry : journal_)
    if (out.empty() || entry.record.number != out.back()) out.push_back(entry.record.number);
  return out;
}

/// Each time it is asked, others.
std::vector<std::uint64_t> Proof::some_of(const std::vector<std::uint64_t>& numbers) {
  if (slices_ == 0 || numbers.size() <= slices_) return numbers;
  std::vector<std::uint64_t> out;
  const std::size_t every = numbers.size() / slices_;
  offset_ += 7;
  for (std::size_t i = offset_ % every; i < numbers.size(); i += every) out.push_back(numbers[i]);
  return out;
}

void Proof::reset() { lay_out(before_, live_); }

void Proof::look(const std::string& moment) {
  for (const auto& what : half_done(questions_.shown(), shown_before_, shown_after_, questions_.group_of)) complain(moment, what);
  for (const auto& what : questions_.impossible()) complain(moment, what);
}

void Proof::again(const std::string& moment) {
  ++moments_;
  const auto outcome = run(command_);
  if (!questions_.is_done(outcome))
    return complain(moment, fmt::format("typed again it ends with {}: {}", outcome.code, part_of(outcome.err)));
  compare(moment + ", and typed again", outcome, false);
  for (const auto& what : questions_.unsound()) complain(moment, "typed again: " + what);
}

void Proof::compare(const std::string& moment, const Outcome& outcome, bool may_lag) {
  Shown is = questions_.whole(), should = whole_;
  if (may_lag && outcome.err.find("will be brought up by a later command") != std::string::npos)
    for (auto* one : {&is, &should}) std::erase_if(*one, [&](const auto& entry) { return questions_.may_lag(entry.first); });
  if (is != should)
    complain(moment,
             fmt::format("it ended with {}, but {}; it said: {}", outcome.code, difference(is, should), part_of(outcome.err)));
}

void Proof::what_is_said_lasts() {
  Disk disk = *disk_;
  for (const auto& entry : journal_) disk.apply(entry);
  for (const Cut cut : kCuts)
    for (unsigned seed = 0; seed < 5; ++seed) {
      std::mt19937 dice(seed);
      lay_out(disk.after(cut, dice), live_);
      const std::string moment = std::string("power cut after it has ended, ") + name_of(cut);
      if (const Shown shown = questions_.shown(); shown != shown_after_) complain(moment, difference(shown, shown_after_));
      if (const Shown lasts = questions_.lasting(); lasts != lasting_) complain(moment, difference(lasts, lasting_));
      if (cut != Cut::some_of_each) break;
    }
}

void Proof::journal_is_whole() {
  reset();
  const Disk before(live_);
  Disk played = before;
  const auto run = run_with({}, live_, command_, true);
  REQUIRE(run.outcome.code == 0);
  for (const auto& entry : run.journal) played.apply(entry);
  std::mt19937 none;
  const auto plain = [](const Disk::Tree& tree) {
    Shown out;
    for (const auto& [path, thing] : tree)
      out[path] = fmt::format("{:o} {} {}", thing.mode & (thing.is_link ? 0U : 07777U), thing.is_link ? "link" : "file",
                              thing.bytes ? *thing.bytes : "");
    return out;
  };
  const auto should = plain(Disk(live_).after(Cut::nothing_lost, none));
  const auto is = plain(played.after(Cut::nothing_lost, none));
  INFO(name_ << ": " << difference(is, should));
  CHECK((is == should));
}

void Proof::power_cuts() {
  for (const Cut cut : kCuts) {
    const auto chosen = some_of(numbers());
    const std::set<std::uint64_t> wanted(chosen.begin(), chosen.end());
    std::set<std::uint64_t> seen;
    Disk disk = *disk_;
    for (const auto& entry : journal_) {
      disk.apply(entry);
      const std::uint64_t number = entry.record.number;
      if (wanted.count(number) == 0) continue;
      std::mt19937 dice(static_cast<unsigned>(number * 31 + static_cast<unsigned>(cut)));
      const auto tree = disk.after(cut, dice);
      if (!seen.insert(fingerprint(tree)).second) continue;
      lay_out(tree, live_);
      const std::string moment = fmt::format("power cut after call {} ({} {}), {}", number, name_of(entry.record.call),
                                             entry.path.empty() ? entry.to : entry.path, name_of(cut));
      look(moment);
      again(moment);
    }
  }
}

std::size_t Proof::complaints_without(Call call) {
  const auto journal = journal_;
  std::erase_if(journal_, [&](const Entry& entry) { return entry.record.call == call; });
  what_is_said_lasts();
  power_cuts();
  const std::size_t out = complaints_.size();
  complaints_.clear();
  journal_ = journal;
  return out;
}

void Proof::kills() {
  for (const auto number : some_of(numbers())) {
    const std::string moment = fmt::format("killed before call {}", number);
    reset();
    const auto killed = run_with({"kill", number}, live_, command_);
    // Threads may have shifted it by a few calls: then it has come through.
    if (killed.outcome.code != 137 && !questions_.is_done(killed.outcome))
      complain(moment, fmt::format("it ended with {}", killed.outcome.code));
    look(moment);
    again(moment);
  }
}

void Proof::kills_of_the_repeated() {
  const std::size_t every = slices_ == 0 ? 12 : journal_.size() / slices_ + 1;
  std::mt19937 dice(7);
  Disk disk = *disk_;
  for (std::size_t i = 0; i < journal_.size(); ++i) {
    disk.apply(journal_[i]);
    if (i % every != every / 2) continue;
    const auto left = disk.after(i % 2 == 0 ? Cut::nothing_lost : Cut::strict, dice);
    lay_out(left, live_);
    const Disk first(live_);
    const auto repeated = run_with({}, live_, command_, true);
    // Each of its calls that a reader may notice, or some.
    Disk second = first;
    for (const auto& entry : repeated.journal) {
      second.apply(entry);
      const Call call = entry.record.call;
      const bool counts = call == Call::rename || call == Call::unlink || call == Call::link;
      if (!counts || (slices_ != 0 && dice() % 16 != 0)) continue;
      lay_out(second.after(Cut::nothing_lost, dice), live_);
      const std::string moment = fmt::format("killed after call {}, typed again and killed after call {} ({} {})",
                                             journal_[i].record.number, entry.record.number, name_of(call), entry.path);
      look(moment);
      if (dice() % 4 == 0) again(moment);
    }
  }
}

void Proof::fail(const Fault& fault, const std::string& moment) {
  reset();
  const auto failed = run_with(fault, live_, command_);
  if (failed.faults == 0 && slices_ != 0) return;
  judge(moment, failed.outcome);
  again(moment);
}

/// What a command that has met a fault may say, and what must be true then.
void Proof::judge(const std::string& moment, const Outcome& outcome) {
  const bool is_done = outcome.code == 0 || outcome.code == 4;
  if (!is_done && outcome.code != 3 && outcome.code != 5)
    complain(moment, fmt::format("it ended with {}: {}", outcome.code, part_of(outcome.err)));
  if (!is_done && outcome.err.find("error: ") == std::string::npos) complain(moment, "it does not say why");
  look(moment);
  if (is_done) compare(moment, outcome, true);
}

void Proof::failures() {
  const auto text = [](const Fault& fault) {
    return fmt::format("{} at call {}{}", fault.what, fault.at, fault.stays ? ", and from then on" : "");
  };
  for (const char* what : {"ENOSPC", "EIO", "half"})
    for (const bool stays : {false, true}) {
      if (stays && std::string(what) != "ENOSPC") continue;
      std::vector<std::uint64_t> numbers_that_can;
      for (const auto& entry : journal_) {
        const Call call = entry.record.call;
        const bool is_write = call == Call::write;
        const bool takes_room = is_write || call == Call::create || call == Call::create_unnamed || call == Call::allocate ||
                                call == Call::link || call == Call::symlink || call == Call::rename || call == Call::mkdir;
        if (*what == 'h' ? is_write : *what == 'E' && what[1] == 'N' ? takes_room : true)
          numbers_that_can.push_back(entry.record.number);
      }
      for (const auto number : some_of(numbers_that_can)) {
        const Fault fault{what, number, stays};
        fail(fault, text(fault));
      }
    }
  const Fault interrupts{"interrupt", 1, false};
  reset();
  const auto done = run_with(interrupts, live_, command_);
  CHECK(done.faults > 10);
  if (done.outcome.code != 0)
    complain("every read and write interrupted and cut in half",
             fmt::format("it ended with {}: {}", done.outcome.code, part_of(done.outcome.err)));
  else
    compare("every read and write interrupted and cut in half", done.outcome, false);
}

void Proof::full_disks() {
  if (!questions_.leave_room) return;
  constexpr std::uint64_t kPage = 4096;
  const auto whole = questions_.whole;
  questions_.whole = [&] {
    Shown out = whole();
    for (const auto& path : questions_.may_differ_on_a_full_disk) out.erase(path);
    return out;
  };
  for (const auto& path : questions_.may_differ_on_a_full_disk) whole_.erase(path);
  const std::uint64_t step = kPage * (slices_ == 0 ? 1 : 12);
  unsigned failed = 0;
  // Enough once, it is enough: but for one last page, which only luck may have had free.
  for (std::uint64_t room = kPage, enough = 0; enough < (slices_ == 0 ? 3U : 1U) && room < (std::uint64_t{16} << 20);
       room += step) {
    reset();
    questions_.leave_room(room);
    const auto outcome = run(command_);
    const std::string moment = fmt::format("a disk with {} bytes free", room);
    judge(moment, outcome);
    enough += outcome.code == 0 ? 1 : 0;
    failed += outcome.code == 0 ? 0 : 1;
    questions_.leave_room(std::nullopt);
    again(moment);
  }
  CHECK(failed > 0);
  questions_.whole = whole;
}

void Proof::all() {
  journal_is_whole();
  what_is_said_lasts();
  power_cuts();
  kills();
  kills_of_the_repeated();
  failures();
  full_disks();
  CHECK(moments_ > 5);
  unsigned told = 0;
  for (const auto& [kind, complaint] : complaints_)
    if (++told <= kEnough) FAIL_CHECK(name_ << ", " << complaint.times << " of " << moments_ << " moments: " << complaint.text);
  CHECK(complaints_.empty());
}

}  // namespace patchferry::test
