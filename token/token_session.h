// SPDX-License-Identifier: Apache-2.0
// A logged-in session with the one token that a pkcs11: URI (RFC 7512) names. By p11-kit, which parses the URI and
// loads the modules; what the token does is asked of its module directly (PKCS#11 2.40 and the EdDSA of 3.0).
//
// Which module: the URI's module-path, else $PATCHFERRY_PKCS11_MODULE, else all that p11-kit is configured with (one of
// them by module-name). A PIN is tried once and never again: tokens lock themselves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "system/bytes.h"

namespace patchferry {

/// Asked for a PIN that the URI does not give; `prompt` says of which token.
using AskPin = std::function<std::string(const std::string& prompt)>;

/// A PIN in memory that is wiped when its owner goes.
class Pin {
 public:
  explicit Pin(std::string text) : text_(std::move(text)) {}
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin();
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class TokenUri {
 public:
  /// UsageError for what is not such a URI, or asks for something that nothing here knows.
  explicit TokenUri(const std::string& text);

  /// For messages: without what stands behind '?', which may hold a PIN.
  const std::string& shown() const { return shown_; }
  std::string module_path() const;
  std::string module_name() const;
  bool fits_module(const CK_INFO& info) const;
  bool fits_slot(CK_SLOT_ID slot, const CK_SLOT_INFO& info) const;
  bool fits_token(const CK_TOKEN_INFO& info) const;
  /// Label and id, as far as they are given. They point into this.
  std::vector<CK_ATTRIBUTE> object_attributes() const;
  /// By pin-value, or the first line of the file of pin-source.
  std::optional<std::string> pin() const;

 private:
  std::string shown_;
  std::unique_ptr<P11KitUri, decltype(&p11_kit_uri_free)> uri_;
};

/// The modules that may know the token, ready for use until this goes.
class TokenModules {
 public:
  explicit TokenModules(const TokenUri& uri);
  ~TokenModules();
  TokenModules(const TokenModules&) = delete;
  TokenModules& operator=(const TokenModules&) = delete;
  const std::vector<CK_FUNCTION_LIST*>& all() const { return all_; }

 private:
  std::vector<CK_FUNCTION_LIST*> all_;
  CK_FUNCTION_LIST** configured_ = nullptr;
};

class TokenSession {
 public:
  /// Finds the token and logs in. No such token, several that fit, a wrong PIN: UsageError. What fails: SystemFailure.
  TokenSession(TokenUri uri, const AskPin& ask_pin);
  ~TokenSession();
  TokenSession(const TokenSession&) = delete;
  TokenSession& operator=(const TokenSession&) = delete;

  const TokenUri& uri() const { return uri_; }
  /// "token ops", fit to be printed.
  const std::string& name() const { return name_; }

  std::vector<CK_OBJECT_HANDLE> find(std::vector<CK_ATTRIBUTE> wanted) const;
  /// nullopt if the object has no such attribute, or does not show it.
  std::optional<Bytes> attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;
  std::optional<CK_ULONG> number(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;
  bool flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;

  /// Has the PIN ready for a key that wants it for every signature: another session may have logged in before this one.
  void keep_pin(const AskPin& ask_pin);
  /// What CKM_EDDSA makes of `message`: at most 64 bytes. `log_in_again`: keep_pin() was called.
  Bytes sign(CK_OBJECT_HANDLE key, ByteSpan message, bool log_in_again);

 private:
  void find_token();
  void log_in(CK_USER_TYPE user);
  void check(CK_RV answer, const std::string& what) const;

  TokenUri uri_;
  TokenModules modules_;
  CK_FUNCTION_LIST* module_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_FLAGS flags_ = 0;
  std::string name_;
  CK_SESSION_HANDLE session_ = 0;
  std::unique_ptr<Pin> pin_;
};

}  // namespace patchferry
