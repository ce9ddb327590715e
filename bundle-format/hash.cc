// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/hash.h"

#include <openssl/evp.h>

#include "system/failure.h"

namespace patchferry {

// EVP picks SHA-NI where the processor has it.
struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr || EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1)
    throw SystemFailure("cannot start SHA-256 (OpenSSL refuses)", 0);
}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::add(ByteSpan bytes) {
  if (EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1)
    throw SystemFailure("cannot compute SHA-256 (OpenSSL refuses)", 0);
}

Digest Hasher::finish() {
  Digest out{};
  if (EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()), nullptr) != 1)
    throw SystemFailure("cannot finish SHA-256 (OpenSSL refuses)", 0);
  return out;
}

Digest sha256(ByteSpan bytes) {
  Hasher hasher;
  hasher.add(bytes);
  return hasher.finish();
}

Digest hash_file(const Fd& file, const std::function<void(std::uint64_t)>& on_bytes) {
  Hasher hasher;
  Bytes buffer(std::size_t{1} << 20);
  for (std::uint64_t at = 0;;) {
    const std::size_t n = read_up_to(file, at, std::span(buffer));
    if (n == 0) return hasher.finish();
    hasher.add(std::span(buffer).first(n));
    at += n;
    if (on_bytes) on_bytes(n);
  }
}

Digest copy_hashing(const Fd& from, const Fd& to, const std::function<void(std::uint64_t)>& on_bytes) {
  Hasher hasher;
  Bytes buffer(std::size_t{1} << 20);
  while (const std::size_t n = read_up_to(from, std::span(buffer))) {
    const auto part = std::span(buffer).first(n);
    hasher.add(part);
    write_all(to, part);
    if (on_bytes) on_bytes(n);
  }
  return hasher.finish();
}

}  // namespace patchferry
