// SPDX-License-Identifier: Apache-2.0
// patchferry keygen: a key pair for signing bundles.
#include <nlohmann/json.hpp>

#include "bundle-format/write/signing_key.h"
#include "mirror/commands.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "terminal/password.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"out", "where to write: NAME.key (secret) and NAME.pub (public)", "NAME"},
    {"no-password", "do not protect the secret key with a password", nullptr},
    {"password-file", "take the password from the first line of FILE", "FILE"},
    {"json", "one JSON document: key, pub, fingerprint", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry keygen --out NAME [--no-password | --password-file FILE]",
    "Makes an Ed25519 key pair. NAME.key signs bundles: keep it on the exporting machine, with a copy in a safe. NAME.pub goes to\n"
    "the sites, by hand: whoever enrols it there trusts what NAME.key signs.",
    kOptions,
    "patchferry keygen --out ops-key",
};

}  // namespace

int cmd_keygen(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty())
    throw UsageError("'keygen' takes no argument " + args.positional().front(), "name the key with --out");
  const std::string out = args.required("out");
  const std::string secret = out + ".key";
  const std::string open = out + ".pub";
  if (args.has("no-password") && args.has("password-file"))
    throw UsageError("--no-password and --password-file exclude each other");
  for (const auto& path : {secret, open})
    if (exists(path)) throw UsageError(path + " exists already", "give another --out; a key is never overwritten");
  std::string password;
  if (args.has("password-file"))
    password = password_from(args.required("password-file"));
  else if (!args.has("no-password"))
    password = ask_password("Password for " + secret, true);

  const SigningKey key = SigningKey::generate();
  write_file(secret, as_bytes(key.encode(password)), 0600);
  write_file(open, as_bytes(encode_public_key(key.public_key())));
  const std::string print_of_key = fingerprint(key.public_key());
  if (args.has("json"))
    print(nlohmann::json({{"key", secret}, {"pub", open}, {"fingerprint", print_of_key}}).dump(2));
  else if (!is_quiet())
    print("wrote " + secret + " (secret) and " + open + " (to enrol at the sites); fingerprint " + print_of_key);
  return kDone;
}

}  // namespace patchferry::mirror
