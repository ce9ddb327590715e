// SPDX-License-Identifier: Apache-2.0
// The order of a text's suffixes, by induced sorting (Nong, Zhang, Chan: "Two Efficient Algorithms for Linear Time Suffix
// Array Construction"). Written here because Debian has no static libdivsufsort, and the site's program is also linked
// statically. Linear in time whatever the text; memory about 9 bytes a byte of text.
#pragma once

#include <cstdint>
#include <vector>

#include "system/bytes.h"

namespace patchferry::bzip2 {

/// Where the suffixes of `text` begin, the least first; a suffix that begins another one comes before it.
std::vector<std::int32_t> suffix_order(ByteSpan text);

/// Where the least rotation of `text` begins (the first such place, if several are equal).
std::size_t least_rotation(ByteSpan text);

}  // namespace patchferry::bzip2
