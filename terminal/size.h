// SPDX-License-Identifier: Apache-2.0
// Sizes and numbers as people type them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace patchferry {

/// "512", "8MiB", "4.7GB", "700 MB"; k/M/G/T with B (powers of 1000) or iB (of 1024). nullopt: not a size.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Decimal digits and nothing else. nullopt: not a number, or beyond `most`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most);

}  // namespace patchferry
