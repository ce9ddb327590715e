// SPDX-License-Identifier: Apache-2.0
// Memory for libbz2, which asks for up to 7.6 MB a block in four pieces and gives them back: a thread keeps the pieces for its
// next block. A file of many short streams, which a few bytes of a packing can ask for, else spends its time in the kernel.
#pragma once

#include <bzlib.h>

namespace patchferry::bzip2 {

/// Sets bzalloc and bzfree. What is not kept for the thread's next block is freed, at the latest as the thread ends.
void use_workspace(bz_stream& stream);

}  // namespace patchferry::bzip2
