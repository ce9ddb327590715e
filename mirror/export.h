// SPDX-License-Identifier: Apache-2.0
// Export: from a store and a receipt to a signed bundle that brings a site exactly what it lacks.
#pragma once

#include <optional>
#include <string>

#include "mirror/authority.h"
#include "mirror/pack.h"
#include "mirror/select.h"
#include "mirror/store.h"

namespace patchferry::mirror {

struct ExportOrder {
  SiteState site;
  std::string to;                 // a folder (made if its parent exists), or "-" for standard output
  std::uint64_t volume_size = 0;  // bytes of the largest file; 0: any
  bool dry_run = false;
  std::optional<EncryptionKey> encrypt_to;
  std::string channel = {};    // ship nothing less stable; "": everything
  std::uint64_t good_for = 0;  // seconds; 0: for ever
  Effort effort = Effort::standard;
};

struct Shipment {
  std::string path;     // of the bundle's folder; "-" if streamed, "" if a dry run
  Statement statement;  // sequence 0 in a dry run
  std::vector<StoredPatchset> patchsets;
  std::vector<std::string> differing;  // of these: the site has other bytes under these names
  std::vector<std::string> withdrawn;
  std::vector<Piece> pieces;  // how each of the patchsets travels
  std::size_t signatures = 0;
  std::size_t signatures_needed = 0;  // more than these: others must still sign it
};

/// nullopt: the site lacks nothing.
Result<std::optional<Shipment>> export_bundle(Store& store, const ExportOrder& order, const Authority& authority);

}  // namespace patchferry::mirror
