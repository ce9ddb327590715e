// SPDX-License-Identifier: Apache-2.0
// patchferry trust show: who may sign what, document by document.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "mirror/commands.h"
#include "mirror/root_json.h"
#include "mirror/root_roles.h"
#include "mirror/shown_trust.h"
#include "system/failure.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"json", "one JSON document: domain, fingerprint, complete, documents[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust show TRUSTDIR|FILE.pfr|FILE.pub [--json]",
    "Shows every root document: its roles and keys, who has signed it, and whose signature it still needs. A .pub file is shown as\n"
    "the document that it stands for.",
    kOptions,
    "patchferry trust show trust",
};

std::string list_of(const std::vector<PublicKey>& keys) {
  std::string out;
  for (const auto& key : keys) out += (out.empty() ? "" : ", ") + fingerprint(key);
  return out;
}

void print_document(const ShownDocument& shown) {
  const RootDocument& root = shown.standing.root;
  print("");
  print(fmt::format("document {}  {}", root.version, shown.path));
  print(fmt::format("  epoch {}, lowest bundle format {}", root.epoch, root.lowest_format));
  for (const Role which : kRoles) {
    const auto keys = keys_of(root, which);
    print(fmt::format("  {:<8} {} of {}: {}", name_of(which), root.role(which).threshold, keys.size(), list_of(keys)));
  }
  if (shown.is_key_file) {
    print("  a key that is enrolled as such needs no signature");
    return;
  }
  print("  signed by " + (shown.standing.signers.empty() ? "nobody yet" : list_of(shown.standing.signers)));
  for (const auto& need : shown.standing.needs) print("  needs " + need_text(need));
  if (shown.standing.complete()) print("  complete");
}

}  // namespace

int cmd_trust_show(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("'trust show' takes one folder or file", "patchferry trust show TRUSTDIR");
  const auto shown = load_shown_trust(args.positional().front());
  if (!shown) return report(shown.error());
  const bool complete = shown->documents.back().is_key_file || shown->documents.back().standing.complete();
  if (args.has("json")) {
    nlohmann::json documents = nlohmann::json::array();
    for (const auto& one : shown->documents) {
      documents.push_back(root_json(one.path, one.link, one.standing));
      if (one.is_key_file) {
        documents.back()["complete"] = true;
        documents.back()["needs"] = nlohmann::json::array();
      }
    }
    print(nlohmann::json({{"domain", to_hex(shown->domain)},
                          {"fingerprint", fingerprint(shown->domain)},
                          {"complete", complete},
                          {"documents", documents}})
              .dump(2));
    return kDone;
  }
  print("trust domain " + fingerprint(shown->domain));
  for (const auto& one : shown->documents) print_document(one);
  return kDone;
}

}  // namespace patchferry::mirror
