// SPDX-License-Identifier: Apache-2.0
// patchferry trust rotate: the next root document.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/statement.h"
#include "mirror/commands.h"
#include "mirror/root_json.h"
#include "mirror/root_roles.h"
#include "mirror/sign_root.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "verifier/trust.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"trust", "the folder of the root documents", "TRUSTDIR"},
    {"add-root", "a key that is to sign root documents from now on", "KEY.pub", true},
    {"remove-root", "a key that is not to sign root documents any more", "KEY.pub|FINGERPRINT", true},
    {"root-threshold", "how many of the root keys must sign", "N"},
    {"add-release", "a key that is to sign bundles from now on", "KEY.pub", true},
    {"remove-release", "a key that is not to sign bundles any more", "KEY.pub|FINGERPRINT", true},
    {"release-threshold", "how many of the release keys must sign", "N"},
    {"add-head", "a key that is to sign head tokens from now on", "KEY.pub", true},
    {"remove-head", "a key that is not to sign head tokens any more", "KEY.pub|FINGERPRINT", true},
    {"head-threshold", "how many of the head keys must sign", "N"},
    {"new-epoch", "begin a new epoch: bundle numbers of the old one, even higher ones, become old", nullptr},
    {"lowest-format", "refuse bundles of an older format than N", "N"},
    {"sign", "sign it at once with a root key that is here; others sign with 'patchferry sign'", "KEY.key", true},
    {"password-file", "take the password of the key from the first line of FILE; several: in the order of the keys", "FILE",
     true},
    {"json", "one JSON document: path, domain, fingerprint, words, complete, needs[], changes[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust rotate --trust TRUSTDIR [--add-ROLE KEY.pub]... [--remove-ROLE KEY.pub|FINGERPRINT]...\n"
    "                               [--ROLE-threshold N]... [--new-epoch] [--lowest-format N] [--sign KEY.key]...",
    "Writes the next root document, as a draft. It counts once enough root keys of the document before it and enough of its own\n"
    "have signed. Sites learn of it from the next bundle.",
    kOptions,
    "patchferry trust rotate --trust trust --add-release rob-new.pub --remove-release rob.pub",
};

/// The place of the key that `text` (a .pub file or a fingerprint) names among `keys`.
Result<std::size_t> place_of(const std::vector<PublicKey>& keys, const std::string& text, const std::string& role) {
  std::string wanted = text;
  if (exists(text)) {
    const auto key = load_public_key(text);
    if (!key) return tl::unexpected(key.error());
    wanted = fingerprint(*key);
  }
  std::vector<std::size_t> found;
  std::string all;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (fingerprint(keys[i]) == wanted) found.push_back(i);
    all += (i > 0 ? ", " : "") + fingerprint(keys[i]);
  }
  if (found.size() != 1)
    throw UsageError(fmt::format("the role '{}' does not hold the key {}", role, text), "its keys are " + all);
  return found.front();
}

Result<void> apply(const Arguments& args, Role which, RoleOrder& order) {
  const std::string role = name_of(which);
  const std::size_t before = order.keys.size();
  for (const auto& text : args.values("remove-" + role)) {
    const auto place = place_of(order.keys, text, role);
    if (!place) return tl::unexpected(place.error());
    order.keys.erase(order.keys.begin() + static_cast<std::ptrdiff_t>(*place));
  }
  for (const auto& path : args.values("add-" + role)) {
    auto key = load_public_key(path);
    if (!key) return tl::unexpected(std::move(key.error()));
    if (std::find(order.keys.begin(), order.keys.end(), *key) == order.keys.end()) order.keys.push_back(*key);
  }
  if (args.has(role + "-threshold"))
    order.threshold = number_of(role + "-threshold", args.value(role + "-threshold"), 1, kMaxSignatures);
  else if (before == 1 && order.keys.size() > 1)
    order.threshold.reset();  // "1 of 1" says nothing about how many of several are wanted
  return {};
}

}  // namespace

int cmd_trust_rotate(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty())
    throw UsageError("'trust rotate' takes no argument " + args.positional().front(), "name the folder with --trust");
  const std::string folder = args.required("trust");
  if (exists(folder) && !is_folder(folder))
    throw UsageError(folder + " is not a folder", "give the folder that 'patchferry trust create' wrote");
  const auto files = read_root_files(folder);
  if (!files) return report(files.error());
  const RootFile& newest = files->back();
  const RootDocument& before = newest.standing.root;
  if (!newest.standing.complete())
    return report({RefusalKind::threshold,
                   fmt::format("root document {} is not in force yet: it needs {}", before.version,
                               need_text(newest.standing.needs.front())),
                   "have it signed first, or take the file away if it was a mistake", newest.path});
  if (before.version == kMaxRootChain) throw UsageError(fmt::format("a trust domain ends after {} documents", kMaxRootChain));

  Roster roster = roster_of(before);
  for (const Role which : kRoles)
    if (auto done = apply(args, which, roster[static_cast<std::size_t>(which)]); !done) return report(done.error());
  RootDocument numbers = before;
  if (args.has("new-epoch")) ++numbers.epoch;
  if (args.has("lowest-format"))
    numbers.lowest_format =
        static_cast<std::uint16_t>(number_of("lowest-format", args.value("lowest-format"), before.lowest_format, kFormatVersion));
  RootDocument next = compose(numbers, roster);
  if (next == before) {
    if (args.has("json"))
      print(nlohmann::json({{"changes", nlohmann::json::array()}}).dump(2));
    else
      note("nothing would change in root document " + std::to_string(before.version));
    return kNothingToDo;
  }
  ++next.version;
  next.previous = hash_of(before);
  if (const std::size_t fewest = fewest_signatures(&before, next); fewest > kMaxSignatures)
    throw UsageError(fmt::format("this would need {} signatures on one document, and it holds {}", fewest, kMaxSignatures),
                     "change the root keys in two steps");

  RootDraft draft = new_root_draft(folder + "/" + root_file_name(next.version), next, *files);
  if (!args.has("json") && !is_quiet()) print_root(draft);
  const auto signed_now = sign_root(draft, load_signers(args.values("sign"), args.values("password-file")));
  if (!signed_now) return report(signed_now.error());
  write_root(draft);

  if (args.has("json")) {
    print(draft_json(draft).dump(2));
  } else if (!is_quiet()) {
    print("wrote " + draft.path);
    for (const auto& line : progress_of(draft)) print("  " + line);
  }
  return kDone;
}

}  // namespace patchferry::mirror
