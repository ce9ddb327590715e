// SPDX-License-Identifier: Apache-2.0
// patchferry sign: one more signature on what others have made.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "mirror/commands.h"
#include "mirror/root_json.h"
#include "mirror/sign_root.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "verifier/trust.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"key", "the secret key to sign with; several: once each", "KEY.key", true},
    {"password-file", "take the password of the key from the first line of FILE; several: in the order of the keys", "FILE",
     true},
    {"merge", "take over the signatures of another copy of the same root document", "OTHER.pfr", true},
    {"json", "one JSON document: path, domain, fingerprint, words, added, signed[], needs[], complete, changes[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry sign FILE.pfr [--key KEY.key]... [--merge OTHER.pfr]...",
    "Shows what a root document changes and who has signed it, and adds a signature. The documents before it must lie in the same\n"
    "folder.",
    kOptions,
    "patchferry sign trust/root-0002.pfr --key ann.key",
};

int sign_root_file(const std::string& path, const Arguments& args) {
  auto draft = open_root_draft(path);
  if (!draft) return report(draft.error());
  const bool talk = !args.has("json") && !is_quiet();
  if (talk) print_root(*draft);

  std::size_t added = 0;
  for (const auto& other : args.values("merge")) {
    const auto merged = merge_root(*draft, other);
    if (!merged) return report(merged.error());
    added += *merged;
  }
  const auto signed_now = sign_root(*draft, load_signers(args.values("key"), args.values("password-file")));
  if (!signed_now) return report(signed_now.error());
  added += *signed_now;
  if (added > 0) write_root(*draft);

  if (args.has("json")) {
    nlohmann::json document = draft_json(*draft);
    document["added"] = added;
    print(document.dump(2));
  } else if (talk) {
    print(added == 0 ? "nothing to do: it has these signatures already"
                     : fmt::format("{} added to {}", count_text(added, "signature"), path));
    for (const auto& line : progress_of(*draft)) print("  " + line);
  }
  return added > 0 ? kDone : kNothingToDo;
}

}  // namespace

int cmd_sign(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1)
    throw UsageError("'sign' takes one file", "patchferry sign trust/root-0001.pfr --key KEY.key");
  const std::string& path = args.positional().front();
  if (args.values("key").empty() && args.values("merge").empty())
    throw UsageError("no key was given", "give the key to sign with: --key KEY.key");
  if (!exists(path)) throw UsageError("there is no " + path, "give the root document's file, such as trust/root-0001.pfr");
  if (!is_folder(path) && is_root_file(path)) return sign_root_file(path, args);
  throw UsageError(path + " is not a root document", "give the root document's file, such as trust/root-0001.pfr");
}

}  // namespace patchferry::mirror
