// SPDX-License-Identifier: Apache-2.0
// Notices: 512 signed bytes that travel without a bundle (SPEC.md "Notices").
//
//   head     the newest bundle for a site, by number and hash, so that withholding is noticed; signed by role head
//   permit   an older bundle that the site may go back to; signed by role release
//
// A notice travels as a token, short enough for paper, a QR code or a phone: it leaves out what the site knows anyway,
// and the site puts that in again before it checks the signatures over all 512 bytes (verifier/notices.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bundle-format/root_document.h"
#include "bundle-format/statement.h"

namespace patchferry {

enum class NoticeKind : std::uint16_t { head = 2, permit = 3 };
DocumentType document_type(NoticeKind kind);
Role role_for(NoticeKind kind);

/// What a site shows to have a head made for this very moment; all zero: made for none.
using Challenge = std::array<std::byte, 5>;

struct Notice {
  NoticeKind kind = NoticeKind::head;
  Digest trust_domain{};
  Digest audience{};
  StreamId stream{};
  std::uint32_t epoch = 1;         // of the bundle that it speaks of
  std::uint32_t root_version = 1;  // of the root document under which it is signed
  std::uint64_t sequence = 0;      // of that bundle
  Digest statement{};              // SHA-256 of that bundle's statement
  Digest last{};                   // permit: SHA-256 of the statement that the site has imported last; head: zero
  std::uint64_t created = 0;       // seconds since 1970
  std::uint64_t expires = 0;       // seconds since 1970; 0: never
  Challenge challenge{};           // head only

  bool operator==(const Notice&) const = default;
};

std::array<std::byte, kStatementSize> encode_notice(const Notice& notice);

/// A notice as it travels; nothing in it has been checked.
struct Token {
  NoticeKind kind = NoticeKind::head;
  std::array<std::byte, 8> domain{};    // first bytes of the trust domain
  std::array<std::byte, 4> audience{};  // of the audience
  std::array<std::byte, 8> stream{};    // of the stream
  std::uint32_t epoch = 1;
  std::uint32_t root_version = 1;
  std::uint64_t sequence = 0;
  Digest statement{};
  std::uint64_t created = 0;
  std::uint64_t expires = 0;
  Challenge extra{};  // head: the challenge; permit: first bytes of `last`
  struct Signed {
    std::uint8_t key = 0;  // index into the root document's keys, ascending
    Signature signature{};
    bool operator==(const Signed&) const = default;
  };
  std::vector<Signed> signatures;

  bool operator==(const Token&) const = default;
};

/// `envelope` holds Ed25519 signatures by keys of `root` (asserted).
Token token_of(const Notice& notice, const RootDocument& root, const Envelope& envelope);

/// "PATCHFERRY-HEAD-1 ABCDE FGHIJ ...": one line without its end, capitals and digits in groups of five.
std::string encode_token(const Token& token);
/// Takes what people make of it: small letters, other groups, line breaks. A slip of the pen is malformed, and told
/// apart from a wrong signature.
Result<Token> decode_token(std::string_view text);

/// "4F7K-Q2P7" as people read it aloud, and back.
std::string encode_challenge(const Challenge& challenge);
Result<Challenge> decode_challenge(std::string_view text);

}  // namespace patchferry
