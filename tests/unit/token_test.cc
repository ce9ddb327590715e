// SPDX-License-Identifier: Apache-2.0
// What tokens say of their keys, and what messages may say of tokens.
#include <catch2/catch.hpp>

#include "tests/unit/small_bundle.h"
#include "token/pkcs11_key.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("a token's public key is read bare or in an OCTET STRING, and in no other dress") {
  const PublicKey key = test_key(7).public_key();
  const std::string hex = to_hex(key.bytes);
  const auto read = [](const std::string& text) { return public_key_of_point(*from_hex(text)); };
  CHECK(read(hex) == key);
  CHECK(read("0420" + hex) == key);
  for (const std::string& other : {std::string(), hex.substr(2), hex + "00", "0321" + hex, "0320" + hex, "0421" + hex,
                                   "041f" + hex, "0420" + hex + "00", "032100" + hex,
                                   "0422"
                                   "0420" +
                                       hex})
    CHECK_FALSE(read(other));
  // Of small order: every signature would fit.
  CHECK_FALSE(read("01" + std::string(62, '0')));
  CHECK_FALSE(read("042001" + std::string(62, '0')));
}

TEST_CASE("a token URI is told from a file's name, and shown without its PIN") {
  CHECK(is_token_uri("pkcs11:token=ops"));
  CHECK_FALSE(is_token_uri("ops.key"));
  CHECK_FALSE(is_token_uri("./pkcs11:token=ops"));
  CHECK(shown_token_uri("pkcs11:token=ops?pin-value=1234") == "pkcs11:token=ops");
  CHECK(shown_token_uri("pkcs11:token=ops") == "pkcs11:token=ops");
}
