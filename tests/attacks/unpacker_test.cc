// SPDX-License-Identifier: Apache-2.0
// A hole in an unpacker, from outside: the process that the programs really start, what it holds, and what becomes of the site when it
// dies half way.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>

#include "system/file.h"
#include "tests/attacks/confined.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kRelease = "K20260105_01";

/// A base, and an archive that takes a while to unpack: 160 MB of zeros.
struct Busy {
  Busy() {
    std::vector<Member> members = kernel_release(kRelease, {{1, 1}});
    for (int i = 0; i < 2; ++i) members.push_back({fmt::format("{}/zeros-{}", kRelease, i), std::string(80'000'000, '\0')});
    write_archive(archive(), members);
  }
  std::string archive() const { return world.at(kRelease + ".tar.bz2"); }
  Words deploy() const { return {"patchferry-site", "deploy", "--base", world.base(), archive()}; }
  World world;
};

std::string text_of(const std::string& path) {
  try {
    const auto bytes = read_whole(path, 1 << 20);
    return bytes ? std::string(as_text(*bytes)) : "";
  } catch (const std::exception&) {  // it has gone
    return "";
  }
}

std::string field(const std::string& status, const std::string& name) {
  std::istringstream lines(status);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  return "";
}

/// It has read some of its archive: more than a hundredth of a second of its own.
bool is_at_work(const std::string& stat) {
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string field;
  for (int i = 3; i <= 14 && fields >> field; ++i) {
  }
  return std::atoi(field.c_str()) > 1;  // field 14: ticks
}

/// All of its threads sleep: it cannot get rid of what it has to say.
bool is_waiting(pid_t unpacker) {
  const std::string tasks = fmt::format("/proc/{}/task", unpacker);
  const auto all = names_in(tasks);
  return std::all_of(all.begin(), all.end(), [&](const std::string& task) {
    return field(text_of(tasks + "/" + task + "/status"), "State").starts_with("S");
  });
}

/// The process id of a confined unpacker that `program` has started; nullopt: the program has ended first.
std::optional<pid_t> unpacker_of(Process& program) {
  while (program.is_running()) {
    const std::string children = text_of(fmt::format("/proc/{0}/task/{0}/children", program.id()));
    std::istringstream words(children);
    for (pid_t child = 0; words >> child;)
      if (field(text_of(fmt::format("/proc/{}/status", child)), "Seccomp") == "2" &&
          is_at_work(text_of(fmt::format("/proc/{}/stat", child))))
        return child;
    ::usleep(500);
  }
  return std::nullopt;
}

enum class Program { keeps_up, lags_behind };

/// What becomes of a command whose unpacker is ended by `signal` half way; if the program lags behind, in the middle of a message.
Outcome ended_by(int signal, const Words& command, Program pace = Program::keeps_up) {
  Process program(command);
  const auto unpacker = unpacker_of(program);
  REQUIRE(unpacker);
  if (pace == Program::lags_behind) {
    ::kill(program.id(), SIGSTOP);
    while (!is_waiting(*unpacker)) ::usleep(500);
  }
  ::kill(*unpacker, signal);
  if (pace == Program::lags_behind) ::kill(program.id(), SIGCONT);
  return program.wait();
}

}  // namespace

TEST_CASE("an unpacker holds a socket and its archive, and has no privileges, no environment and no way to more") {
  if (!can_confine()) return;
  const Busy busy;
  const Fd left_open(::open("/dev/null", O_RDONLY), "what a careless shell hands down");
  Process program(busy.deploy());
  const auto unpacker = unpacker_of(program);
  REQUIRE(unpacker);
  ::kill(*unpacker, SIGSTOP);
  const std::string proc = fmt::format("/proc/{}", *unpacker);
  const std::string status = text_of(proc + "/status");
  CHECK(field(status, "Name") == "patchferry-unpa");
  CHECK(field(status, "NoNewPrivs") == "1");
  CHECK(field(status, "Seccomp") == "2");
  CHECK(field(status, "CapEff") == "0000000000000000");
  CHECK(field(status, "CapPrm") == "0000000000000000");
  if (::geteuid() == 0) CHECK(field(status, "Uid") == "65534\t65534\t65534\t65534");
  CHECK(text_of(proc + "/environ").starts_with("PATCHFERRY_CORES="));
  const std::string environment = text_of(proc + "/environ");
  CHECK(std::count(environment.begin(), environment.end(), '\0') == 1);
  std::vector<std::string> held;
  for (const auto& fd : names_in(proc + "/fd"))
    held.push_back(fd + " " + read_symlink(proc + "/fd/" + fd).value_or("?").substr(0, 8));
  CHECK(held == std::vector<std::string>{"0 socket:[", "1 /dev/nul", "2 /dev/nul", "3 " + busy.archive().substr(0, 8)});
  for (const char* limit : {"Max core file size        0 ", "Max file size             0 ", "Max open files            0 "})
    CHECK(says(text_of(proc + "/limits"), limit));
  ::kill(*unpacker, SIGCONT);
  program.kill();
}

