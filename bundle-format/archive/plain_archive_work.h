// SPDX-License-Identifier: Apache-2.0
// Archives read and made here and now: for the unpacker, and for tests of what it does. The programs do not see this header; they are
// given unpacker::archive_work(), so that no compressed byte is unpacked in them.
#pragma once

#include "bundle-format/archive/archive_work.h"

namespace patchferry {

const ArchiveWork& plain_archive_work();

}  // namespace patchferry
