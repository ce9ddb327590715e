// SPDX-License-Identifier: Apache-2.0
#include "token/token_session.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sodium.h>

#include <p11-kit/p11-kit.h>

#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/password.h"
#include "token/pkcs11_key.h"

namespace patchferry {

namespace {

constexpr const char* kUnlock = "unlock it with the tool that belongs to the token";

constexpr CK_ULONG kMostSlots = 256;
constexpr CK_ULONG kMostObjects = 256;
constexpr CK_ULONG kLargestAttribute = 64 * 1024;

std::string text_of(CK_RV answer) {
  const char* text = p11_kit_strerror(answer);
  return text != nullptr ? printable(text) : "error " + std::to_string(answer);
}

std::string why_not_loaded() {
  const char* text = p11_kit_message();
  return text != nullptr ? printable(text) : "no reason given";
}

/// A field of fixed width, filled up with blanks.
template <std::size_t N>
std::string field(const unsigned char (&bytes)[N]) {
  std::string text(bytes, bytes + N);
  text.erase(text.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return printable(text);
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string pin_file_of(const std::string& source) {
  std::string path = source;
  if (path.starts_with("file:")) {
    path.erase(0, 5);
    if (path.starts_with("///")) path.erase(0, 2);
  }
  if (path.empty() || path.starts_with("//") || path.starts_with("|"))
    throw UsageError("the pin-source '" + printable(source) + "' is not a file", "say pin-source=file:/path/to/file");
  return path;
}

}  // namespace

Pin::~Pin() { sodium_memzero(text_.data(), text_.size()); }

TokenUri::TokenUri(const std::string& text) : shown_(shown_token_uri(text)), uri_(p11_kit_uri_new(), p11_kit_uri_free) {
  if (!uri_) throw SystemFailure("cannot read " + shown_ + ": no memory", 0);
  const int parsed = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri_.get());
  if (parsed != P11_KIT_URI_OK)
    throw UsageError(shown_ + " is not a pkcs11: URI: " + p11_kit_uri_message(parsed),
                     "such as 'pkcs11:token=ops;object=release'");
  if (p11_kit_uri_any_unrecognized(uri_.get()) != 0)
    throw UsageError(shown_ + " asks for something that is not known here",
                     "known are token, serial, manufacturer, model, object, id, type, slot-id, and after '?' module-path, "
                     "module-name, pin-source, pin-value");
  if (const CK_ATTRIBUTE* type = p11_kit_uri_get_attribute(uri_.get(), CKA_CLASS)) {
    CK_OBJECT_CLASS kind = CKO_DATA;
    if (type->ulValueLen == sizeof kind) std::memcpy(&kind, type->pValue, sizeof kind);
    if (kind != CKO_PRIVATE_KEY && kind != CKO_PUBLIC_KEY) throw UsageError(shown_ + " names no key", "leave out type=");
  }
  if (p11_kit_uri_get_pin_value(uri_.get()) != nullptr && p11_kit_uri_get_pin_source(uri_.get()) != nullptr)
    throw UsageError(shown_ + " gives both pin-source and pin-value", "give one of them");
}

std::string TokenUri::module_path() const {
  const char* path = p11_kit_uri_get_module_path(uri_.get());
  return path != nullptr ? path : "";
}

std::string TokenUri::module_name() const {
  const char* name = p11_kit_uri_get_module_name(uri_.get());
  return name != nullptr ? name : "";
}

bool TokenUri::fits_module(const CK_INFO& info) const { return p11_kit_uri_match_module_info(uri_.get(), &info) == 1; }

bool TokenUri::fits_slot(CK_SLOT_ID slot, const CK_SLOT_INFO& info) const {
  const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri_.get());
  return (wanted == ~CK_SLOT_ID{0} || wanted == slot) && p11_kit_uri_match_slot_info(uri_.get(), &info) == 1;
}

bool TokenUri::fits_token(const CK_TOKEN_INFO& info) const { return p11_kit_uri_match_token_info(uri_.get(), &info) == 1; }

std::vector<CK_ATTRIBUTE> TokenUri::object_attributes() const {
  std::vector<CK_ATTRIBUTE> out;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID})
    if (const CK_ATTRIBUTE* given = p11_kit_uri_get_attribute(uri_.get(), type)) out.push_back(*given);
  return out;
}

std::optional<std::string> TokenUri::pin() const {
  if (const char* value = p11_kit_uri_get_pin_value(uri_.get())) return value;
  if (const char* source = p11_kit_uri_get_pin_source(uri_.get())) return password_from(pin_file_of(source));
  return std::nullopt;
}

