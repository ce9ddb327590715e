// SPDX-License-Identifier: Apache-2.0
// The vendor's channels: how far a patchset has been tried out (SPEC.md "Manifest").
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "system/failure.h"
#include "system/rel_path.h"

namespace patchferry {

inline constexpr std::string_view kChannels[] = {"default", "test", "unstable"};  // the most stable first
inline constexpr const char* kDefaultChannel = "default";

inline bool is_channel(std::string_view word) {
  return std::find(std::begin(kChannels), std::end(kChannels), word) != std::end(kChannels);
}

/// True if what is in channel `one` is at least as stable as what is in `other`. Both are channels.
inline bool is_as_stable(std::string_view one, std::string_view other) {
  return std::find(std::begin(kChannels), std::end(kChannels), one) <=
         std::find(std::begin(kChannels), std::end(kChannels), other);
}

/// What was typed as one. UsageError: there is none of that name.
inline std::string channel_typed(const std::string& word) {
  if (!is_channel(word))
    throw UsageError("--channel takes default, test or unstable, not '" + printable(word) + "'", "nothing has been changed");
  return word;
}

}  // namespace patchferry
