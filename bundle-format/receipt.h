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
#include "bundle-format/site_key.h"
#include "bundle-format/statement.h"

namespace patchferry {

constexpr std::uint64_t kMaxReceipt = 32ULL << 20;

struct ReceiptPatchset {
  std::string name;
  Digest archive{};
  bool operator==(const ReceiptPatchset&) const = default;
};

/// A trust domain enrolled there, and the newest root document that the site knows of it.
struct ReceiptDomain {
  Digest domain{};
  std::uint32_t version = 1;
  std::uint32_t epoch = 1;
  bool operator==(const ReceiptDomain&) const = default;
};

/// How far a store's bundles have come.
struct ReceiptStream {
  StreamId stream{};
  std::uint32_t epoch = 0;     // 0, as the next two: accepted there, and nothing has come yet
  std::uint64_t sequence = 0;  // of the last bundle imported
  Digest statement{};          // hash of its statement
  bool operator==(const ReceiptStream&) const = default;
};

struct Receipt {
  std::string site;
  EncryptionKey encryption;            // what bundles for it may be encrypted to
  std::vector<ReceiptDomain> domains;  // ascending by domain, distinct
  std::vector<ReceiptStream> streams;  // ascending by stream, distinct
  std::uint64_t issued = 0;            // seconds since 1970, by the site's clock
  std::uint64_t free_bytes = 0;
  std::vector<ReceiptPatchset> patchsets;  // present; ascending by name
  std::vector<std::string> cleaned;        // had and cleaned away; ascending
  std::vector<std::string> withdrawn;      // revoked, whether they are there or not; ascending
  bool operator==(const Receipt&) const = default;

  const ReceiptStream* find(const StreamId& stream) const;
  const ReceiptDomain* find(const Digest& domain) const;
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