TokenModules::TokenModules(const TokenUri& uri) {
  p11_kit_be_quiet();  // what is wrong is said once, by us
  std::string path = uri.module_path();
  std::string named_by = "module-path";
  if (path.empty() && uri.module_name().empty()) {
    const char* from_environment = std::getenv("PATCHFERRY_PKCS11_MODULE");
    path = from_environment != nullptr ? from_environment : "";
    named_by = "PATCHFERRY_PKCS11_MODULE";
  }
  if (!path.empty()) {
    if (path.front() != '/')
      throw UsageError("the module " + printable(path) + " of " + named_by + " has no full path", "begin it with /");
    if (!exists(path))
      throw UsageError("there is no PKCS#11 module " + printable(path), "install what belongs to the token, or mend " + named_by);
    CK_FUNCTION_LIST* module = p11_kit_module_load(path.c_str(), 0);
    if (module == nullptr)
      throw SystemFailure("cannot load the PKCS#11 module " + printable(path) + ": " + why_not_loaded(), 0,
                          "is it the module of the token's vendor, and made for this machine?");
    if (const CK_RV answer = p11_kit_module_initialize(module); answer != CKR_OK) {
      p11_kit_module_release(module);
      throw SystemFailure("cannot start the PKCS#11 module " + printable(path) + ": " + text_of(answer), 0);
    }
    all_.push_back(module);
    return;
  }
  configured_ = p11_kit_modules_load_and_initialize(0);
  if (configured_ == nullptr) throw SystemFailure("cannot load the PKCS#11 modules: " + why_not_loaded(), 0);
  for (CK_FUNCTION_LIST** module = configured_; *module != nullptr; ++module) {
    if (!uri.module_name().empty()) {
      const std::unique_ptr<char, decltype(&std::free)> name(p11_kit_module_get_name(*module), std::free);
      if (!name || uri.module_name() != name.get()) continue;
    }
    all_.push_back(*module);
  }
}

TokenModules::~TokenModules() {
  if (configured_ != nullptr) {
    p11_kit_modules_finalize_and_release(configured_);
    return;
  }
  for (CK_FUNCTION_LIST* module : all_) {
    p11_kit_module_finalize(module);
    p11_kit_module_release(module);
  }
}

TokenSession::TokenSession(TokenUri uri, const AskPin& ask_pin) : uri_(std::move(uri)), modules_(uri_) {
  find_token();
  check(module_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session_), "open a session");
  CK_SESSION_INFO info{};
  check(module_->C_GetSessionInfo(session_, &info), "ask about the session");
  if ((flags_ & CKF_LOGIN_REQUIRED) != 0 && info.state != CKS_RO_USER_FUNCTIONS && info.state != CKS_RW_USER_FUNCTIONS) {
    if ((flags_ & CKF_USER_PIN_LOCKED) != 0) throw SystemFailure("the PIN of " + name_ + " is locked", 0, kUnlock);
    keep_pin(ask_pin);
    log_in(CKU_USER);
  }
}

TokenSession::~TokenSession() { module_->C_CloseSession(session_); }

void TokenSession::check(CK_RV answer, const std::string& what) const {
  if (answer != CKR_OK) throw SystemFailure("cannot " + what + " on " + name_ + ": " + text_of(answer), 0);
}

