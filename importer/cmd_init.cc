// SPDX-License-Identifier: Apache-2.0
// patchferry init: make a base directory.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/roots.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"site", "this site's name, as the exporter will write it (letters, digits, . _ + -)", "NAME"},
    {"trust", "a public key whose bundles are believed, or the folder of root documents", "KEY.pub|TRUSTDIR", true},
    {"json", "one JSON document: site, base, trusted[], key", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry init --base DIR --site NAME --trust KEY.pub|TRUSTDIR...",
    "Makes a base directory with feed main, and a key of the site's own for its receipts. Compare the words that it prints\n"
    "with those of the people who sign ('patchferry trust words' there): what is enrolled here is believed from now on.",
    kOptions,
    "patchferry init --base /var/lib/patchferry --site plant1 --trust ops-key.pub",
};

}  // namespace

int cmd_init(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "init");
  const Settings settings = settings_of(args);
  const std::string name = args.required("site");
  if (!is_site_name(name))
    throw UsageError("'" + printable(name) + "' is not a site's name",
                     "letters, digits and . _ + - only, at most 64, beginning with a letter or digit");
  args.required("trust");
  const auto trusted = load_trust(args.values("trust"));
  if (!trusted) return report(trusted.error());
  Site::create(settings.base, name, *trusted);
  Site site(settings, Site::Wait::yes);
  publish_changed(site);
  const std::string key = fingerprint(site.secret().signing.public_key());
  if (args.has("json")) {
    auto fingerprints = nlohmann::json::array();
    for (const auto& anchor : trusted->anchors) fingerprints.push_back(name_of(anchor));
    print(nlohmann::json({{"site", name}, {"base", settings.base}, {"trusted", fingerprints}, {"key", key}}).dump(2));
    return kDone;
  }
  if (is_quiet()) return kDone;
  print("site " + name + " is ready in " + settings.base);
  for (const auto& anchor : trusted->anchors) {
    print("  believes " + describe(anchor));
    print("    in words: " + words_of(anchor));
  }
  print("  its receipts are signed by " + key);
  print("  feed main takes every new patchset; serve " + settings.base + "/feeds/main/current with a web server");
  return kDone;
}

}  // namespace patchferry::importer
