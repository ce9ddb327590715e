// SPDX-License-Identifier: Apache-2.0
#include "token/pkcs11_key.h"

#include <algorithm>
#include <sodium.h>

#include "system/failure.h"
#include "system/rel_path.h"
#include "token/token_session.h"

namespace patchferry {

namespace {

constexpr std::string_view kScheme = "pkcs11:";

// How tokens write the curve into CKA_EC_PARAMS: a name, its object identifier, and the one of before RFC 8410.
constexpr std::string_view kEd25519[] = {"130c656477617264733235353139", "06032b6570", "06092b06010401da470f01"};
constexpr std::string_view kP256 = "06082a8648ce3d030107";

CK_ATTRIBUTE attribute_of(CK_ATTRIBUTE_TYPE type, CK_ULONG& value) { return {type, &value, sizeof value}; }
CK_ATTRIBUTE attribute_of(CK_ATTRIBUTE_TYPE type, Bytes& value) { return {type, value.data(), value.size()}; }

std::string curve_of(const TokenSession& session, CK_OBJECT_HANDLE key) {
  const auto params = session.attribute(key, CKA_EC_PARAMS);
  return params ? to_hex(*params) : "";
}

bool is_ed25519(const TokenSession& session, CK_OBJECT_HANDLE key) {
  if (session.number(key, CKA_KEY_TYPE) != CKK_EC_EDWARDS) return false;
  const std::string curve = curve_of(session, key);
  // Some tokens do not say which curve; the length of the public key and its first signature do.
  return curve.empty() || std::find(std::begin(kEd25519), std::end(kEd25519), curve) != std::end(kEd25519);
}

std::string kind_of(const TokenSession& session, CK_OBJECT_HANDLE key) {
  const auto type = session.number(key, CKA_KEY_TYPE);
  if (type == CKK_RSA) return "an RSA key";
  if (type == CKK_EC) return curve_of(session, key) == kP256 ? "an EC key on the curve P-256" : "an EC key";
  if (type == CKK_EC_EDWARDS) return "an Edwards key on another curve";
  return "a key of another kind";
}

std::string labels_of(const TokenSession& session, const std::vector<CK_OBJECT_HANDLE>& keys) {
  constexpr std::size_t kMost = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(kMost, keys.size()); ++i) {
    const auto label = session.attribute(keys[i], CKA_LABEL);
    const auto id = session.attribute(keys[i], CKA_ID);
    out += (out.empty() ? "" : ", ") + (label && !label->empty() ? printable(as_text(*label)) : "(no name)");
    if (id && !id->empty()) out += " (id " + to_hex(ByteSpan(*id).first(std::min<std::size_t>(id->size(), 20))) + ")";
  }
  return out + (keys.size() > kMost ? ", …" : "");
}

}  // namespace

bool is_token_uri(std::string_view name) { return name.starts_with(kScheme); }

std::string shown_token_uri(std::string_view uri) { return printable(uri.substr(0, uri.find('?'))); }

std::optional<PublicKey> public_key_of_point(ByteSpan point) {
  constexpr std::byte kOctetString{0x04};
  if (point.size() == kPublicKeySize + 2 && point[0] == kOctetString && point[1] == std::byte{kPublicKeySize})
    point = point.subspan(2);
  PublicKey key;
  if (point.size() != key.bytes.size()) return std::nullopt;
  std::copy(point.begin(), point.end(), key.bytes.begin());
  // The rules for what is a key stand in one place: where .pub files are read.
  if (!decode_public_key(encode_public_key(key))) return std::nullopt;
  return key;
}

Pkcs11Key::Pkcs11Key(const std::string& uri, const std::function<std::string(const std::string& prompt)>& ask_pin)
    : session_(std::make_unique<TokenSession>(TokenUri(uri), ask_pin)) {
  find_key();
  pin_each_time_ = session_->flag(key_, CKA_ALWAYS_AUTHENTICATE);
  if (pin_each_time_) session_->keep_pin(ask_pin);
  public_key_ = read_public_key();
}

Pkcs11Key::~Pkcs11Key() = default;

