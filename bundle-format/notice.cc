// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/notice.h"

#include <algorithm>
#include <cassert>

#include "system/base32.h"

namespace patchferry {

namespace {

constexpr std::string_view kMagic = "PFSTATEM";
constexpr std::string_view kHeadWord = "PATCHFERRY-HEAD-1";
constexpr std::string_view kPermitWord = "PATCHFERRY-PERMIT-1";
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kMaxText = 8192;  // sixteen signatures take less than a quarter of that

template <std::size_t N>
std::array<std::byte, N> first_of(ByteSpan bytes) {
  std::array<std::byte, N> out{};
  std::memcpy(out.data(), bytes.data(), N);
  return out;
}

tl::unexpected<Refusal> malformed(const std::string& why) {
  return refuse(RefusalKind::malformed, "the token " + why, "type it once more, or bring it as a file");
}

std::string_view word_of(NoticeKind kind) { return kind == NoticeKind::head ? kHeadWord : kPermitWord; }

/// Without blanks and in capitals.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

}  // namespace

DocumentType document_type(NoticeKind kind) { return kind == NoticeKind::head ? DocumentType::head : DocumentType::permit; }
Role role_for(NoticeKind kind) { return kind == NoticeKind::head ? Role::head : Role::release; }

std::array<std::byte, kStatementSize> encode_notice(const Notice& n) {
  ByteWriter w;
  w.raw(as_bytes(kMagic));                    //   0
  w.u16(kFormatVersion);                      //   8
  w.u16(static_cast<std::uint16_t>(n.kind));  //  10
  w.u32(0);                                   //  12 critical flags
  w.raw(n.trust_domain);                      //  16
  w.raw(n.audience);                          //  48
  w.raw(n.stream.bytes);                      //  80
  w.u32(n.epoch);                             //  96
  w.u32(n.root_version);                      // 100
  w.u64(n.sequence);                          // 104
  w.raw(n.statement);                         // 112
  w.raw(n.last);                              // 144
  w.zeros(32);                                // 176
  w.u64(n.created);                           // 208
  w.u64(n.expires);                           // 216
  w.raw(n.challenge);                         // 224
  w.zeros(kStatementSize - w.size());         // 229
  return first_of<kStatementSize>(w.take());
}

Token token_of(const Notice& n, const RootDocument& root, const Envelope& envelope) {
  Token t;
  t.kind = n.kind;
  t.domain = first_of<8>(n.trust_domain);
  t.audience = first_of<4>(n.audience);
  t.stream = first_of<8>(n.stream.bytes);
  t.epoch = n.epoch;
  t.root_version = n.root_version;
  t.sequence = n.sequence;
  t.statement = n.statement;
  t.created = n.created;
  t.expires = n.expires;
  t.extra = n.kind == NoticeKind::head ? n.challenge : first_of<5>(n.last);
  for (const auto& one : envelope) {
    const auto key = std::find_if(root.keys.begin(), root.keys.end(), [&](const PublicKey& k) { return id_of(k) == one.key; });
    assert(key != root.keys.end() && one.signature.size() == kSignatureSize);
    t.signatures.push_back({static_cast<std::uint8_t>(key - root.keys.begin()), first_of<kSignatureSize>(one.signature)});
  }
  std::sort(t.signatures.begin(), t.signatures.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return t;
}

std::string encode_token(const Token& t) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(t.kind));
  w.u8(static_cast<std::uint8_t>(t.signatures.size()));
  w.raw(t.domain);
  w.raw(t.audience);
  w.raw(t.stream);
  w.u32(t.epoch);
  w.u32(t.root_version);
  w.u64(t.sequence);
  w.raw(t.statement);
  w.u64(t.created);
  w.u64(t.expires);
  w.raw(t.extra);
  for (const auto& one : t.signatures) {
    w.u8(one.key);
    w.raw(one.signature);
  }
  Bytes bytes = w.take();
  const Digest check = sha256(bytes);
  bytes.insert(bytes.end(), check.begin(), check.begin() + kCheckBytes);
  std::string out(word_of(t.kind));
  const std::string letters = encode_base32(bytes);
  for (std::size_t at = 0; at < letters.size(); at += 5) out += " " + letters.substr(at, 5);
  return out;
}

Result<Token> decode_token(std::string_view text) {
  if (text.size() > kMaxText) return malformed("is too long");
  const std::string tight = squeezed(text);
  const bool head = tight.starts_with(kHeadWord);
  if (!head && !tight.starts_with(kPermitWord))
    return refuse(RefusalKind::malformed, "this is not a token of Patchferry",
                  "a head token begins with " + std::string(kHeadWord) + ", a permit with " + std::string(kPermitWord));
  Token t;
  t.kind = head ? NoticeKind::head : NoticeKind::permit;
  auto bytes = decode_base32(std::string_view(tight).substr(word_of(t.kind).size()));
  if (!bytes || bytes->size() < kCheckBytes) return malformed("holds a letter that none can hold, or lacks some");
  const ByteSpan body = ByteSpan(*bytes).first(bytes->size() - kCheckBytes);
  const Digest check = sha256(body);
  if (!std::equal(check.begin(), check.begin() + kCheckBytes, bytes->end() - kCheckBytes))
    return malformed("was not written down right: its last letters do not fit the others");
  ByteReader r(body);
  const unsigned kind = r.u8();
  const std::size_t count = r.u8();
  t.domain = r.array<8>();
  t.audience = r.array<4>();
  t.stream = r.array<8>();
  t.epoch = r.u32();
  t.root_version = r.u32();
  t.sequence = r.u64();
  t.statement = r.array<32>();
  t.created = r.u64();
  t.expires = r.u64();
  t.extra = r.array<5>();
  for (std::size_t i = 0; i < count && !r.failed(); ++i) {
    Token::Signed one;
    one.key = r.u8();
    one.signature = r.array<kSignatureSize>();
    if (i > 0 && t.signatures.back().key >= one.key) return malformed("holds signatures that are not sorted");
    t.signatures.push_back(one);
  }
  if (r.failed() || r.left() != 0) return malformed("is of the wrong length");
  if (kind != static_cast<unsigned>(t.kind) || count == 0 || count > kMaxSignatures) return malformed("contradicts itself");
  if (t.epoch == 0 || t.root_version == 0 || t.sequence == 0 || t.sequence > (1ULL << 53) || t.created > kLatestCreated)
    return malformed("gives impossible numbers");
  return t;
}

std::string encode_challenge(const Challenge& challenge) {
  const std::string letters = encode_base32(challenge);
  return letters.substr(0, 4) + "-" + letters.substr(4);
}

Result<Challenge> decode_challenge(std::string_view text) {
  const auto bytes = decode_base32(squeezed(text));
  if (!bytes || bytes->size() != std::tuple_size_v<Challenge>)
    return refuse(RefusalKind::malformed, "this is not a challenge", "it has eight letters and digits, such as 4F7K-Q2P7");
  return first_of<5>(*bytes);
}

}  // namespace patchferry
