// SPDX-License-Identifier: Apache-2.0
// What may be wrong with a site, looked for in one go. Nothing is changed, but for what opening a base finishes (site.h);
// nothing is sent.
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer {

enum class Health { ok, warning, error };
const char* word_for(Health health);

struct Check {
  std::string name;  // for machines: "database", "feeds", …
  Health health = Health::ok;
  std::string text;
  std::string hint = {};  // what to do; empty if it is well
};

/// All checks, in one order. A base that cannot be opened is the one error "base". UsageError: there is none.
std::vector<Check> examine_site(const Settings& settings, Site::Wait wait);

/// No error; there may be warnings.
bool is_healthy(const std::vector<Check>& checks);

/// For a file or a person: a line or two a check.
std::string report_text(const std::string& base, const std::vector<Check>& checks);

}  // namespace patchferry::importer
