// SPDX-License-Identifier: Apache-2.0
// Feeds as static trees that a stock web server can serve.
//
//   feeds/<feed>/current → generations/000007
//   feeds/<feed>/generations/000007/<khash> → ../../folders/<khash>/<digest>      (u/<buildid> likewise)
//   feeds/<feed>/folders/<khash>/<digest>/{latest.v1, 3 → …/resources/<patchset>/<khash>/3}      (feed_folder.h)
//
// The switch is one rename. Generations that agree on a folder share it. A generation costs one link per kernel or build id,
// and a folder for each of those that the changes since the last one are about.
//
// A level that no enabled patchset has any more lingers in its folder, without a pointer to it: an agent that has read the
// pointer before the switch finds what it named. It goes with the generation that is kGenerationsKept after the last one
// that had it enabled, and not before kLingers is over. One of a patchset that the vendor has withdrawn goes at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "importer/feeds.h"
#include "importer/site.h"

namespace patchferry::importer {

constexpr std::uint64_t kGenerationsKept = 3;  // the current one included
constexpr std::uint64_t kLingers = 600;        // seconds

/// Whether kLingers is over for a level that is not enabled since `at`. A clock that was put back tells nothing.
bool has_lingered(std::uint64_t at, std::uint64_t time);
/// Whether generation `number`, made at `time`, lets a level go that is not enabled since generation `since`, made at `at`.
bool has_lingered(std::uint64_t since, std::uint64_t at, std::uint64_t number, std::uint64_t time);

struct Published {
  std::string feed;
  std::uint64_t generation = 0;
  std::uint64_t idents = 0;           // kernels and build ids served
  std::vector<std::string> reissued;  // "<ident>/<level>", now: two enabled patchsets differ; the newest is served whole
};

/// Publishes every feed whose revision is not the published one, or that shows nothing, or an older generation than the
/// database knows (its tree was put back or lost). One that shows a newer generation is left as it is: the database was put
/// back, and that alone is no reason to change what agents get. Idempotent; what a killed run left is built anew.
std::vector<Published> publish_changed(Site& site);

/// Publishes feeds whose levels have lingered long enough and are still there, since nothing else has changed them: a generation a call,
/// until as many have passed as must. What `tick` does.
std::vector<Published> let_go(Site& site);

/// What every command does first, with the renames that opening the site has rolled forward: feeds that an interruption
/// left behind the database are published.
void recover(Site& site);

}  // namespace patchferry::importer
