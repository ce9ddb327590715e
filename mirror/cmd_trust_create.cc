// SPDX-License-Identifier: Apache-2.0
// patchferry trust create: the first root document, which founds a trust domain.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/words.h"
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
    {"out", "folder to write root-0001.pfr into; made if it is not there", "TRUSTDIR"},
    {"root", "a key that signs root documents; several: once each", "KEY.pub", true},
    {"root-threshold", "how many of the root keys must sign", "N"},
    {"release", "a key that signs bundles; several: once each", "KEY.pub", true},
    {"release-threshold", "how many of the release keys must sign", "N"},
    {"head", "a key that signs head tokens; several: once each", "KEY.pub", true},
    {"head-threshold", "how many of the head keys must sign", "N"},
    {"sign", "sign it at once with a root key that is here; others sign with 'patchferry sign'", "KEY.key", true},
    {"password-file", "take the password of the key from the first line of FILE; several: in the order of the keys", "FILE",
     true},
    {"json", "one JSON document: path, domain, fingerprint, words, complete, needs[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust create --out TRUSTDIR --root KEY.pub... --release KEY.pub... --head KEY.pub... [--root-threshold N]\n"
    "                               [--release-threshold N] [--head-threshold N] [--sign KEY.key]...",
    "Writes the first root document: who may sign what, and how many of them it takes. It counts once as many root keys have\n"
    "signed it as --root-threshold says. With a single --root key and nothing else, that key holds every role.",
    kOptions,
    "patchferry trust create --out trust --root ann.pub --root ben.pub --root cem.pub --root-threshold 2 \\\n"
    "    --release ria.pub --release rob.pub --release-threshold 2 --head hal.pub",
};

}  // namespace

int cmd_trust_create(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty())
    throw UsageError("'trust create' takes no argument " + args.positional().front(), "name the folder with --out");
  const std::string out = args.required("out");
  if (exists(out) && !is_folder(out)) throw UsageError(out + " is not a folder");
  if (is_trust_folder(out))
    throw UsageError(out + " holds root documents already", "give another --out, or change them with 'patchferry trust rotate'");
  if (args.values("root").empty()) throw UsageError("no root key was given", "give one with --root KEY.pub");

  Roster roster;
  for (const Role which : kRoles) {
    RoleOrder& order = roster[static_cast<std::size_t>(which)];
    const std::string role = name_of(which);
    for (const auto& path : args.values(role)) {
      auto key = load_public_key(path);
      if (!key) return report(key.error());
      for (const auto& other : order.keys)
        if (other == *key) throw UsageError(path + " is the same key as one before it", "a key counts once in its role");
      order.keys.push_back(*key);
    }
    if (args.has(role + "-threshold"))
      order.threshold = number_of(role + "-threshold", args.value(role + "-threshold"), 1, kMaxSignatures);
  }
  // A single key is what a .pub file stands for: it holds every role.
  if (roster[0].keys.size() == 1 && roster[1].keys.empty() && roster[2].keys.empty())
    roster[1].keys = roster[2].keys = roster[0].keys;

  RootDraft draft = new_root_draft(out + "/" + root_file_name(1), compose(RootDocument{}, roster), {});
  if (!args.values("sign").empty()) {
    if (!args.has("json") && !is_quiet()) print_root(draft);
    const auto signed_now = sign_root(draft, load_signers(args.values("sign"), args.values("password-file")));
    if (!signed_now) return report(signed_now.error());
  }
  make_folders(out);
  write_root(draft);

  if (args.has("json")) {
    print(draft_json(draft).dump(2));
  } else if (!is_quiet()) {
    print("wrote " + draft.path + ": it founds the trust domain " + fingerprint(draft.domain));
    print("  words to compare: " + words_of(draft.domain, 12));
    for (const auto& line : progress_of(draft)) print("  " + line);
  }
  return kDone;
}

}  // namespace patchferry::mirror
