// SPDX-License-Identifier: Apache-2.0
// Local time, as people write it down, and instants, which are what is compared. Instants are seconds since 1970 in UTC; local
// times are counted likewise, as if they were UTC.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace patchferry::importer {

/// By how many seconds local time is ahead of UTC, at an instant.
using Zone = std::function<std::int64_t(std::int64_t instant)>;

Zone utc_zone();
/// Of this machine: TZ, else /etc/localtime.
Zone machine_zone();

/// The first instant at which a clock on the wall shows `local`, or has jumped past it.
std::int64_t instant_of(const Zone& zone, std::int64_t local);

/// "2026-01-12 03:00 +01:00", or "… UTC" where there is no difference.
std::string local_text(const Zone& zone, std::uint64_t instant);

}  // namespace patchferry::importer
