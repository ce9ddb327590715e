// SPDX-License-Identifier: Apache-2.0
// patchferry mirror site add, list: the sites that a store ships to, and the keys that they are known by.
#include <nlohmann/json.hpp>

#include "bundle-format/words.h"
#include "mirror/commands.h"
#include "mirror/site_key_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kAddOptions[] = {
    {"store", "the store's folder", "DIR"},
    {"site", "the site's name", "NAME"},
    {"key", "the site.pub that lies in the site's base directory", "SITE.pub"},
    {"replace", "the site was set up anew: take its new key in place of the one known here", nullptr},
    {"json", "one JSON document: site, key, words", nullptr},
};
constexpr CommandSpec kAdd = {
    "patchferry mirror site add --store DIR --site NAME --key SITE.pub [--replace]",
    "Says by which key a site signs its receipts. Without this, the site's first receipt says so itself. Compare the fingerprint with\n"
    "the one that 'patchferry status' shows at the site.",
    kAddOptions,
    "patchferry mirror site add --store /srv/store --site plant1 --key site.pub",
};
constexpr OptionSpec kListOptions[] = {
    {"store", "the store's folder", "DIR"},
    {"json", "one JSON document: sites[] with name, key, receipt, last_bundle", nullptr},
};
constexpr CommandSpec kList = {
    "patchferry mirror site list --store DIR",
    "Lists the sites that this store knows: their keys, their newest receipts, and the last bundle that was made for each.",
    kListOptions,
    "patchferry mirror site list --store /srv/store",
};

}  // namespace

int cmd_mirror_site_add(std::vector<std::string> arguments) {
  const Arguments args(kAdd, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty()) throw UsageError("'mirror site add' takes no argument " + printable(args.positional().front()));
  const std::string name = args.required("site");
  if (!is_site_name(name))
    throw UsageError("'" + printable(name) + "' is not a site's name", "'patchferry status' at the site shows it");
  const std::string path = args.required("key");
  const auto key = load_site_key(path);
  if (!key) return report(key.error());
  Store store(args.required("store"), Store::Open::existing);
  const auto known = store.find_site(name);
  const bool same_site = known && known->key == key->signing;
  const bool same = same_site && known->encryption == key->encryption;
  if (known && !(same_site && (!known->encryption || same)) && !args.has("replace"))
    return report({RefusalKind::wrong_key, "site " + name + " is known by another key, " + fingerprint(known->key),
                   "if the site was set up anew, and its people confirm the words of the new key, add --replace", path});
  if (!same) store.pin_site(name, *key);
  const std::string words = site_key_words(*key);
  if (args.has("json"))
    print(nlohmann::json({{"site", name}, {"key", fingerprint(key->signing)}, {"words", words}}).dump(2));
  else if (!is_quiet())
    print("site " + name + (same ? " was known by " : " is known by ") + fingerprint(key->signing) + "\n  in words: " + words);
  return same ? kNothingToDo : kDone;
}

int cmd_mirror_site_list(std::vector<std::string> arguments) {
  const Arguments args(kList, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty())
    throw UsageError("'mirror site list' takes no argument " + printable(args.positional().front()));
  Store store(args.required("store"), Store::Open::existing);
  auto json = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& site : store.sites()) {
    const auto shipments = store.shipments(site.name);
    nlohmann::json one = {{"name", site.name}, {"key", fingerprint(site.key)}, {"receipt", nullptr}, {"last_bundle", nullptr}};
    if (site.issued) one["receipt"] = *site.issued;
    if (!shipments.empty()) one["last_bundle"] = shipments.back().sequence;
    json.push_back(std::move(one));
    rows.push_back({site.name, fingerprint(site.key), site.issued ? time_text(*site.issued) : "none yet",
                    shipments.empty() ? "none yet" : std::to_string(shipments.back().sequence)});
  }
  if (args.has("json"))
    print(nlohmann::json({{"sites", json}}).dump(2));
  else
    print_table({"SITE", "KEY", "NEWEST RECEIPT", "LAST BUNDLE"}, rows);
  return kDone;
}

}  // namespace patchferry::mirror
