// SPDX-License-Identifier: Apache-2.0
// patchferry trust words: fingerprints that two people can compare by telephone.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/words.h"
#include "mirror/commands.h"
#include "mirror/root_roles.h"
#include "mirror/shown_trust.h"
#include "system/failure.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"json", "one JSON document: domain{}, document{}, keys[], each with fingerprint and words", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust words FILE.pub|FILE.pfr|TRUSTDIR [--json]",
    "Shows a key, or a trust domain, its newest document and its keys, as words. Have somebody whose voice you know read out theirs:\n"
    "all words must be the same.",
    kOptions,
    "patchferry trust words ops-key.pub",
};
constexpr std::size_t kWords = 12;

}  // namespace

int cmd_trust_words(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("'trust words' takes one file or folder", "patchferry trust words KEY.pub");
  const auto shown = load_shown_trust(args.positional().front());
  if (!shown) return report(shown.error());
  const ShownDocument& newest = shown->documents.back();
  const RootDocument& root = newest.standing.root;
  const Digest document = sha256(newest.link.document);
  const std::string domain_words = words_of(shown->domain, kWords);
  const std::string document_words = words_of(document, kWords);

  if (args.has("json")) {
    nlohmann::json keys = nlohmann::json::array();
    for (const Role which : kRoles)
      for (const auto& key : keys_of(root, which))
        if (!newest.is_key_file || which == Role::root)
          keys.push_back({{"role", newest.is_key_file ? "all" : name_of(which)},
                          {"fingerprint", fingerprint(key)},
                          {"words", key_words(key)}});
    print(nlohmann::json(
              {{"domain", {{"fingerprint", fingerprint(shown->domain)}, {"words", domain_words}}},
               {"document", {{"version", root.version}, {"fingerprint", fingerprint(document)}, {"words", document_words}}},
               {"keys", keys}})
              .dump(2));
    return kDone;
  }
  if (newest.is_key_file) {
    print(fmt::format("key {}\n  {}", fingerprint(root.keys.front()), key_words(root.keys.front())));
    return kDone;
  }
  print(fmt::format("trust domain {}\n  {}", fingerprint(shown->domain), domain_words));
  if (root.version > 1) print(fmt::format("document {}  {}\n  {}", root.version, fingerprint(document), document_words));
  for (const Role which : kRoles)
    for (const auto& key : keys_of(root, which))
      print(fmt::format("{} key {}\n  {}", name_of(which), fingerprint(key), key_words(key)));
  return kDone;
}

}  // namespace patchferry::mirror
