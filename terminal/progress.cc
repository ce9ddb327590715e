// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry {

namespace {

using std::chrono::steady_clock;

constexpr auto kQuietBegin = std::chrono::seconds(1);
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kPlainWithoutTotal = std::chrono::minutes(1);
constexpr std::size_t kBar = 16;

bool on_terminal() {
  static const bool known = [] {
    const char* kind = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
  }();
  return known;
}

std::size_t columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// At most `width` code points: a line that wraps could not be drawn over.
std::string cut(const std::string& text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (seen++ == width) return text.substr(0, i);
  }
  return text;
}

void to_stderr(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

struct Figures {
  double part = 0;   // 0 to 1
  double rate = 0;   // bytes a second
  std::string left;  // ", 3 minutes left" or nothing
};

Figures figures_of(std::uint64_t done, std::uint64_t total, steady_clock::duration elapsed) {
  Figures figures;
  const double seconds = std::max(std::chrono::duration<double>(elapsed).count(), 0.001);
  figures.rate = static_cast<double>(done) / seconds;
  if (total == 0) return figures;
  figures.part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  if (done > 0 && done < total) {
    const double left = static_cast<double>(total - done) / figures.rate;
    if (left < 1e9) figures.left = ", " + duration_text(static_cast<std::uint64_t>(left) + 1) + " left";
  }
  return figures;
}

}  // namespace

Progress::Progress(std::string what, std::uint64_t total_bytes)
    : what_(std::move(what)), total_(total_bytes), begin_(steady_clock::now()), drawn_(begin_) {}

Progress::~Progress() {
  if (line_open_) to_stderr("\r\033[K");
}

void Progress::add(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  done_ += bytes;
  if (is_quiet()) return;
  const auto now = steady_clock::now();
  if (now - begin_ >= kQuietBegin) draw_locked(now);
}

void Progress::draw_locked(steady_clock::time_point now) {
  if (on_terminal() && now - drawn_ < kRedraw) return;
  const Figures figures = figures_of(done_, total_, now - begin_);
  const std::string rate = size_text(static_cast<std::uint64_t>(figures.rate)) + "/s";
  const std::string amount =
      total_ == 0 ? size_text(done_) : fmt::format("{} of {}", size_text(std::min(done_, total_)), size_text(total_));

  if (on_terminal()) {
    std::string line = what_;
    if (total_ != 0) {
      const auto full = static_cast<std::size_t>(figures.part * static_cast<double>(kBar));
      line += fmt::format(" [{}{}] {} %", std::string(full, '#'), std::string(kBar - full, '.'),
                          static_cast<int>(figures.part * 100));
    }
    line += fmt::format(" {}, {}{}", amount, rate, figures.left);
    to_stderr("\r" + cut(line, columns() - 1) + "\033[K");
    line_open_ = true;
    drawn_ = now;
    return;
  }

  const bool first = drawn_ == begin_;
  const auto tenths = static_cast<unsigned>(figures.part * 10);
  const bool due = total_ == 0 ? now - drawn_ >= kPlainWithoutTotal : tenths > tenths_said_;
  if (!first && !due) return;
  tenths_said_ = tenths;
  drawn_ = now;
  const std::string percent = total_ == 0 ? "" : fmt::format(" ({} %)", static_cast<int>(figures.part * 100));
  note(fmt::format("{}: {}{}, {}{}", what_, amount, percent, rate, figures.left));
}

}  // namespace patchferry
