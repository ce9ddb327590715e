// SPDX-License-Identifier: Apache-2.0
// patchferry doctor: what is wrong here.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/doctor.h"
#include "system/atomic_file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"out", "write a report there as well", "FILE"},
    kNoWaitOption,
    {"json", "one JSON document: healthy, checks[] with name, state, text, hint", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry doctor --base DIR [--out FILE]",
    "Looks for what is wrong with a site: database, audit log, feeds and what they lead to, whether a web server may read them, archives,\n"
    "space, clock, trust, alarms. Changes nothing, and sends nothing. Exits 1 if there is an error; warnings alone are 0.",
    kOptions,
    "patchferry doctor --base /var/lib/patchferry",
};

nlohmann::json json_of(const std::vector<Check>& checks) {
  auto all = nlohmann::json::array();
  for (const auto& check : checks)
    all.push_back({{"name", check.name}, {"state", word_for(check.health)}, {"text", check.text}, {"hint", check.hint}});
  return {{"healthy", is_healthy(checks)}, {"checks", all}};
}

void print_checks(const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& check : checks) rows.push_back({check.name, word_for(check.health), check.text});
  print_table({"CHECK", "STATE", "WHAT"}, rows);
  for (const auto& check : checks)
    if (!check.hint.empty()) print(check.name + ": " + check.hint);
}

}  // namespace

int cmd_doctor(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "doctor");
  const Settings settings = settings_of(args);
  const auto checks = examine_site(settings, args.has("no-wait") ? Site::Wait::no : Site::Wait::yes);
  if (args.has("out")) write_file(args.required("out"), as_bytes(report_text(settings.base, checks)), 0600);
  if (args.has("json"))
    print(json_of(checks).dump(2));
  else
    print_checks(checks);
  return is_healthy(checks) ? kDone : kRefused;
}

}  // namespace patchferry::importer
