// SPDX-License-Identifier: Apache-2.0
// Receipts: nothing unsigned is accepted, and what is accepted is written the one way. What begins as a body does is signed here, so
// that the fuzzer gets past the signature and at the JSON.
#include <cstdlib>

#include "bundle-format/receipt.h"
#include "bundle-format/write/signing_key.h"

namespace {

using namespace patchferry;

const SigningKey& key() {
  static const SigningKey kKey = SigningKey::from_seed({});
  return kKey;
}

void check(std::string_view text) {
  const auto receipt = decode_receipt(text);
  if (!receipt) return;
  const std::size_t last = text.rfind(' ') + 1;
  const auto signature = array_from_hex<kSignatureSize>(text.substr(last, 2 * kSignatureSize));
  if (!signature || encode_receipt(receipt->receipt, receipt->key, *signature) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  if (text.starts_with('{')) {
    const Signature signature = key().sign(DocumentType::receipt, as_bytes(text));
    check("patchferry-receipt-1\n" + std::string(text) + "\n" + to_hex(key().public_key().bytes) + " " + to_hex(signature) +
          "\n");
  }
  return 0;
}
