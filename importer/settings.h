// SPDX-License-Identifier: Apache-2.0
// What an administrator has chosen: on the command line, in the environment, or in /etc/patchferry/config.toml.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "importer/clean_settings.h"
#include "importer/serve_settings.h"
#include "verifier/freshness.h"
#include "verifier/ledger_rules.h"

namespace patchferry::importer {

struct Settings {
  std::string base;
  std::string ledger_copy;                    // path of the ledger's second copy; empty: ledger.copy in the base
  std::string drop;                           // folder or mounted medium that kc.eportal takes from; empty: none
  unsigned silence_days = kUsualSilenceDays;  // before the alarm
  std::uint64_t jump = kUsualJump;            // how far ahead a bundle's number may be
  bool refuse_expired = false;                // else a warning
  bool refuse_unsigned = false;               // archives without a bundle that nobody has signed; else a person's word is enough
  ServeSettings serve;                        // [serve]
  CleanSettings clean;                        // [clean]

  std::string copy_path() const { return ledger_copy.empty() ? base + "/ledger.copy" : ledger_copy; }
};

/// `base_option`: what --base gave; else PATCHFERRY_BASE, else `base` in /etc/patchferry/config.toml (PATCHFERRY_CONFIG
/// names another file), else /var/lib/patchferry. A configuration with an unknown key or value is a UsageError.
Settings read_settings(const std::string& base_option);

/// What a configuration's text alone says; `path` is named in errors.
Settings parse_settings(const std::string& path, std::string_view text);

}  // namespace patchferry::importer
