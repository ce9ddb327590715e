// SPDX-License-Identifier: Apache-2.0
// In a handler nothing may be allocated, locked or formatted: the line is made beforehand, and all that is called is on POSIX's
// list of what a handler may call.
#include "terminal/interruption.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <unistd.h>

namespace patchferry {

namespace {

constexpr int kTold[] = {SIGINT, SIGTERM};
constexpr int kAtPrompt[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};

std::array<char, 256> line;
std::atomic<std::size_t> line_size{0};
std::atomic<bool> is_ending{false};

termios settings_before{};
std::atomic<int> altered_terminal{-1};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<std::size_t>::is_always_lock_free);

void end_by(int signal) {
  if (is_ending.exchange(true)) return;  // another thread is at it, and ends this one too
  if (const int terminal = altered_terminal; terminal >= 0) {
    ::tcflush(terminal, TCIFLUSH);  // half a password is nothing for the shell
    ::tcsetattr(terminal, TCSANOW, &settings_before);
    if (::write(terminal, "\n", 1) != 1) errno = 0;  // nowhere to report a failure to
  }
  if (signal == SIGINT || signal == SIGTERM)
    if (::write(STDERR_FILENO, line.data(), line_size) < 0) errno = 0;
  std::signal(signal, SIG_DFL);
  ::raise(signal);  // pending until the handler returns
}

void end_well_by(int signal) {
  struct sigaction now {};
  if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;  // ignored from the start, or ours already
  now.sa_handler = end_by;
  ::sigemptyset(&now.sa_mask);
  ::sigaddset(&now.sa_mask, SIGTTOU);  // in the background, changing a terminal would stop the program
  now.sa_flags = SA_RESTART;
  ::sigaction(signal, &now, nullptr);
}

}  // namespace

void tell_when_interrupted(const std::string& name) {
  // A progress line may stand where the cursor is.
  const std::string text =
      (::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "") + name + ": interrupted; type the same command again\n";
  line_size = text.copy(line.data(), line.size());
  for (const int signal : kTold) end_well_by(signal);
}

RestoredOnSignal::RestoredOnSignal(int terminal, const termios& settings) {
  settings_before = settings;
  altered_terminal = terminal;
  for (const int signal : kAtPrompt) end_well_by(signal);
}

RestoredOnSignal::~RestoredOnSignal() { altered_terminal = -1; }

}  // namespace patchferry
