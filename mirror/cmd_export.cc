// SPDX-License-Identifier: Apache-2.0
// patchferry export: build a signed bundle of what a site lacks.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "bundle-format/words.h"
#include "mirror/commands.h"
#include "mirror/export.h"
#include "mirror/load_signers.h"
#include "mirror/ship.h"
#include "mirror/site_key_file.h"
#include "mirror/site_receipt.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"store", "the store's folder", "DIR"},
    {"to", "where to write the bundle's folder (a mounted stick), or - for a stream on standard output", "DIR"},
    {"site", "the site that it is for", "NAME"},
    {"sign", "the secret key to sign with, or the pkcs11: URI of a key in a token", "KEY.key", true},
    {"password-file",
     "take the password of the key, or PIN of the token, from the first line of FILE; several: in the order of the keys", "FILE",
     true},
    {"receipt", "what the site has, as 'patchferry receipt' wrote it there (default: the newest one seen)", "FILE"},
    {"full", "ship everything, whatever the site has", nullptr},
    {"assume-delivered", "for sites that send nothing back: build on what was shipped, except by the last N bundles", "N"},
    {"channel", "leave out what is in a less stable channel: default, test, unstable (default: leave out nothing)", "CHANNEL"},
    {"trust", "the folder of root documents, where several sign or keys have been rotated", "TRUSTDIR"},
    {"encrypt-to", "the site.pub of the site: nobody else can read what the bundle brings", "SITE.pub"},
    {"expires", "after so many days the site warns, or refuses if it is set up so", "DAYS"},
    {"volume-size", "largest file: a size such as 700MB or 8MiB, or fat32, dvd, bd (default: fat32 on FAT, else one file)",
     "SIZE"},
    {"effort", "how hard to compress: fast, default or max (fifteen times the time, an eighth smaller)", "EFFORT"},
    {"dry-run", "show what would be shipped, and make no bundle", nullptr},
    {"json", "one JSON document: bundle, sequence, path, volumes, bytes, patchsets[], verbatim[], withdrawn[], signatures",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry export --store DIR --to DIR --site NAME --sign KEY.key [--receipt FILE | --full | --assume-delivered N]\n"
    "                  [--trust TRUSTDIR] [--encrypt-to SITE.pub] [--volume-size SIZE] [--effort fast|default|max]",
    "Builds a signed bundle of exactly what a site lacks. What it has is known from its receipt, never from the hope that the last\n"
    "stick arrived. The bundle is read back from the medium and verified before it counts as shipped.",
    kOptions,
    "patchferry export --store /srv/store --to /media/usb --site plant1 --sign ops-key.key --full",
};

constexpr std::uint64_t kLargest4G = 0xffffffff;  // FAT32, and ISO 9660 on a DVD
constexpr std::uint64_t kBluRay = 24'900'000'000;

std::uint64_t whole_number(const std::string& text) {
  const auto number = parse_number(text, 1'000'000);
  if (!number) throw UsageError("'" + printable(text) + "' is not a number that fits here", "give a whole number");
  return *number;
}

Effort effort_of(const std::string& text) {
  if (text == "fast") return Effort::fast;
  if (text == "default") return Effort::standard;
  if (text == "max") return Effort::max;
  throw UsageError("'" + printable(text) + "' is not an effort", "say fast, default or max");
}

std::uint64_t volume_size_of(const std::string& text) {
  if (text == "fat32" || text == "dvd") return kLargest4G;
  if (text == "bd") return kBluRay;
  const auto size = parse_size(text);
  if (!size) throw UsageError("'" + text + "' is not a size", "say 700MB, 8MiB, fat32, dvd or bd");
  return *size;
}

