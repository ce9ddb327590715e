// SPDX-License-Identifier: Apache-2.0
// Real kills, at random moments: laps of imports, deployments, archives made again and a cleaning, in which each command is
// killed (SIGKILL) some times before it may finish. What is left in the end is what a lap without kills leaves.
#include <catch2/catch.hpp>
#include <chrono>
#include <fmt/format.h>
#include <random>
#include <thread>

#include "tests/crash/sites.h"

using namespace patchferry::test;

namespace {

constexpr std::uint64_t kNow = 1'790'000'000;
constexpr std::uint64_t kDay = 86'400;

struct Step {
  Words words;
  std::string time;
  std::chrono::microseconds took{0};
  Shown before, after;
};

/// A kernel's releases in bundles and archives, a cleaning at the end.
class Lap {
 public:
  Lap() : questions_(questions_for_base(world_)) {
    write_contents(world_->at("config.toml"), "[clean]\nkeep = 1\nkeep_days = 0\ntrash_days = 7\n");
    configured_.emplace(world_->at("config.toml"));
    world_->init(world_.base());
    copy_tree(world_.base(), world_->at("fresh"));
    add({"import", bundle(1), "--archives", "later"});
    add({"archives"});
    add({"deploy", archive(2), archive(3)});
    add({"import", bundle(4)});
    add({"import", bundle(5)});
    add({"deploy", archive(6)});
    // Until no generation that is kept points to the old ones, however many there have been.
    for (const char* word : {"disable", "enable", "disable", "enable"}) add({word, "--feed", "main", name_of(1)});
    add({"clean"});
    for (auto& step : steps_) {
      const Set time("PATCHFERRY_NOW", step.time);
      step.before = questions_.shown();
      const auto began = std::chrono::steady_clock::now();
      const auto done = run(step.words);
      step.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
      INFO(step.words[1] << ": " << done.err);
      REQUIRE(done.code == 0);
      step.after = questions_.shown();
    }
    whole_ = questions_.whole();
    REQUIRE(names_in(world_.base() + "/arch") == Words{name_of(6) + ".tar.bz2"});
  }

  /// Once round; returns how often it has killed.
  unsigned run_round(std::mt19937& dice) {
    patchferry::remove_tree(world_.base());
    copy_tree(world_->at("fresh"), world_.base());
    unsigned kills = 0;
    for (const auto& step : steps_) {
      const Set time("PATCHFERRY_NOW", step.time);
      for (unsigned times = dice() % 8; times > 0; --times) {
        Process process(step.words);
        const auto moment =
            std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(0, step.took.count() * 5 / 4)(dice));
        std::this_thread::sleep_for(moment);
        process.kill();
        const auto ended = process.wait();
        kills += ended.code == 137 ? 1 : 0;
        INFO(step.words[1] << ", killed after " << moment.count() << " us: " << ended.err);
        CHECK((ended.code == 137 || ended.code == 0 || ended.code == 4));
        for (const auto& what : half_done(questions_.shown(), step.before, step.after, questions_.group_of)) FAIL_CHECK(what);
      }
      const auto done = run(step.words);
      INFO(step.words[1] << ", typed again: " << done.err);
      CHECK((done.code == 0 || done.code == 4));
      CHECK(difference(questions_.shown(), step.after) == "");
    }
    CHECK(difference(without_audit(questions_.whole()), without_audit(whole_)) == "");
    for (const auto& what : questions_.unsound()) FAIL_CHECK(what);
    return kills;
  }

 private:
  static std::string name_of(unsigned release) { return fmt::format("K202601{:02}_01", release); }
  static std::vector<KernelLevel> levels(unsigned release) { return {{1, release}, {2, release}}; }
  // Who was killed between two parts of one command may have two entries for it.
  static Shown without_audit(Shown all) {
    all.erase("rows of audit");
    all.erase("audit.head");
    return all;
  }

  std::string bundle(unsigned release) {
    world_->release_kernels(name_of(release), levels(release), 60'000);
    return world_->export_full();
  }
  std::string archive(unsigned release) {
    const std::string path = world_->at("downloads/" + name_of(release) + ".tar.bz2");
    write_archive(path, kernel_release(name_of(release), levels(release), 60'000));
    return path;
  }
  void add(const Words& words) {
    const std::uint64_t time = kNow + (steps_.size() < 6 ? steps_.size() : 30 + steps_.size()) * kDay;
    steps_.push_back({world_.site_words(words), std::to_string(time), {}, {}, {}});
  }

  CrashWorld world_{kNow};
  Set cores_{"PATCHFERRY_CORES", "2"};
  std::optional<Configured> configured_;
  Questions questions_;
  std::vector<Step> steps_;
  Shown whole_;
};

void kill_at_random(unsigned wanted) {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 dice(seed);
  Lap lap;
  unsigned kills = 0;
  for (unsigned rounds = 1; kills < wanted && rounds <= wanted; ++rounds) {
    CAPTURE(rounds);
    kills += lap.run_round(dice);
  }
  CHECK(kills >= wanted);
}

}  // namespace

TEST_CASE("killed at random moments, some times each, commands leave what they leave undisturbed") { kill_at_random(15); }
TEST_CASE("killed a thousand times at random moments, commands leave what they leave undisturbed", "[slow]") {
  kill_at_random(1000);
}
