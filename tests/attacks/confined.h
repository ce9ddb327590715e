// SPDX-License-Identifier: Apache-2.0
// Whether this machine can confine an unpacker, so that it can be attacked here.
#pragma once

namespace patchferry::test {

/// Else says why (WARN): the kernel lacks something, or a sanitizer, in these tests or in the programs that they drive, makes calls of
/// its own.
bool can_confine();

}  // namespace patchferry::test
