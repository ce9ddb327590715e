// SPDX-License-Identifier: Apache-2.0
// What a process gives up before it touches bytes that nobody vouches for: docs/security.md "The unpacker".
//
// Afterwards it can read and write the descriptors that it holds, use memory and threads, and end. Opening a file by name fails; any
// other system call kills it. Nothing here can be taken back, and what the kernel lacks is said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace patchferry {

struct ConfinementLimits {
  std::uint64_t memory = 0;       // bytes of its own, stacks included; files mapped read-only do not count
  std::uint64_t cpu_seconds = 0;  // of all threads together
};

/// What holds now.
struct Confinement {
  std::vector<std::string> lacking;  // in words: what this kernel does not have, or did not allow
};

/// For a process of one thread. Root becomes nobody first, where that is allowed. Under a sanitizer, which needs calls of its own,
/// there are only the limits that it bears, and nothing counts as lacking.
Confinement confine_to_descriptors(const ConfinementLimits& limits);

}  // namespace patchferry
