// SPDX-License-Identifier: Apache-2.0
// What an import would change. Printing it (plan_text.h) is the dry run; nothing here writes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "importer/credentials.h"
#include "importer/feeds.h"
#include "importer/rule_work.h"
#include "verifier/verify.h"

namespace patchferry::importer {

struct GainedCve {
  std::string cve;
  unsigned cvss_tenths = 0;
  std::vector<std::uint32_t> kernels;  // indices into Plan::kernels, ascending: there may be very many
};

struct Plan {
  std::string bundle;  // id in hexadecimal
  std::uint64_t sequence = 0;
  Origin origin;
  std::string site;
  std::vector<ManifestPatchset> fresh;     // to be brought in, release order
  std::vector<std::string> present;        // here already, the same bytes
  std::vector<ManifestPatchset> restored;  // of those, which the site does not wholly hold (holdings.h)
  std::vector<std::int64_t> offered;       // of `present`, by row id: what feeds may take that nobody has decided about
  std::vector<Judged> judged;              // feed by feed: of `fresh` and of these, what it takes, and what waits
  std::vector<std::string> replaced;       // of `fresh`: what is here under these names has other bytes, which nobody has signed
  std::vector<std::string> withdrawn;      // by this bundle, of those that are here
  std::vector<std::string> refused;        // of `fresh`: withdrawn, so kept and never enabled
  bool is_rollback = false;                // it is older than the last import, and a permit lets it through
  std::vector<std::string> enabled;    // by the rollback: they belong to the bundle, and an earlier rollback had disabled them
  std::vector<std::string> rolled_in;  // by the rollback: these, and what it leaves for feeds to take
  std::vector<std::string> disabled;   // by the rollback
  std::map<std::uint64_t, std::vector<std::string>>
      needs;                         // bundle → patchsets that it brings, that this one builds on, and that are not here
  std::vector<std::string> kernels;  // ascending; that `gained` and the fixes of `fresh` name by number
  Credentials credentials;
  std::vector<GainedCve> gained;  // highest score first
  bool fixes_left_out = false;    // the exporter had to leave the summary out
  std::uint64_t read_bytes = 0;   // from the medium
  std::uint64_t write_bytes = 0;  // at most, to the base, archives and contents
  Takers takers;                  // feeds that take the new ones
};

/// What must be imported before: incomplete, one for each bundle that is named in plan.needs.
Findings report_needs(const Plan& plan);

/// The bundle's manifest is here. Conflict if it brings other bytes under a name that is here already, and that somebody has signed for.
Result<Plan> make_plan(Site& site, const VerifiedBundle& bundle, Takers takers);

/// A permit lets this older bundle through: feeds are to show what they showed after it.
void plan_rollback(Site& site, const Manifest& manifest, Plan& plan);

}  // namespace patchferry::importer
