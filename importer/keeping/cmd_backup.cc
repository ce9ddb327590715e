// SPDX-License-Identifier: Apache-2.0
// patchferry backup: a site in one file.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/keeping/backup.h"
#include "importer/keeping/commands.h"
#include "importer/publish.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"to", "the file to write; an earlier backup of the same site is replaced", "FILE"},
    {"contents", "arch/ and objects/ as well: all that the site has", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: file, site, bytes, contents, objects, archives, left_out[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry backup --base DIR --to FILE [--contents]",
    "Writes database, keys, trust and configuration into one file, which 'patchferry restore' puts back. Feeds are served meanwhile;\n"
    "imports wait. The file holds the site's secret key: keep it as you keep that.",
    kOptions,
    "patchferry backup --base /var/lib/patchferry --to /media/safe/plant1.backup",
};

}  // namespace

std::string configuration_in_force() {
  const char* named = std::getenv("PATCHFERRY_CONFIG");
  const std::string path = named != nullptr ? named : "/etc/patchferry/config.toml";
  return exists(path) ? path : "";
}

int cmd_backup(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "backup");
  const std::string file = args.required("to");
  Site site = open_site(args);
  recover(site);
  const BackupReport done = make_backup(site, {file, args.has("contents"), configuration_in_force()});
  if (args.has("json"))
    print(nlohmann::json({{"file", file},
                          {"site", site.name()},
                          {"bytes", done.bytes},
                          {"contents", args.has("contents")},
                          {"objects", done.objects},
                          {"archives", done.archives},
                          {"left_out", done.left_out}})
              .dump(2));
  else if (!is_quiet())
    print("wrote " + file + ": " + size_text(done.bytes) +
          (args.has("contents") ? ", with " + count_text(done.archives, "archive") + " and " + count_text(done.objects, "object")
                                : ", without archives and contents: 'patchferry restore' says how these come back"));
  for (const auto& path : done.left_out)
    error_line(path + " has changed on this disk, and is not in the backup",
               "is the disk failing? Take that file away; 'patchferry archives' or the next bundle puts it back");
  note(file + " holds the site's secret key: who has it can read what is encrypted to the site, and sign its receipts");
  return done.left_out.empty() ? kDone : kInPart;
}

}  // namespace patchferry::importer::keeping
