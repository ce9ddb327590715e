// SPDX-License-Identifier: Apache-2.0
// User-space patches as the open-source libcare reads them: a kpatch.bin that begins with "KPATCH1\0" says for which build id
// it is, and how long it is. An agent that is handed one of another build id, or the beginning of one, fails at the server.
//
//   offset     0  magic [8]    80  build id as text [256], ended by a zero    360  bytes of the whole file, u32
//
// Not every product's files are known to look so: one that does not begin with the magic is none of ours to judge.
#pragma once

#include <cstdint>
#include <string_view>

#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

constexpr std::size_t kKpatch1Header = 688;

/// `head`: the first bytes of the file, kKpatch1Header of them or the whole file, which has `bytes`. `build_id`: of the
/// folder that it lies beneath. Refused (malformed), with a text that goes on from the file's name: the header is cut short,
/// it promises more than there is, or it is for another build id.
Result<void> check_kpatch1(ByteSpan head, std::uint64_t bytes, std::string_view build_id);

}  // namespace patchferry