TEST_CASE("an unpacker that crashes half way has its archive refused, and nothing has changed") {
  if (!can_confine()) return;
  const Busy busy;
  const auto before = visible(busy.world.base());
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGSYS}) {
    INFO(signal);
    const Outcome outcome = ended_by(signal, busy.deploy());
    INFO(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(says(outcome.err, "[unpacker-crashed]"));
    CHECK(says(outcome.err, "hint: "));
    CHECK(visible(busy.world.base()) == before);
  }
  CHECK(run(busy.deploy()).code == 0);
}

TEST_CASE("an unpacker that took all its time has its archive refused as too large") {
  if (!can_confine()) return;
  const Busy busy;
  const auto before = visible(busy.world.base());
  const auto pace = GENERATE(Program::keeps_up, Program::lags_behind);
  const Outcome outcome = ended_by(SIGXCPU, busy.deploy(), pace);  // as the kernel does
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(says(outcome.err, "[too-large]"));
  CHECK(visible(busy.world.base()) == before);
}

TEST_CASE("an archive that crashes what proves its recipe is refused, and does not travel as it is") {
  if (!can_confine()) return;
  const Busy busy;
  Process program({"patchferry-mirror", "mirror", "add", "--store", busy.world.at("new"), busy.archive()});
  const auto reads = unpacker_of(program);
  REQUIRE(reads);
  auto proves = unpacker_of(program);
  while (proves && *proves == *reads) proves = unpacker_of(program);
  REQUIRE(proves);
  ::kill(*proves, SIGSEGV);
  const Outcome outcome = program.wait();
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(says(outcome.err, "[unpacker-crashed]"));
  CHECK_FALSE(says(typed({"mirror", "list", "--store", busy.world.at("new"), "--json"}).out, kRelease));
}

TEST_CASE("an unpacker that somebody kills is the machine's failure, and the same command finishes") {
  if (!can_confine()) return;
  const Busy busy;
  const auto before = visible(busy.world.base());
  const auto pace = GENERATE(Program::keeps_up, Program::lags_behind);
  const Outcome outcome = ended_by(SIGKILL, busy.deploy(), pace);
  INFO(outcome.err);
  CHECK(outcome.code == 3);
  CHECK(visible(busy.world.base()) == before);
  CHECK(run(busy.deploy()).code == 0);
}

TEST_CASE("an unpacker ends with its program") {
  if (!can_confine()) return;
  const Busy busy;
  Process program(busy.deploy());
  const auto unpacker = unpacker_of(program);
  REQUIRE(unpacker);
  ::kill(*unpacker, SIGSTOP);  // so that it cannot find out by itself that nobody listens
  program.kill();
  program.wait();
  while (::kill(*unpacker, 0) == 0 && field(text_of(fmt::format("/proc/{}/status", *unpacker)), "State").substr(0, 1) != "Z")
    ::usleep(1000);  // for ever, if it does not
  CHECK(typed({"list", "--base", busy.world.base()}).code == 0);
}

TEST_CASE("the program that plays a lesser kernel tells its words, and takes no others") {
  const auto help = run({PATCHFERRY_LESSER_KERNEL, "--help"});
  CHECK(help.code == 0);
  for (const char* word : {"seccomp", "landlock", "network"}) {
    CHECK(says(help.out, std::string("\n  ") + word + " "));
    CHECK(run({PATCHFERRY_LESSER_KERNEL, word, "--", "/bin/true"}).code == 0);
  }
  const auto wrong = run({PATCHFERRY_LESSER_KERNEL, "memory", "--", "/bin/true"});
  CHECK(wrong.code == 99);
  CHECK(says(wrong.err, "--help"));
}

TEST_CASE("a kernel that lacks what confines unpackers is said aloud, and archives are unpacked all the same") {
  if (!can_confine()) return;
  const World world;
  world.release_kernels(kRelease, {{1, 1}});
  const std::string archive = world.at("downloads/" + kRelease + ".tar.bz2");
  struct Case {
    Words lacking;
    std::string named;
  };
  for (const auto& c : {Case{{"landlock"}, "Landlock cannot be had"}, Case{{"seccomp"}, "seccomp cannot be had"},
                        Case{{"landlock", "seccomp"}, "Landlock and seccomp cannot be had"}}) {
    const std::string base = world.at("base-" + c.lacking.front() + std::to_string(c.lacking.size()));
    world.init(base);
    Words words = {PATCHFERRY_LESSER_KERNEL};
    words.insert(words.end(), c.lacking.begin(), c.lacking.end());
    const auto on_it = [&](const Words& more) {
      Words all = words;
      all.push_back("--");
      all.push_back(programs_folder() + "/patchferry-site");
      all.insert(all.end(), more.begin(), more.end());
      return run(all);
    };
    const Outcome outcome = on_it({"deploy", "--base", base, archive});
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(says(outcome.err, c.named));
    const auto doctor = on_it({"doctor", "--base", base, "--json"});
    const auto checks = json_of(doctor)["checks"];
    const auto found = std::find_if(checks.begin(), checks.end(), [](const auto& check) { return check["name"] == "unpacking"; });
    REQUIRE(found != checks.end());
    CHECK((*found)["state"] == "warning");
    CHECK(says((*found)["text"], c.named));
  }
  const Outcome usual = typed({"deploy", "--base", world.base(), archive});
  CHECK(usual.code == 0);
  CHECK_FALSE(says(usual.err, "cannot be had"));
}
