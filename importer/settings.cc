// SPDX-License-Identifier: Apache-2.0
#include "importer/settings.h"

#include <algorithm>
#include <cstdlib>

#include "importer/config_values.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/harmless_text.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

constexpr const char* kKeys = "base, ledger_copy, drop, alarm_days, max_jump, expired, unsigned, and the tables [serve], [clean]";

void take(Settings& settings, const std::string& path, const toml::table& config) {
  for (const auto& [key, value] : config) {
    if (key.str() == "base") {
      settings.base = text_of(path, "base", value);
    } else if (key.str() == "ledger_copy") {
      settings.ledger_copy = text_of(path, "ledger_copy", value);
    } else if (key.str() == "drop") {
      settings.drop = text_of(path, "drop", value);
    } else if (key.str() == "alarm_days") {
      settings.silence_days = static_cast<unsigned>(positive(path, "alarm_days", value));
    } else if (key.str() == "max_jump") {
      settings.jump = positive(path, "max_jump", value);
    } else if (key.str() == "expired") {
      const std::string choice = text_of(path, "expired", value);
      if (choice != "warn" && choice != "refuse")
        throw UsageError(path + ": expired must be \"warn\" or \"refuse\"", "correct it");
      settings.refuse_expired = choice == "refuse";
    } else if (key.str() == "unsigned") {
      const std::string choice = text_of(path, "unsigned", value);
      if (choice != "take" && choice != "refuse")
        throw UsageError(path + ": unsigned must be \"take\" or \"refuse\"", "correct it");
      settings.refuse_unsigned = choice == "refuse";
    } else if (key.str() == "serve") {
      settings.serve = serve_settings(path, value);
    } else if (key.str() == "clean") {
      settings.clean = clean_settings(path, value);
    } else {
      throw UsageError(path + " holds an unknown key '" + printable(key.str()) + "'", std::string("the keys are ") + kKeys);
    }
  }
}

Settings read_config() {
  const char* named = std::getenv("PATCHFERRY_CONFIG");
  const std::string path = named != nullptr ? named : "/etc/patchferry/config.toml";
  if (!exists(path) && named != nullptr) throw UsageError("there is no configuration " + path, "PATCHFERRY_CONFIG names it");
  if (!exists(path)) return {};
  const auto text = read_whole(path, 1 << 20);
  if (!text) throw UsageError(path + " is too long for a configuration");
  return parse_settings(path, as_text(*text));
}

}  // namespace

namespace {

/// Whether a line has other letters than ASCII's where no comment is: what toml++ does with some of them is undefined.
bool is_foreign(std::string_view line) {
  bool quoted = false;
  for (const char c : line) {
    if (c == '#' && !quoted) return false;
    if (c == '"' || c == '\'') quoted = !quoted;
    if (static_cast<unsigned char>(c) >= 0x80) return true;
  }
  return false;
}

}  // namespace

Settings parse_settings(const std::string& path, std::string_view text) {
  Settings settings;
  std::size_t number = 1;
  for (std::string_view rest = text; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (is_foreign(rest.substr(0, end)))
      throw UsageError(
          path + " is not valid: line " + std::to_string(number) + " has a letter that is not ASCII, outside of a comment",
          "in texts, write it as \\u00fc and the like");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  try {
    take(settings, path, toml::parse(text, path));
  } catch (const toml::parse_error& error) {
    throw UsageError(
        path + " is not valid: line " + std::to_string(error.source().begin.line) + ": " + harmless(error.description()),
        "correct it");
  }
  return settings;
}

Settings read_settings(const std::string& base_option) {
  Settings settings = read_config();
  if (const char* from_environment = std::getenv("PATCHFERRY_BASE"); from_environment != nullptr && *from_environment != '\0')
    settings.base = from_environment;
  if (!base_option.empty()) settings.base = base_option;
  if (settings.base.empty()) settings.base = "/var/lib/patchferry";
  while (settings.base.size() > 1 && settings.base.back() == '/') settings.base.pop_back();
  return settings;
}

}  // namespace patchferry::importer
