// SPDX-License-Identifier: Apache-2.0
#include "terminal/output.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <unistd.h>

#include "system/failure.h"
#include "system/harmless_text.h"
#include "terminal/voice.h"

namespace patchferry {

namespace {

std::atomic<bool> quiet{false};
Voice other_voice = nullptr;

constexpr const char* kBold = "\033[1m";
constexpr const char* kRed = "\033[1;31m";
constexpr const char* kPlain = "\033[0m";

bool is_terminal(std::FILE* stream) {
  const char* kind = std::getenv("TERM");
  return ::isatty(::fileno(stream)) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

bool may_colour(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  return (no_colour == nullptr || *no_colour == '\0') && is_terminal(stream);
}

// One write a line, so that lines of several threads never mix. On a terminal, a progress line may stand where the
// cursor is: the line goes over it, and the next redraw brings it back.
void to_stderr(const std::string& line) {
  const std::string text = (is_terminal(stderr) ? "\r\033[K" : "") + line + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);  // nowhere to report a failure to
}

// The reader has gone: the rest goes nowhere, and the command finishes what it does.
void discard_stdout() {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) {
    ::dup2(nowhere, STDOUT_FILENO);
    ::close(nowhere);
  }
  std::clearerr(stdout);
}

// Whatever is told, it is one line, and none of it steers the terminal.
void labelled(const char* label, const char* colour, const std::string& text) {
  if (may_colour(stderr))
    to_stderr(fmt::format("patchferry: {}{}:{} {}", colour, label, kPlain, harmless(text)));
  else
    to_stderr(fmt::format("patchferry: {}: {}", label, harmless(text)));
}

void to_stdout(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return;
  if (errno != EPIPE) throw_errno("write", "standard output");
  discard_stdout();
}

// Columns on the screen: code points are counted, not bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string plural_of(const std::string& noun) {
  const std::string_view text = noun;
  const auto is_vowel = [](char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; };
  if (text.size() > 1 && text.back() == 'y' && !is_vowel(text[text.size() - 2])) return noun.substr(0, noun.size() - 1) + "ies";
  for (const std::string_view end : {"s", "x", "ch", "sh"})
    if (text.ends_with(end)) return noun + "es";
  return noun + "s";
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return count_text(bytes, "byte");
  constexpr std::array<const char*, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  std::uint64_t tenth = 100;  // of the unit
  for (std::size_t i = 0;; ++i, tenth *= 1000) {
    const std::uint64_t tenths = bytes / tenth + (bytes % tenth * 2 >= tenth ? 1 : 0);
    if (tenths < 10'000 || i + 1 == kUnits.size()) return fmt::format("{}.{} {}", tenths / 10, tenths % 10, kUnits[i]);
  }
}

std::string count_text(std::uint64_t n, const std::string& noun) {
  return fmt::format("{} {}", n, n == 1 ? noun : plural_of(noun));
}

void print(const std::string& line) {
  std::string text = line + "\n";  // it may be many lines; JSON has no other control characters
  for (char& c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) c = '?';
  to_stdout(text);
}

void speak_as(Voice voice) { other_voice = voice; }

void note(const std::string& line) {
  if (!is_quiet()) to_stderr(other_voice != nullptr ? other_voice(Tone::note, harmless(line)) : "patchferry: " + harmless(line));
}

void warn(const std::string& line) {
  to_stderr(other_voice != nullptr ? other_voice(Tone::warning, harmless(line)) : "patchferry: " + harmless(line));
}

void warn_of_lacking(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " and ") + name;
  warn("archives are unpacked with less between them and this machine than there should be: " + text + " cannot be had here");
}

void error_line(const std::string& text, const std::string& hint) {
  if (other_voice != nullptr) {
    to_stderr(other_voice(Tone::error, harmless(hint.empty() ? text : text + "; hint: " + hint)));
    return;
  }
  labelled("error", kRed, text);
  if (!hint.empty()) labelled("hint", kBold, hint);
}

void set_quiet(bool now_quiet) { quiet = now_quiet; }
bool is_quiet() { return quiet; }

void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  const auto measure = [&](const std::vector<std::string>& cells) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  };
  const auto line_of = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (const char c : cells[i])
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;  // nothing of it steers a terminal
      if (i + 1 < cells.size()) line.append(widths[i] - width_of(cells[i]) + 2, ' ');
    }
    return line;
  };
  measure(header);
  for (const auto& row : rows) measure(row);
  if (!header.empty()) to_stdout((may_colour(stdout) ? kBold + line_of(header) + kPlain : line_of(header)) + "\n");
  for (const auto& row : rows) print(line_of(row));
}

}  // namespace patchferry
