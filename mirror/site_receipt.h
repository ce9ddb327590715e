// SPDX-License-Identifier: Apache-2.0
// A receipt that somebody has brought: read, and judged by what the store knows of its site.
#pragma once

#include <string>

#include "mirror/store.h"

namespace patchferry::mirror {

struct GivenReceipt {
  SignedReceipt receipt;
  std::string text;
  bool first = false;  // of its site: to keep it pins its key
};

/// Checked, and not kept yet. Refused: bad_receipt (also a first one, whose key nobody has vouched for, that speaks of far
/// higher numbers than were made here), wrong_site. A path that does not exist is a UsageError.
Result<GivenReceipt> read_site_receipt(Store& store, const std::string& path, const std::string& site);

}  // namespace patchferry::mirror
