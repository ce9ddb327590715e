// SPDX-License-Identifier: Apache-2.0
// patchferry sign: one more signature on what others have made.
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "bundle-format/words.h"
#include "mirror/commands.h"
#include "mirror/root_json.h"
#include "mirror/sign_archive.h"
#include "mirror/sign_bundle.h"
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
    {"trust", "of a bundle: believe these root documents only (default: compare the words); of an archive: sign under these",
     "TRUSTDIR"},
    {"yes", "do not ask on the terminal whether to sign; without a terminal nobody is asked", nullptr},
    {"json", "one JSON document: path, domain, fingerprint, words, added, signed[], needs[], complete, changes[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry sign BUNDLE... --key KEY.key [--trust TRUSTDIR]\n"
    "       patchferry sign ARCHIVE --key KEY.key... [--trust TRUSTDIR]\n"
    "       patchferry sign FILE.pfr [--key KEY.key]... [--merge OTHER.pfr]...",
    "Adds a signature to a bundle, after every byte of it was checked, or to a root document. Shows first what is signed: compare the\n"
    "words with the one who made it. Of a root document, those before it must lie in the same folder. For a single archive, such as\n"
    "K20260105_01.tar.bz2, the signatures go to a file beside it, K20260105_01.tar.bz2.sig; with both, a site takes it without a bundle.",
    kOptions,
    "patchferry sign /media/usb/patchferry-plant1-000001 --key second.key",
};

bool agreed(const Arguments& args) {
  if (args.has("yes") || args.has("json") || ::isatty(STDIN_FILENO) != 1) return true;
  print("Sign this? Type yes:");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

int sign_root_file(const std::string& path, const Arguments& args) {
  auto draft = open_root_draft(path);
  if (!draft) return report(draft.error());
  const bool talk = !args.has("json") && !is_quiet();
  if (talk) print_root(*draft);
  if (!args.values("key").empty() && !agreed(args)) {
    note("nothing was signed");
    return kNothingToDo;
  }

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

int sign_bundle_at(const std::vector<std::string>& media, const Arguments& args) {
  if (!args.values("merge").empty()) throw UsageError("--merge is for root documents", "sign the bundle with --key KEY.key");
  Findings findings;
  auto draft = open_bundle_draft(media, args.has("trust") ? args.required("trust") : "", findings);
  for (const auto& finding : findings) report(finding);
  if (!draft) return kRefused;
  const bool talk = !args.has("json") && !is_quiet();
  if (talk) print_bundle(*draft);
  if (!agreed(args)) {
    note("nothing was signed");
    return kNothingToDo;
  }
  const auto count = sign_bundle(*draft, load_signers(args.values("key"), args.values("password-file")));
  if (!count) return report(count.error());
  const auto [added, have] = *count;
  if (args.has("json")) {
    print(nlohmann::json({{"path", media.front()},
                          {"sequence", draft->bundle.statement().sequence},
                          {"words", word_code(draft->bundle.statement_hash())},
                          {"added", added},
                          {"signatures", {{"have", have}, {"need", draft->needed()}}},
                          {"complete", have >= draft->needed()}})
              .dump(2));
  } else if (talk) {
    print(added == 0 ? "nothing to do: it has these signatures already"
                     : fmt::format("{} added to {}", count_text(added, "signature"), media.front()));
    print(have >= draft->needed() ? fmt::format("  valid: {} of {} signatures", have, draft->needed())
                                  : fmt::format("  NOT VALID YET: {} of {} signatures", have, draft->needed()));
  }
  return added > 0 ? kDone : kNothingToDo;
}

int sign_archive_at(const std::string& path, const Arguments& args) {
  if (!args.values("merge").empty()) throw UsageError("--merge is for root documents", "sign the archive with --key KEY.key");
  if (args.values("key").empty()) throw UsageError("no key was given", "give the key to sign with: --key KEY.key");
  auto authority = load_authority(args.has("trust") ? args.required("trust") : "", Role::release,
                                  load_signers(args.values("key"), args.values("password-file")));
  if (!authority) return report(authority.error());
  auto draft = open_archive_draft(path, *authority);
  if (!draft) return report(draft.error());
  const bool talk = !args.has("json") && !is_quiet();
  if (talk) print_archive(*draft, *authority);
  if (!agreed(args)) {
    note("nothing was signed");
    return kNothingToDo;
  }
  const auto added = sign_archive(*draft, *authority);
  if (!added) return report(added.error());
  const std::size_t have = good_signatures(*draft, *authority);
  const std::size_t need = authority->needed(Role::release);
  const ArchiveStatement& s = draft->signature.statement;
  if (args.has("json")) {
    print(nlohmann::json({{"path", draft->path},
                          {"archive", {{"name", s.file}, {"sha256", to_hex(s.archive)}, {"bytes", s.bytes}}},
                          {"words", word_code(sha256(encode_archive_statement(s)))},
                          {"added", *added},
                          {"signatures", {{"have", have}, {"need", need}}},
                          {"complete", have >= need}})
              .dump(2));
  } else if (talk) {
    print(*added == 0 ? "nothing to do: it has these signatures already"
                      : fmt::format("{} written to {}", count_text(*added, "signature"), draft->path));
    print(have >= need ? fmt::format("  valid: {} of {} signatures", have, need)
                       : fmt::format("  NOT VALID YET: {} of {} signatures", have, need));
  }
  return *added > 0 ? kDone : kNothingToDo;
}

}  // namespace

int cmd_sign(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().empty())
    throw UsageError("'sign' takes a bundle, an archive, or the file of a root document", "patchferry sign BUNDLE --key KEY.key");
  const std::string& path = args.positional().front();
  if (args.values("key").empty() && args.values("merge").empty())
    throw UsageError("no key was given", "give the key to sign with: --key KEY.key");
  if (!exists(path)) throw UsageError("there is no " + path, "give the bundle's folder, an archive, or a root document's file");
  if (is_trust_folder(path))
    throw UsageError(path + " holds root documents", "name the one to sign: " + path + "/" + root_file_name(1));
  if (is_folder(path)) {
    if (args.values("key").empty()) throw UsageError("no key was given", "give the key to sign with: --key KEY.key");
    return sign_bundle_at(args.positional(), args);
  }
  if (args.positional().size() == 1 && is_archive_to_sign(path)) return sign_archive_at(path, args);
  if (args.has("trust"))
    throw UsageError("--trust is for bundles and archives", "a root document names the one before it, which must lie beside it");
  if (args.positional().size() == 1 && is_root_file(path)) return sign_root_file(path, args);
  throw UsageError(path + " is neither a bundle's folder nor an archive, by its name, nor a root document",
                   "patchferry sign BUNDLE --key KEY.key");
}

}  // namespace patchferry::mirror
