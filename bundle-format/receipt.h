// SPDX-License-Identifier: Apache-2.0
// The receipt: what the inside has, for the next export (SPEC.md "Receipt"). Signed with the site's own key.
//
// Text of three lines: "patchferry-receipt-1", the JSON body, "<public key> <signature>" in hexadecimal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bundle-format/patchset_name.h"
#include "bundle-format/signature.h"
#include "bundle-format/statement.h"

namespace patchferry {

constexpr std::uint64_t kMaxReceipt = 32ULL << 20;

struct ReceiptPatchset {
  std::string name;
  Digest archive{};
  bool operator==(const ReceiptPatchset&) const = default;
};

struct Receipt {
  std::string site;
  std::vector<Digest> domains;  // trust domains enrolled there; ascending, distinct
  StreamId stream{};            // all zero: no bundle has come yet
  std::uint64_t sequence = 0;   // of the last bundle imported; 0: none
  Digest statement{};           // hash of its statement
  std::uint64_t issued = 0;     // seconds since 1970, by the site's clock
  std::uint64_t free_bytes = 0;
  std::vector<ReceiptPatchset> patchsets;  // present; ascending by name
  std::vector<std::string> cleaned;        // had and cleaned away; ascending
  std::vector<std::string> withdrawn;      // revoked; ascending
  bool operator==(const Receipt&) const = default;
};

struct SignedReceipt {
  Receipt receipt;
  PublicKey key;  // by which it is signed; whether that is the site's is for the reader to know
};

std::string encode_receipt_body(const Receipt& receipt);
/// Checks the signature by the key that stands in it, and that it is written the one way allowed. bad_receipt.
Result<SignedReceipt> decode_receipt(std::string_view text);
/// The whole text; `signature` is over encode_receipt_body() as DocumentType::receipt.
std::string encode_receipt(const Receipt& receipt, const PublicKey& key, const Signature& signature);

/// SHA-256 over the sorted (name, archive) pairs: the state that statements call before and after.
Digest state_of(std::vector<ReceiptPatchset> patchsets);

}  // namespace patchferry