/// What the exporter may build on, or why it must not guess.
Result<SiteState> site_state(Store& store, const Arguments& args, const std::optional<GivenReceipt>& given,
                             const Digest& domain) {
  SiteState nothing;
  nothing.site = args.required("site");
  if (args.has("full")) return nothing;
  if (given) return state_of_receipt(given->receipt.receipt, domain);
  if (args.has("assume-delivered")) return assume_delivered(store, nothing.site, whole_number(args.required("assume-delivered")));
  const auto newest = store.newest_receipt(nothing.site);
  if (!newest)
    return refuse(RefusalKind::bad_receipt, "nothing is known of what site " + nothing.site + " has",
                  "give --receipt FILE, which 'patchferry receipt' writes at the site, or --full to ship everything");
  return state_of_receipt(*newest, domain);
}

void print_json(const Shipment& shipment, bool dry_run) {
  auto names = nlohmann::json::array();
  for (const auto& p : shipment.patchsets) names.push_back(p.name.patchset.text);
  auto verbatim = nlohmann::json::array();
  for (const auto& [p, travel] : shipment.pieces)
    if (!travel.recipe) verbatim.push_back({{"name", p.name.patchset.text}, {"why", travel.why}});
  nlohmann::json out = {{"dry_run", dry_run},
                        {"patchsets", names},
                        {"verbatim", verbatim},
                        {"withdrawn", shipment.withdrawn},
                        {"signatures", {{"have", shipment.signatures}, {"need", shipment.signatures_needed}}},
                        {"bytes", shipment.statement.payload_bytes}};
  if (!dry_run) {
    out["bundle"] = to_hex(shipment.statement.bundle.bytes);
    out["sequence"] = shipment.statement.sequence;
    out["volumes"] = shipment.statement.volumes;
    out["path"] = shipment.path;
  }
  print(out.dump(2));
}

void print_shipment(const Shipment& shipment, bool dry_run) {
  std::uint64_t raw = 0;
  for (const auto& [p, travel] : shipment.pieces) {
    raw += p.archive_bytes;
    print((dry_run ? "would ship " : "shipped ") + p.name.patchset.text + "  " + size_text(p.archive_bytes) +
          (travel.recipe ? "" : "  as it is: " + travel.why));
  }
  for (const auto& name : shipment.withdrawn) print((dry_run ? "would withdraw " : "withdraws ") + name);
  if (dry_run) {
    print(count_text(shipment.patchsets.size(), "patchset") + ", " + size_text(raw) + " of archives in " +
          size_text(shipment.statement.payload_bytes) + "; no bundle was made");
    return;
  }
  print("bundle " + std::to_string(shipment.statement.sequence) + ": " + count_text(shipment.patchsets.size(), "patchset") +
        " in " + count_text(shipment.statement.volumes, "volume") + ", " + size_text(raw) + " of archives in " +
        size_text(shipment.statement.payload_bytes) + ", read back and verified: " + shipment.path);
  print("  words of what was signed: " + word_code(sha256(encode_statement(shipment.statement))));
}

}  // namespace