void TokenSession::find_token() {
  if (modules_.all().empty())
    throw UsageError("there is no PKCS#11 module to look for " + uri_.shown() + " with",
                     "say where it is: '" + uri_.shown() + "?module-path=/path/to/module.so', or set PATCHFERRY_PKCS11_MODULE");
  std::vector<std::string> seen;
  std::size_t fitting = 0;
  for (CK_FUNCTION_LIST* module : modules_.all()) {
    CK_INFO about{};
    std::array<CK_SLOT_ID, kMostSlots> slots{};
    CK_ULONG count = slots.size();
    CK_RV answer = module->C_GetInfo(&about);
    if (answer == CKR_OK) answer = module->C_GetSlotList(1, slots.data(), &count);
    if (answer != CKR_OK) {
      // One broken module among those that p11-kit is configured with does not hide the others' tokens.
      if (modules_.all().size() > 1) continue;
      throw SystemFailure("the PKCS#11 module does not tell its tokens: " + text_of(answer), 0);
    }
    for (CK_ULONG i = 0; i < std::min(count, kMostSlots); ++i) {
      CK_SLOT_INFO slot{};
      CK_TOKEN_INFO token{};
      if (module->C_GetSlotInfo(slots[i], &slot) != CKR_OK || module->C_GetTokenInfo(slots[i], &token) != CKR_OK) continue;
      if ((token.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
      seen.push_back(field(token.label));
      if (!uri_.fits_module(about) || !uri_.fits_slot(slots[i], slot) || !uri_.fits_token(token)) continue;
      ++fitting;
      module_ = module;
      slot_ = slots[i];
      flags_ = token.flags;
      name_ = "token " + field(token.label);
    }
  }
  if (fitting == 0)
    throw UsageError("no token here fits " + uri_.shown(),
                     seen.empty() ? "no token is here at all: is it plugged in, and is this its module?"
                                  : "tokens that are here: " + listed(seen));
  if (fitting > 1)
    throw UsageError("several tokens fit " + uri_.shown() + " (here are: " + listed(seen) + ")",
                     "name one by token= or serial=, or its module by module-path= after '?'");
}

void TokenSession::keep_pin(const AskPin& ask_pin) {
  if (pin_) return;
  if (auto given = uri_.pin())
    pin_ = std::make_unique<Pin>(std::move(*given));
  else if ((flags_ & CKF_PROTECTED_AUTHENTICATION_PATH) == 0)  // else it has a keypad, and the PIN never comes here
    pin_ = std::make_unique<Pin>(ask_pin("PIN of " + name_));
}

void TokenSession::log_in(CK_USER_TYPE user) {
  CK_RV answer = CKR_OK;
  if (pin_) {
    // PKCS#11 takes the PIN by a pointer that is not const, and does not write to it.
    auto* pin = reinterpret_cast<unsigned char*>(const_cast<char*>(pin_->text().data()));
    answer = module_->C_Login(session_, user, pin, pin_->text().size());
  } else {
    note("type the PIN on the keypad of " + name_);
    answer = module_->C_Login(session_, user, nullptr, 0);
  }
  switch (answer) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN: return;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      throw UsageError("the PIN of " + name_ + " is wrong",
                       "it was tried once; how many tries are left is not known, and tokens lock themselves after a few");
    case CKR_PIN_LOCKED: throw SystemFailure("the PIN of " + name_ + " is locked", 0, kUnlock);
    case CKR_USER_PIN_NOT_INITIALIZED: throw UsageError(name_ + " has no PIN yet", "set one with the tool that belongs to it");
    default: check(answer, "log in");
  }
}

std::vector<CK_OBJECT_HANDLE> TokenSession::find(std::vector<CK_ATTRIBUTE> wanted) const {
  check(module_->C_FindObjectsInit(session_, wanted.data(), wanted.size()), "look for a key");
  std::vector<CK_OBJECT_HANDLE> found(kMostObjects);
  CK_ULONG filled = 0;
  CK_RV answer = CKR_OK;
  for (CK_ULONG more = 1; answer == CKR_OK && more > 0 && filled < kMostObjects; filled += more) {
    more = 0;
    answer = module_->C_FindObjects(session_, found.data() + filled, kMostObjects - filled, &more);
    more = std::min(more, kMostObjects - filled);
  }
  module_->C_FindObjectsFinal(session_);
  check(answer, "look for a key");
  found.resize(filled);
  return found;
}

std::optional<Bytes> TokenSession::attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  CK_ATTRIBUTE asked{type, nullptr, 0};
  if (module_->C_GetAttributeValue(session_, object, &asked, 1) != CKR_OK) return std::nullopt;
  if (asked.ulValueLen > kLargestAttribute) return std::nullopt;  // also "not available", which is the largest number
  Bytes value(asked.ulValueLen);
  asked.pValue = value.data();
  if (module_->C_GetAttributeValue(session_, object, &asked, 1) != CKR_OK || asked.ulValueLen > value.size()) return std::nullopt;
  value.resize(asked.ulValueLen);
  return value;
}

std::optional<CK_ULONG> TokenSession::number(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  const auto bytes = attribute(object, type);
  CK_ULONG value = 0;
  if (!bytes || bytes->size() != sizeof value) return std::nullopt;
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

bool TokenSession::flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  const auto bytes = attribute(object, type);
  return bytes && bytes->size() == 1 && bytes->front() != std::byte{0};
}

Bytes TokenSession::sign(CK_OBJECT_HANDLE key, ByteSpan message, bool log_in_again) {
  CK_MECHANISM eddsa{CKM_EDDSA, nullptr, 0};
  const CK_RV begun = module_->C_SignInit(session_, &eddsa, key);
  if (begun == CKR_MECHANISM_INVALID)
    throw SystemFailure(name_ + " cannot sign with Ed25519 (mechanism EDDSA)", 0, "it needs newer firmware, or another module");
  check(begun, "begin a signature");
  if (log_in_again) log_in(CKU_CONTEXT_SPECIFIC);
  Bytes signature(64);
  CK_ULONG size = signature.size();
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(message.data()));  // read only, as with the PIN
  check(module_->C_Sign(session_, bytes, message.size(), reinterpret_cast<unsigned char*>(signature.data()), &size), "sign");
  signature.resize(std::min<std::size_t>(size, signature.size()));
  return signature;
}

}  // namespace patchferry
