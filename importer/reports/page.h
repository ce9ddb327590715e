// SPDX-License-Identifier: Apache-2.0
// A report as one HTML file that needs nothing else: no scripts, no fonts, no pictures from anywhere; the page forbids its
// browser to load any. Light and dark, and made to be printed and signed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "importer/reports/markup.h"
#include "importer/reports/protection.h"

namespace patchferry::importer {

/// A number that sums up.
struct Tile {
  enum class Mood { plain, good, bad } mood = Mood::plain;
  std::string number;
  std::string label;
  Markup below;  // may be empty
};

struct Page {
  std::string kind;   // "Plan of an import"
  std::string title;  // "Bundle 7 for site plant1"
  std::string site;
  std::uint64_t made = 0;              // seconds since 1970
  std::string summary;                 // a sentence
  std::vector<std::string> bad_news;   // what a reader must not miss
  std::vector<std::string> good_news;  // what else matters
  std::vector<Tile> tiles;
  Markup body;
};

std::string html_of(const Page& page);

/// "9.8 critical": word and score, and a colour for those who see it.
Markup severity(unsigned cvss_tenths);
Markup cve_table(std::string_view caption, const std::vector<CveChange>& cves);
Markup kernel_table(const ProtectionChange& change);
/// The tables of one change, what is lost first; and what is not known.
Markup change_tables(const ProtectionChange& change);

/// UsageError unless `path` can become a report: nothing is there, or an earlier report.
void check_report_path(const std::string& path);
/// At once, 0644.
void write_report(const std::string& path, const Page& page);

}  // namespace patchferry::importer
