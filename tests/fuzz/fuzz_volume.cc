// SPDX-License-Identifier: Apache-2.0
// A whole volume, from preamble to payload, as the verifier meets it on a medium. Nothing but the vector itself is good.
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "bundle-format/write/signing_key.h"
#include "verifier/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  static const Judge judge = [] {
    std::array<std::byte, 32> seed{};
    seed.fill(std::byte{1});
    const Digest domain = domain_of(single_key_root(SigningKey::from_seed(seed).public_key()));
    return Judge{TrustAnchors{{{domain, 1, domain}}}, nullptr};
  }();
  const auto medium_of = [&] {
    Medium medium;
    Fd file(::memfd_create("volume", MFD_CLOEXEC), "volume");
    write_all(file, std::as_bytes(std::span(data, size)));
    ::lseek(file.get(), 0, SEEK_SET);
    medium.volumes.push_back({std::move(file), true});
    return medium;
  };
  Findings findings;
  auto bundle = examine(medium_of(), judge, findings);
  if (bundle) {
    BodySink nobody;
    read_bodies(*bundle, nobody, findings);
  }
  if (!bundle && findings.empty()) std::abort();
  Findings claims;
  (void)read_claims(medium_of(), claims);
  return 0;
}
