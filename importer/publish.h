// SPDX-License-Identifier: Apache-2.0
// Feeds as static trees that a stock web server can serve.
//
//   feeds/<feed>/current → generations/000007
//   feeds/<feed>/generations/000007/<khash> → ../../folders/<khash>/<digest>      (u/<buildid> likewise)
//   feeds/<feed>/folders/<khash>/<digest>/{latest.v1, 3 → …/resources/<patchset>/<khash>/3}
//
// A folder never changes once it is there: generations that agree on it share it. The switch is one rename. Cost of a
// generation: one link per ident, and a folder for each ident that changed.
#pragma once

#include "importer/catalogue.h"
#include "importer/site.h"

namespace patchferry::importer {

constexpr std::uint64_t kGenerationsKept = 3;

struct Published {
  std::string feed;
  std::uint64_t generation = 0;
  std::uint64_t idents = 0;           // kernels and build ids served
  std::vector<std::string> reissued;  // "<ident>/<level>": two enabled patchsets differ; the newest is served whole
};

/// Publishes every feed whose revision is not the published one. Idempotent; what a killed run left is built anew.
std::vector<Published> publish_changed(Site& site);

/// What every command does first, with the renames that opening the site has rolled forward: feeds that an interruption
/// left behind the database are published.
void recover(Site& site);

}  // namespace patchferry::importer