void Pkcs11Key::find_key() {
  CK_ULONG secret = CKO_PRIVATE_KEY;
  auto wanted = session_->uri().object_attributes();
  wanted.push_back(attribute_of(CKA_CLASS, secret));
  const auto fitting = session_->find(wanted);
  const std::string& uri = session_->uri().shown();
  if (fitting.empty()) {
    const auto all = session_->find({attribute_of(CKA_CLASS, secret)});
    throw UsageError(session_->name() + " holds no secret key that fits " + uri,
                     all.empty() ? "it holds no secret key at all" : "its secret keys: " + labels_of(*session_, all));
  }
  // Others under the same name cannot be meant: only Ed25519 signs.
  std::vector<CK_OBJECT_HANDLE> usable;
  std::copy_if(fitting.begin(), fitting.end(), std::back_inserter(usable),
               [this](CK_OBJECT_HANDLE key) { return is_ed25519(*session_, key); });
  if (usable.empty())
    throw UsageError("the key " + uri + " is " + kind_of(*session_, fitting.front()) + "; only Ed25519 keys sign",
                     "make one in the token: pkcs11-tool --keypairgen --key-type EC:edwards25519");
  if (usable.size() > 1)
    throw UsageError("several keys of " + session_->name() + " fit " + uri + ": " + labels_of(*session_, usable),
                     "name one by object= or id=, such as ;id=%01");
  key_ = usable.front();
}

PublicKey Pkcs11Key::read_public_key() const {
  const std::string& uri = session_->uri().shown();
  auto point = session_->attribute(key_, CKA_EC_POINT);  // most tokens have it beside the secret key only
  if (!point) {
    CK_ULONG open = CKO_PUBLIC_KEY;
    CK_ULONG edwards = CKK_EC_EDWARDS;
    std::vector<CK_ATTRIBUTE> wanted = {attribute_of(CKA_CLASS, open), attribute_of(CKA_KEY_TYPE, edwards)};
    // The two halves share an id; where there is none, a name.
    auto id = session_->attribute(key_, CKA_ID);
    auto label = session_->attribute(key_, CKA_LABEL);
    if (id && !id->empty())
      wanted.push_back(attribute_of(CKA_ID, *id));
    else if (label && !label->empty())
      wanted.push_back(attribute_of(CKA_LABEL, *label));
    const auto found = session_->find(wanted);
    if (found.empty())
      throw UsageError(session_->name() + " holds no public key beside the secret key " + uri,
                       "both must be there, under the same id");
    if (found.size() > 1)
      throw UsageError("several public keys of " + session_->name() + " fit the secret key " + uri,
                       "give each key pair an id of its own");
    point = session_->attribute(found.front(), CKA_EC_POINT);
  }
  const auto key = public_key_of_point(point ? ByteSpan(*point) : ByteSpan());
  if (!key) throw SystemFailure("the public key that " + session_->name() + " gives for " + uri + " is no Ed25519 key", 0);
  return *key;
}

Signature Pkcs11Key::signed_by_token(ByteSpan message) const {
  const Bytes made = session_->sign(key_, message, pin_each_time_);
  Signature signature{};
  if (made.size() == signature.size()) std::copy(made.begin(), made.end(), signature.begin());
  return signature;  // what is too short stays zeros, which verify with no key
}

namespace {

[[noreturn]] void throw_wrong_signature(const TokenSession& session) {
  throw SystemFailure("the signature that " + session.name() + " made does not fit the public key of " + session.uri().shown(), 0,
                      "the token or its module errs, or its secret and public key are not a pair");
}

}  // namespace

Signature Pkcs11Key::sign(DocumentType type, ByteSpan body) const {
  const Signature signature = signed_by_token(signed_bytes(type, body));
  if (!verifies(public_key_, type, body, signature)) throw_wrong_signature(*session_);
  return signature;
}

void Pkcs11Key::prove() const {
  // Every document's signed bytes begin with DSSEv1: this cannot pass for one.
  const ByteSpan text = as_bytes("patchferry: is this the secret key?");
  const Signature signature = signed_by_token(text);
  const auto raw = [](ByteSpan bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); };
  if (crypto_sign_verify_detached(raw(signature), raw(text), text.size(), raw(public_key_.bytes)) != 0)
    throw_wrong_signature(*session_);
}

}  // namespace patchferry
