// SPDX-License-Identifier: Apache-2.0
// What this site says of itself to an exporter.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/receipt.h"
#include "importer/site.h"

namespace patchferry::importer {

struct SiteReceipt {
  Receipt receipt;
  std::vector<std::string> left_out;  // patchsets that the site does not wholly hold (holdings.h): they are shipped again
};

SiteReceipt receipt_of(Site& site);

}  // namespace patchferry::importer
