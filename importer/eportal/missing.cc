// SPDX-License-Identifier: Apache-2.0
#include "importer/eportal/missing.h"

#include <algorithm>
#include <fmt/format.h>

#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

constexpr const char* kPortal = "needs the portal, which is not built yet";

}  // namespace

const std::vector<MissingWord>& missing_words() {
  static const std::vector<MissingWord> words = {
      {"key", "[-a] [-c] [--note N] [--server-limit N] [--feed F] [--product P] [--default-products] [key]", kPortal,
       "agents choose a feed by PREFIX"},
      {"user", "[-a] [-c] [-d] [-p PASSWORD] [-r {admin,readonly}] [--note N] [user]", kPortal,
       "whoever may write to the base administers it"},
      {"server", "clean --inactive", kPortal, "the web server's access log tells which servers ask"},
      {"--list-servers", "", kPortal, "the web server's access log tells which servers ask"},
      {"replication", "--full-sync | --short-status", "needs another ePortal", "ship bundles to both sites, or rsync arch/"},
      {"cache-mode", "--fetch-meta", "needs the internet, which nothing here ever asks", "import bundles"},
  };
  return words;
}

const MissingWord* find_missing(const std::string& name) {
  const auto& all = missing_words();
  const auto found = std::find_if(all.begin(), all.end(), [&](const MissingWord& word) { return name == word.name; });
  return found == all.end() ? nullptr : &*found;
}

int run_missing(const MissingWord& word, const std::vector<std::string>& rest) {
  const bool help = std::any_of(rest.begin(), rest.end(), [](const auto& one) { return one == "-h" || one == "--help"; });
  if (!help) {
    error_line(fmt::format("{} {}; nothing has been changed", word.name, word.why), word.instead);
    return kUsage;
  }
  const std::string takes = word.takes;
  print(fmt::format(
      "usage: kc.eportal {} [-h]{}{}\n\n{} {}; until then: {}.\n\noptional arguments:\n  -h, --help            show this help message and exit",
      word.name, takes.empty() ? "" : " ", takes, word.name, word.why, word.instead));
  return kDone;
}

}  // namespace patchferry::importer::eportal
