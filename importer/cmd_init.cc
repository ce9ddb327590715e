// SPDX-License-Identifier: Apache-2.0
// patchferry init: make a base directory.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"site", "this site's name, as the exporter will write it (letters, digits, . _ + -)", "NAME"},
    {"trust", "a public key whose bundles are believed", "KEY.pub", true},
    {"json", "one JSON document: site, base, trusted[], key", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry init --base DIR --site NAME --trust KEY.pub...",
    "Makes a base directory with feed main, and a key of the site's own for its receipts. Compare the fingerprints that it prints\n"
    "with those of the people who sign: what is enrolled here is believed from now on.",
    kOptions,
    "patchferry init --base /var/lib/patchferry --site plant1 --trust ops-key.pub",
};

}  // namespace

int cmd_init(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "init");
  const std::string base = base_of(args);
  const std::string name = args.required("site");
  if (!is_site_name(name))
    throw UsageError("'" + printable(name) + "' is not a site's name",
                     "letters, digits and . _ + - only, at most 64, beginning with a letter or digit");
  args.required("trust");
  std::vector<PublicKey> trusted;
  for (const auto& path : args.values("trust")) {
    const auto key = load_public_key(path);
    if (!key) return report(key.error());
    trusted.push_back(*key);
  }
  Site::create(base, name, trusted);
  Site site(base, Site::Wait::yes);
  publish_changed(site);
  site.audit({.what = "init", .detail = "site " + name});
  if (args.has("json")) {
    auto fingerprints = nlohmann::json::array();
    for (const auto& key : trusted) fingerprints.push_back(fingerprint(key));
    print(
        nlohmann::json({{"site", name}, {"base", base}, {"trusted", fingerprints}, {"key", fingerprint(site.key().public_key())}})
            .dump(2));
    return kDone;
  }
  if (is_quiet()) return kDone;
  print("site " + name + " is ready in " + base);
  for (const auto& key : trusted) print("  believes bundles signed by " + fingerprint(key));
  print("  its receipts are signed by   " + fingerprint(site.key().public_key()));
  print("  feed main takes every new patchset; serve " + base + "/feeds/main/current with a web server");
  return kDone;
}

}  // namespace patchferry::importer
