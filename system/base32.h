// SPDX-License-Identifier: Apache-2.0
// Base32 of RFC 4648, upper case, without padding: bytes for QR codes and for people who type.
#pragma once

#include <string>
#include <string_view>

#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

std::string encode_base32(ByteSpan bytes);

/// Takes what encode_base32() writes, also in lower case and with spaces, tabs, line ends and '-' anywhere in it. Each value has
/// one encoding beside these: bits left over are zero, and no length that no number of bytes gives. Else malformed, with the offset.
Result<Bytes> decode_base32(std::string_view text);

}  // namespace patchferry
