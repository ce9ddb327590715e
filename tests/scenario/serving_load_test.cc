// SPDX-License-Identifier: Apache-2.0
// Agents that ask while a feed goes back and forth: what a pointer names can be fetched, and is what its archive holds.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

#include "importer/publish.h"
#include "tests/scenario/nginx_server.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;

namespace {

constexpr unsigned kAgents = 4;

/// Bytes by the URL that ends in them: "<khash>/3/kpatch.bin".
using Contents = std::map<std::string, std::string>;

/// What is promised: of a pointer that was read, the level can be fetched until as many further switches have come as there
/// are generations kept. So whoever switches waits for agents that are on their way for so long, however slow this machine is.
class Switches {
 public:
  /// An agent is about to read a pointer.
  void begin(unsigned agent) { begun_[agent] = done_ + 1; }
  void end(unsigned agent) { begun_[agent] = 0; }
  /// Waits until the next switch breaks no promise.
  void wait_for_agents() const {
    for (const auto& begun : begun_)
      while (begun != 0 && done_ + 1 - (begun - 1) >= patchferry::importer::kGenerationsKept) ::usleep(500);
  }
  void switched() { ++done_; }

 private:
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::uint64_t> begun_[kAgents] = {};  // 0: not on its way; else how many switches were done, plus 1
};

/// What agents have seen, gathered.
class Report {
 public:
  void complain(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (complaints_.size() < 20) complaints_.push_back(text);
  }
  void saw(const std::string& pointer, const std::string& level) {
    const std::lock_guard lock(mutex_);
    seen_[pointer].insert(level);
    ++rounds_;
  }
  std::vector<std::string> complaints() {
    const std::lock_guard lock(mutex_);
    return complaints_;
  }
  std::map<std::string, std::set<std::string>> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::size_t rounds() {
    const std::lock_guard lock(mutex_);
    return rounds_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> complaints_;
  std::map<std::string, std::set<std::string>> seen_;
  std::size_t rounds_ = 0;
};

struct Target {
  std::string before;   // of the URL: "/", "/test/", "/u/main/"
  std::string ident;    // khash or build id
  std::string pointer;  // latest.v1
  std::vector<std::string> files;
};

/// One agent's update: the pointer, then the files of the level that it names.
void update_once(HttpClient& client, const Target& target, const Contents& contents, Report& report) {
  const std::string pointer = target.before + target.ident + "/" + target.pointer;
  const auto named = client.get(pointer);
  if (named.status != 200 || !named.body.ends_with('\n')) return report.complain(pointer + ": " + std::to_string(named.status));
  const std::string level = named.body.substr(0, named.body.size() - 1);
  for (const auto& name : target.files) {
    const std::string file = target.ident + "/" + level + "/" + name;
    const auto got = client.get(target.before + file);
    if (got.status != 200) return report.complain(target.before + file + ": " + std::to_string(got.status));
    if (contents.count(file) == 0 || got.body != contents.at(file))
      return report.complain(target.before + file + ": other bytes");
  }
  report.saw(pointer, level);
}

void add_release(const World& world, Contents& contents, const std::string& name, const std::vector<Member>& members) {
  world.release(name, members);
  for (const auto& member : members)
    if (member.link.empty()) contents[member.path.substr(name.size() + 1)] = member.content;
}

void switch_under_load(unsigned rounds) {
  const World world;
  Contents contents;
  add_release(world, contents, "K20260105_01", kernel_release("K20260105_01", {{1, 1}, {2, 1}}));
  add_release(world, contents, "K20260114_02", kernel_release("K20260114_02", {{1, 2}, {2, 2}}));
  add_release(world, contents, "K20260123_01", kernel_release("K20260123_01", {{1, 3}}));
  add_release(world, contents, "U20260106_01", user_release("U20260106_01", 1, 2026010601));
  add_release(world, contents, "U20260112_01", user_release("U20260112_01", 1, 2026011201));
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto change = [&](Words words) {
    words.insert(words.end(), {"--base", world.base()});
    const auto done = typed(words);
    INFO(words.front() << ": " << done.err);
    REQUIRE(done.code == 0);
  };
  change({"feed", "add", "test"});
  change({"enable-upto", "--feed", "test", "K20260114_02"});
  const NginxServer server(world.base(), world.at("nginx"));

  const std::vector<std::string> kernel_files = {"kpatch.bin", "kpatch.info"};
  const std::vector<Target> targets = {{"/", khash(1), "latest.v1", kernel_files},
                                       {"/", khash(2), "latest.v1", kernel_files},
                                       {"/test/", khash(1), "latest.v1", kernel_files},
                                       {"/u/main/", build_id(1), "latest", {"kpatch.bin"}}};
  Switches switches;
  Report report;
  std::atomic<bool> enough = false;
  std::vector<std::thread> agents;
  for (unsigned agent = 0; agent < kAgents; ++agent)
    agents.emplace_back([&, agent] {
      HttpClient client(server.port());
      for (std::size_t turn = agent; !enough; ++turn) {
        switches.begin(agent);
        try {
          update_once(client, targets[turn % targets.size()], contents, report);
        } catch (const std::exception& error) {
          report.complain(error.what());
        }
        switches.end(agent);
      }
    });
  // Time flies from switch to switch: what keeps a level is that few generations have come since, and nothing else.
  std::uint64_t now = 1'800'000'000;
  // One feed goes down and up again, by both ways of going; the other too, by single steps.
  const std::vector<Words> steps = {{"undeploy-downto", "--feed", "main", "K20260114_02"},
                                    {"enable-upto", "--feed", "main", "K20260123_01"},
                                    {"feed", "rollback", "main"},
                                    {"feed", "rollback", "main"},
                                    {"disable", "--feed", "main", "U20260112_01"},
                                    {"enable", "--feed", "main", "U20260112_01"},
                                    {"disable", "--feed", "test", "K20260114_02"},
                                    {"enable", "--feed", "test", "K20260114_02"}};
  try {
    for (unsigned round = 0; round < rounds; ++round)
      for (const auto& step : steps) {
        switches.wait_for_agents();
        const AtTime later(now += 2 * patchferry::importer::kLingers);
        change(step);
        switches.switched();
        // Each state is seen by somebody.
        const auto before = report.rounds();
        while (report.rounds() < before + 2 * targets.size() && report.complaints().empty()) ::usleep(500);
      }
  } catch (...) {
    enough = true;
    for (auto& agent : agents) agent.join();
    throw;
  }
  enough = true;
  for (auto& agent : agents) agent.join();
  CHECK(report.complaints() == std::vector<std::string>{});
  for (const auto& target : targets) {
    INFO(target.before << target.ident);
    CHECK(report.seen()[target.before + target.ident + "/" + target.pointer].size() >= 2);
  }
}

}  // namespace

TEST_CASE("agents find what pointers name while feeds are switched back and forth") { switch_under_load(10); }

TEST_CASE("agents find what pointers name over hundreds of switches", "[slow]") { switch_under_load(60); }
