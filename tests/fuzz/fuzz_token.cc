// SPDX-License-Identifier: Apache-2.0
// Tokens and challenges as people type them. What is accepted is, but for case and white space, the one text of what it says. After
// a byte 0 (head) or 1 (permit) stands what a token holds; its check is put behind it here, so that the fuzzer gets past it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bundle-format/notice.h"
#include "system/base32.h"

namespace {

using namespace patchferry;

// Base32 leaves out what else is typed between the letters.
std::string letters_of(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '-' && !(c >= '\t' && c <= '\r')) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

void check(std::string_view text) {
  if (const auto challenge = decode_challenge(text))
    if (letters_of(encode_challenge(*challenge)) != letters_of(text)) std::abort();
  const auto token = decode_token(text);
  if (!token) return;
  const std::string again = encode_token(*token);
  if (letters_of(again) != letters_of(text)) std::abort();
  if (const auto same = decode_token(again); !same || !(*same == *token)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check(as_text(bytes));
  if (size == 0 || data[0] > 1) return 0;
  const ByteSpan body = bytes.subspan(1);
  Bytes checked(body.begin(), body.end());
  const Digest digest = sha256(body);
  checked.insert(checked.end(), digest.begin(), digest.begin() + 4);
  check((data[0] == 0 ? "PATCHFERRY-HEAD-1 " : "PATCHFERRY-PERMIT-1 ") + encode_base32(checked));
  return 0;
}
