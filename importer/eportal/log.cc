// SPDX-License-Identifier: Apache-2.0
#include "importer/eportal/log.h"

#include <chrono>
#include <ctime>
#include <fmt/format.h>

namespace patchferry::importer::eportal {

namespace {

/// The only name that the vendor's manual shows.
constexpr const char* kLogger = "eportal.patches";

const char* level_of(Tone tone) {
  switch (tone) {
    case Tone::note: return "INFO";
    case Tone::warning: return "WARNING";
    case Tone::error: return "ERROR";
  }
  return "INFO";
}

}  // namespace

std::string log_line(Tone tone, const std::string& text) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds);
  const std::time_t time = seconds.count();
  std::tm local{};
  ::localtime_r(&time, &local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02},{:03} - {} - {} - {}", local.tm_year + 1900, local.tm_mon + 1,
                     local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, rest.count(), kLogger, level_of(tone), text);
}

}  // namespace patchferry::importer::eportal
