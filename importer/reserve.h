// SPDX-License-Identifier: Apache-2.0
// Room that is kept for the day on which the disk is full: BASE/reserve, a file of nothing. A database needs some room even to
// forget something, so cleaning gives it back first, and takes it again when it is done.
#pragma once

#include <cstdint>
#include <string>

namespace patchferry::importer {

constexpr std::uint64_t kReserveBytes = 8 << 20;

/// Less is free than the reserve.
bool is_full(const std::string& base);

/// Makes it, if it is not there, and 64 times as much is free. A failure is none of anybody's business: false.
bool take_reserve(const std::string& base);
/// False: there was none.
bool give_back_reserve(const std::string& base);

}  // namespace patchferry::importer
