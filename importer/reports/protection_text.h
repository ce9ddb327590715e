// SPDX-License-Identifier: Apache-2.0
// A change of protection, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "importer/reports/protection.h"

namespace patchferry::importer {

std::string score_text(unsigned tenths);            // "7.8"; "?" where nobody says
std::string level_text(const LevelChange& change);  // "3 to 5", "new, at 5", "3 to none"
/// The first few, and how many more.
std::string some_of(const std::vector<std::string>& names, std::size_t most = 3);

/// "3 CVEs for 2 kernels, highest 7.8 (high)"; "no CVE".
std::string cves_text(const std::vector<CveChange>& cves);

/// What matters, a line each: what is closed, what is lost, kernels that are no longer served.
std::vector<std::string> headlines(const ProtectionChange& change);
/// Tables of what is lost and of the kernels.
void print_lost(const ProtectionChange& change);
void print_kernels(const ProtectionChange& change);
void print_gained(const ProtectionChange& change);

/// A number, or null where nobody says.
nlohmann::json score_json(unsigned tenths);
/// [{"cve","cvss","kernels"}]
nlohmann::json cves_json(const std::vector<CveChange>& cves);
/// {"gained","lost","highest","highest_lost","lost_at_most","gained_known"}
nlohmann::json change_json(const ProtectionChange& change);
/// [{"kernel","ident","from","to","change"}]
nlohmann::json kernels_json(const ProtectionChange& change);
/// [{"kernel","patchset","level"}]
nlohmann::json unread_json(const ProtectionChange& change);

}  // namespace patchferry::importer
