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
#include "token/pkcs11_key.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"out", "where to write: NAME.key (secret) and NAME.pub (public)", "NAME"},
    {"no-password", "do not protect the secret key with a password", nullptr},
    {"password-file", "take the password (or the token's PIN) from the first line of FILE", "FILE"},
    {"from-token", "make no key: write NAME.pub only, of a key that is in a token already", "URI"},
    {"json", "one JSON document: key (not with --from-token), pub, fingerprint", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry keygen --out NAME [--no-password | --password-file FILE] [--from-token URI]",
    "Makes an Ed25519 key pair. NAME.key signs bundles: keep it on the exporting machine, with a copy in a safe. NAME.pub goes to\n"
    "the sites, by hand: whoever enrols it there trusts what NAME.key signs. A key in a PKCS#11 token (HSM, smart card) stays there:\n"
    "--from-token writes its public half, after the token has shown that it signs with it.",
    kOptions,
    "patchferry keygen --out ops-key\n"
    "patchferry keygen --from-token 'pkcs11:token=ops;object=release' --out ops-token",
};

void say(const Arguments& args, const nlohmann::json& document, const std::string& sentence) {
  if (args.has("json"))
    print(document.dump(2));
  else if (!is_quiet())
    print(sentence);
}

int write_public_half(const Arguments& args, const std::string& path) {
  const std::string uri = args.required("from-token");
  if (!is_token_uri(uri)) throw UsageError("--from-token takes a pkcs11: URI", "such as 'pkcs11:token=ops;object=release'");
  if (args.has("no-password")) throw UsageError("--no-password and --from-token exclude each other", "the key is in the token");
  if (exists(path)) throw UsageError(path + " exists already", "give another --out; a key is never overwritten");
  const Pkcs11Key key(uri, [&args](const std::string& prompt) {
    return args.has("password-file") ? password_from(args.required("password-file")) : ask_password(prompt, false);
  });
  key.prove();
  write_file(path, as_bytes(encode_public_key(key.public_key())));
  const std::string print_of_key = fingerprint(key.public_key());
  say(args, {{"pub", path}, {"fingerprint", print_of_key}},
      "wrote " + path + " (to enrol at the sites), of a key that stays in its token; fingerprint " + print_of_key);
  return kDone;
}

}  // namespace

int cmd_keygen(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty())
    throw UsageError("'keygen' takes no argument " + args.positional().front(), "name the key with --out");
  const std::string out = args.required("out");
  const std::string secret = out + ".key";
  const std::string open = out + ".pub";
  if (args.has("from-token")) return write_public_half(args, open);
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
  say(args, {{"key", secret}, {"pub", open}, {"fingerprint", print_of_key}},
      "wrote " + secret + " (secret) and " + open + " (to enrol at the sites); fingerprint " + print_of_key);
  return kDone;
}

}  // namespace patchferry::mirror
