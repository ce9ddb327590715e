// SPDX-License-Identifier: Apache-2.0
#include "mirror/load_signers.h"

#include "bundle-format/write/signing_key.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/password.h"
#include "token/pkcs11_key.h"

namespace patchferry::mirror {

namespace {

/// Hands out the password files in order, then asks.
class Passwords {
 public:
  explicit Passwords(const std::vector<std::string>& files) : files_(files) {}
  std::string next(const std::string& prompt) {
    return used_ < files_.size() ? password_from(files_[used_++]) : ask_password(prompt, false);
  }

 private:
  const std::vector<std::string>& files_;
  std::size_t used_ = 0;
};

std::unique_ptr<Signer> load_file(const std::string& path, Passwords& passwords) {
  if (!exists(path)) throw UsageError("there is no key " + path, "make one with 'patchferry keygen'");
  const auto bytes = read_whole(path, 4096);
  const std::string text(bytes ? as_text(*bytes) : "");
  auto key = SigningKey::decode(text, needs_password(text) ? passwords.next("Password for " + path) : "");
  if (!key) throw UsageError(path + ": " + key.error().text, key.error().hint);
  return std::make_unique<SigningKey>(std::move(*key));
}

std::unique_ptr<Signer> load(const std::string& name, Passwords& passwords) {
  if (!is_token_uri(name)) return load_file(name, passwords);
  return std::make_unique<Pkcs11Key>(name, [&passwords](const std::string& prompt) { return passwords.next(prompt); });
}

}  // namespace

Signers load_signers(const std::vector<std::string>& names, const std::vector<std::string>& password_files) {
  Passwords passwords(password_files);
  Signers out;
  for (const auto& name : names) {
    auto signer = load(name, passwords);
    for (const auto& other : out)
      if (other->public_key() == signer->public_key())
        throw UsageError((is_token_uri(name) ? shown_token_uri(name) : name) + " is the same key as one before it",
                         "a key counts once, however often it signs");
    out.push_back(std::move(signer));
  }
  return out;
}

}  // namespace patchferry::mirror
