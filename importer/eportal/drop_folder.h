// SPDX-License-Identifier: Apache-2.0
// The drop folder: where somebody puts, or mounts, what came over the air gap. It holds bundles and loose archives of the
// vendor; it is only ever read.
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer::eportal {

/// What there is to take, before anything is believed of it.
struct DropFolder {
  std::vector<std::vector<std::string>> bundles;  // folders of the volumes of each, in the order of their numbers
  std::vector<std::string> archives;              // paths, in release order
};

/// Bundles lie in the folder itself or in folders in it; archives in the folder itself. UsageError: it is not there.
DropFolder look_into(const std::string& folder);

struct Taken {
  bool changed = false;  // something is here that was not
  bool refused = false;  // something cannot be taken
  bool partly = false;   // a bundle whose volumes are not all here, or something that could not be put in place
};

/// Bundles first, each as `patchferry import` takes it: into the feeds that fill themselves. Then archives of `product`
/// ("": of all) are stored; feeds are left to update_feeds(). What is here already, or is for another site, is no news; what is
/// refused, or fails, is said, and the others go on.
Taken take_all(Site& site, const DropFolder& found, const std::string& product);

}  // namespace patchferry::importer::eportal
