// SPDX-License-Identifier: Apache-2.0
// Who stands behind a bundle that was verified: for the plan that a person reads and signs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "verifier/verify.h"

namespace patchferry::importer {

struct Credentials {
  std::uint64_t made = 0;            // by the exporter's clock, seconds since 1970
  std::uint64_t expires = 0;         // likewise; 0: never
  std::string domain;                // fingerprint of what a person has enrolled
  std::uint32_t root_version = 0;    // of the root document in force
  std::vector<std::string> signers;  // fingerprints of release keys; each signature is good
  unsigned threshold = 0;            // how many of them are needed
  std::string statement;             // SHA-256 of what they have signed, in hexadecimal
  std::string words;                 // six words of it, to compare with those who made it
  bool was_encrypted = false;
};

Credentials credentials_of(const VerifiedBundle& bundle);

}  // namespace patchferry::importer
