// SPDX-License-Identifier: Apache-2.0
// Base 32 (RFC 4648, capitals and the digits 2 to 7, without padding): bytes that people read, type and scan.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "system/bytes.h"

namespace patchferry {

std::string base32_encode(ByteSpan bytes);
/// Ignores blanks and hyphens, and takes small letters. Nothing for other characters, for a length that no bytes have,
/// and for spare bits that are not zero: one encoding per value but for those.
std::optional<Bytes> base32_decode(std::string_view text);

}  // namespace patchferry