int cmd_export(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty())
    throw UsageError("'export' takes no argument " + printable(args.positional().front()), "say where to with --to");
  ExportOrder order;
  order.to = args.required("to");
  order.dry_run = args.has("dry-run");
  const bool streamed = order.to == "-";
  if (streamed && (args.has("volume-size") || args.has("json")))
    throw UsageError("--to - writes one volume, and nothing else, to standard output", "leave out --volume-size and --json");
  if (streamed && ::isatty(STDOUT_FILENO) == 1)
    throw UsageError("a bundle is not for a terminal", "pipe it: patchferry export ... --to - | ssh HOST patchferry import -");
  if (args.has("channel")) order.channel = channel_typed(args.required("channel"));
  if (args.has("effort")) order.effort = effort_of(args.required("effort"));
  if (args.has("volume-size")) order.volume_size = volume_size_of(args.required("volume-size"));
  Store store(args.required("store"), Store::Open::existing);
  const std::string site = args.required("site");
  if (!is_site_name(site))
    throw UsageError("'" + printable(site) + "' is not a site's name",
                     "letters, digits and . _ + - only, at most 64, beginning with a letter or digit");
  if ((args.has("full") ? 1 : 0) + (args.has("receipt") ? 1 : 0) + (args.has("assume-delivered") ? 1 : 0) > 1)
    throw UsageError("--full, --receipt and --assume-delivered exclude each other",
                     "--full ships everything; --receipt what is missing; --assume-delivered what was not shipped long ago");
  std::optional<GivenReceipt> given;
  if (args.has("receipt")) {
    auto read = read_site_receipt(store, args.required("receipt"), site);
    if (!read) return report(read.error());
    given = std::move(*read);
  }
  args.required("sign");
  if (args.has("trust") && args.required("trust").ends_with(".pub"))
    throw UsageError("--trust takes the folder of root documents", "for a single key, --sign KEY.key is enough");
  auto authority = load_authority(args.has("trust") ? args.required("trust") : "", Role::release,
                                  load_signers(args.values("sign"), args.values("password-file")));
  if (!authority) return report(authority.error());
  if (streamed && authority->signers.size() < authority->needed(Role::release))
    throw UsageError("a stream cannot be signed by others afterwards", "give all the keys that are needed with --sign");
  auto state = site_state(store, args, given, authority->domain());
  if (!state) return report(state.error());
  order.site = std::move(*state);
  if (args.has("expires")) order.good_for = whole_number(args.required("expires")) * 86400;
  if (args.has("expires") && order.good_for == 0)
    throw UsageError("a bundle cannot be good for 0 days", "leave out --expires for one that is good for ever");
  if (args.has("encrypt-to")) {
    const auto key = encryption_key_of(store, site, args.required("encrypt-to"), given ? &given->receipt : nullptr);
    if (!key) return report(key.error());
    order.encrypt_to = *key;
  }
  if (!streamed && !order.dry_run) {
    if (!is_folder(parent_of(order.to))) throw UsageError("there is no folder " + parent_of(order.to), "is the medium mounted?");
    if (exists(order.to) && !is_folder(order.to))
      throw UsageError(order.to + " is not a folder", "give the folder of a mounted medium");
    if (order.volume_size == 0) order.volume_size = largest_file_at(is_folder(order.to) ? order.to : parent_of(order.to));
  }

  if (const auto made = store.shipments(site); !made.empty() && made.back().domain &&
                                               *made.back().domain != authority->domain() &&
                                               order.site.basis != SiteState::Basis::receipt)
    warn("warning: the last bundle for site " + site + " was signed in the name of another trust domain, " +
         fingerprint(*made.back().domain) + (args.has("trust") ? "" : "; was --trust TRUSTDIR forgotten?"));
  auto shipment = export_bundle(store, order, *authority);
  if (!shipment) return report(shipment.error());
  // Only a receipt that nothing spoke against is believed from now on.
  if (given && !order.dry_run) {
    store.keep_receipt(given->receipt, given->text);
    if (given->first)
      note("first receipt of site " + site + ": its key " + fingerprint(given->receipt.key) +
           " is now pinned here; compare it with 'patchferry status' at the site");
  }
  if (!*shipment) {
    if (args.has("json"))
      print(nlohmann::json({{"dry_run", order.dry_run},
                            {"patchsets", nlohmann::json::array()},
                            {"withdrawn", nlohmann::json::array()},
                            {"bytes", 0}})
                .dump(2));
    else
      note("site " + order.site.site + " lacks nothing of this store; nothing was written");
    return kNothingToDo;
  }
  for (const auto& name : (*shipment)->differing)
    warn("warning: site " + order.site.site + " has other bytes for " + name +
         " than this store. Its import replaces them if nobody has "
         "signed them, and refuses this bundle if somebody has: find out which of the two is right");
  if ((*shipment)->signatures < (*shipment)->signatures_needed && !order.dry_run)
    warn(fmt::format("NOT VALID YET: {} of {} signatures; on another key holder's machine: patchferry sign {} --key KEY.key",
                     (*shipment)->signatures, (*shipment)->signatures_needed, (*shipment)->path));
  if (args.has("json"))
    print_json(**shipment, order.dry_run);
  else if (!is_quiet() && !streamed)
    print_shipment(**shipment, order.dry_run);
  return kDone;
}

}  // namespace patchferry::mirror
