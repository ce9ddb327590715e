// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace patchferry::importer {

/// What --archives asks for: when arch/ is to be complete.
enum class ArchiveMode { now, later, never };

}  // namespace patchferry::importer
