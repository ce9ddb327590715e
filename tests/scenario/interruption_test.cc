// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and signals: what a person sees, what a shell sees, and what becomes of the terminal.
#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using patchferry::Fd;
using namespace std::chrono_literals;

namespace {

constexpr const char* kLine = "patchferry: interrupted; type the same command again\n";

/// A command of `words` that waits for the lock which this process holds on a base or store.
class Waiting {
 public:
  Waiting(const std::string& folder, const Words& words) : lock_(patchferry::open_file(folder + "/lock", O_RDWR)) {
    REQUIRE(::flock(lock_.get(), LOCK_EX) == 0);
    process_.emplace(words);
    while (!says(process_->err_so_far(), "waiting for another command")) {
      INFO(process_->err_so_far());
      REQUIRE(process_->is_running());
      std::this_thread::sleep_for(1ms);
    }
  }
  Outcome after(int signal) {
    ::kill(process_->id(), signal);
    return process_->wait();
  }
  Outcome let_go() {
    REQUIRE(::flock(lock_.get(), LOCK_UN) == 0);
    return process_->wait();
  }
  pid_t id() const { return process_->id(); }

 private:
  Fd lock_;
  std::optional<Process> process_;
};

class Ignored {
 public:
  explicit Ignored(int signal) : signal_(signal), before_(std::signal(signal, SIG_IGN)) {}
  ~Ignored() { std::signal(signal_, before_); }
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;

 private:
  int signal_;
  void (*before_)(int);
};

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// `patchferry keygen` on a terminal of its own, at the prompt for a password, with the echo off.
class AtPrompt {
 public:
  explicit AtPrompt(const std::string& key) {
    int master = -1;
    std::string program = programs_folder() + "/patchferry";
    pid_ = ::forkpty(&master, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      ::execl(program.c_str(), program.c_str(), "keygen", "--out", key.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    REQUIRE(pid_ > 0);
    terminal_ = Fd(master, "a terminal");
    slave_ = patchferry::open_file(::ptsname(master), O_RDWR | O_NOCTTY);  // its settings are kept as long as it is open
    while (!says(said_, "Password for")) read_more();
    while (echoes()) std::this_thread::sleep_for(1ms);
  }
  ~AtPrompt() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  AtPrompt(const AtPrompt&) = delete;
  AtPrompt& operator=(const AtPrompt&) = delete;

  bool echoes() const {
    termios now{};
    REQUIRE(::tcgetattr(slave_.get(), &now) == 0);
    return (now.c_lflag & ECHO) != 0;
  }
  void type(const std::string& keys) const { patchferry::write_all(terminal_, patchferry::as_bytes(keys)); }
  pid_t id() const { return pid_; }
  /// By which signal it ended.
  int end() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    REQUIRE(WIFSIGNALED(status));
    return WTERMSIG(status);
  }
  std::string all_said() {
    ::fcntl(terminal_.get(), F_SETFL, O_NONBLOCK);
    while (read_more()) {
    }
    return said_;
  }

 private:
  bool read_more() {
    char bytes[256];
    const auto n = ::read(terminal_.get(), bytes, sizeof bytes);
    if (n > 0) said_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  pid_t pid_ = -1;
  Fd terminal_, slave_;
  std::string said_;
};

}  // namespace

TEST_CASE("a command that is interrupted says so, once, and ends by the signal, on both sides") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  for (const int signal : {SIGINT, SIGTERM}) {
    INFO(signal);
    const auto site = Waiting(world.base(), {"patchferry", "status", "--base", world.base()}).after(signal);
    CHECK(site.code == 128 + signal);
    CHECK(times(site.err, kLine) == 1);
    CHECK(site.err.ends_with(kLine));
    const auto store = Waiting(world.at("store"), {"patchferry", "mirror", "list", "--store", world.at("store")}).after(signal);
    CHECK(store.code == 128 + signal);
    CHECK(store.err.ends_with(kLine));
  }
  CHECK(typed({"status", "--base", world.base()}).code == 0);
}

TEST_CASE("the other grammar's program says under its own name that it was interrupted") {
  const World world;
  write_contents(world.at("config.toml"), "base = \"" + world.base() + "\"\n");
  const Configured configured(world.at("config.toml"));
  const auto done = Waiting(world.base(), {"kc.eportal", "feed"}).after(SIGINT);
  CHECK(done.code == 128 + SIGINT);
  CHECK(done.err.ends_with("\nkc.eportal: interrupted; type the same command again\n"));
}

TEST_CASE("a signal that was ignored when a command began stays ignored") {
  const World world;
  for (const int signal : {SIGINT, SIGTERM}) {
    const Ignored ignored(signal);
    Waiting waiting(world.base(), {"patchferry", "status", "--base", world.base()});
    ::kill(waiting.id(), signal);
    const auto done = waiting.let_go();
    CHECK(done.code == 0);
    CHECK_FALSE(says(done.err, "interrupted"));
  }
}

TEST_CASE("whatever signal ends a password prompt, the terminal shows again what is typed") {
  const World world;
  {
    AtPrompt prompt(world.at("typed"));
    prompt.type("half a password\x03");  // Ctrl-C
    CHECK(prompt.end() == SIGINT);
    CHECK(prompt.echoes());
    const std::string said = prompt.all_said();
    CHECK(says(said, "patchferry: interrupted; type the same command again"));
    CHECK_FALSE(says(said, "half"));
  }
  for (const int signal : {SIGTERM, SIGQUIT, SIGHUP}) {
    INFO(signal);
    AtPrompt prompt(world.at("killed"));
    CHECK_FALSE(prompt.echoes());
    ::kill(prompt.id(), signal);
    CHECK(prompt.end() == signal);
    CHECK(prompt.echoes());
    CHECK(says(prompt.all_said(), "interrupted") == (signal == SIGTERM));
  }
  CHECK_FALSE(patchferry::exists(world.at("killed.key")));
}
