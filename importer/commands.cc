// SPDX-License-Identifier: Apache-2.0
#include "importer/commands.h"

#include <cstdlib>
#include <toml++/toml.h>

#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

std::string base_in_config() {
  const char* named = std::getenv("PATCHFERRY_CONFIG");
  const std::string path = named != nullptr ? named : "/etc/patchferry/config.toml";
  if (!exists(path) && named != nullptr) throw UsageError("there is no configuration " + path, "PATCHFERRY_CONFIG names it");
  if (!exists(path)) return {};
  const auto text = read_whole(path, 1 << 20);
  if (!text) throw UsageError(path + " is too long for a configuration");
  try {
    const toml::table config = toml::parse(as_text(*text), path);
    for (const auto& [key, value] : config)
      if (key.str() != "base")
        throw UsageError(path + " holds an unknown key '" + printable(key.str()) + "'", "the only key is: base = \"DIR\"");
    return config["base"].value_or(std::string());
  } catch (const toml::parse_error& error) {
    throw UsageError(
        path + " is not valid: line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()),
        "correct it, or give --base DIR");
  }
}

}  // namespace

std::string base_of(const Arguments& args) {
  std::string base;
  if (args.has("base")) {
    base = args.required("base");
  } else if (const char* from_environment = std::getenv("PATCHFERRY_BASE");
             from_environment != nullptr && *from_environment != '\0') {
    base = from_environment;
  } else {
    base = base_in_config();
    if (base.empty()) base = "/var/lib/patchferry";
  }
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  return base;
}

Site open_site(const Arguments& args) { return Site(base_of(args), args.has("no-wait") ? Site::Wait::no : Site::Wait::yes); }

void take_no_more(const Arguments& args, const char* command) {
  if (!args.positional().empty())
    throw UsageError(std::string("'") + command + "' takes no argument '" + printable(args.positional().front()) + "'",
                     std::string("see 'patchferry ") + command + " --help'");
}

void print_published(const std::vector<Published>& published) {
  for (const auto& p : published) {
    print("feed " + p.feed + ": generation " + std::to_string(p.generation) + " serves " + std::to_string(p.idents) +
          " kernels and build ids");
    for (const auto& level : p.reissued) print("  reissued: " + level + " (the newest enabled patchset is served)");
  }
}

}  // namespace patchferry::importer
