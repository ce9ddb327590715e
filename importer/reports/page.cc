// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/page.h"

#include <algorithm>
#include <fcntl.h>

#include "importer/reports/page_style.h"
#include "importer/reports/protection_text.h"
#include "importer/rules/rules.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

/// What every report begins with, and no other file.
constexpr char kBegin[] = "<!DOCTYPE html>\n<!-- patchferry-report-1 -->\n";

constexpr std::size_t kKernelsNamed = 8;  // in a row of a table of CVEs

const char* mood_class(Tile::Mood mood) {
  return mood == Tile::Mood::good ? "tile good" : mood == Tile::Mood::bad ? "tile bad" : "tile";
}

Markup list_of(const std::vector<std::string>& lines) {
  Markup out("<ul>\n");
  for (const auto& line : lines) out.html("<li>").text(line).html("</li>\n");
  return out.html("</ul>\n");
}

/// None of them broken at a '-'.
Markup some_names(const std::vector<std::string>& names) {
  Markup out;
  const std::size_t shown = std::min(names.size(), kKernelsNamed);
  for (std::size_t i = 0; i < shown; ++i)
    out.html("<span class=\"whole\">").text(names[i] + (i + 1 < shown ? "," : "")).html("</span> ");
  if (names.size() > kKernelsNamed) out.text("and " + std::to_string(names.size() - kKernelsNamed) + " more");
  return out;
}

/// For those who do not know our words.
const char* label_for(Turn turn) {
  if (turn == Turn::lost) return "NOT SERVED";
  if (turn == Turn::lowered) return "LOWERED";
  return turn == Turn::brought ? "new level" : word_for(turn);
}

/// Printed only: who has read this, and what they decided.
Markup signatures() {
  Markup out("<section class=\"sign\">\n<h2>Approval</h2>\n<p>I have read this report.</p>\n<div class=\"signers\">\n");
  for (int i = 0; i < 2; ++i)
    out.html(
        "<div><p>&#9744; approved &nbsp; &#9744; rejected</p><p class=\"line\">Name</p><p class=\"line\">Signature</p><p "
        "class=\"line\">Date</p></div>\n");
  return out.html("</div>\n</section>\n");
}

}  // namespace

std::string html_of(const Page& page) {
  const std::string made = time_text(page.made);
  Markup out;
  out.html(kBegin).html(
      "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
  out.text(page.title + " - " + page.kind).html("</title>\n<style>\n").html(kStyle).html("</style>\n</head>\n<body>\n<main>\n");
  out.html("<header>\n<p class=\"kind\">")
      .text(page.kind)
      .html("</p>\n<h1>")
      .text(page.title)
      .html("</h1>\n<p class=\"summary\">");
  out.text(page.summary).html("</p>\n<p class=\"made\">Site ").add(code(page.site)).html(", made ").text(made);
  out.html(" by Patchferry ").text(PATCHFERRY_VERSION).html("</p>\n</header>\n");
  if (!page.bad_news.empty())
    out.html("<section class=\"news bad\">\n<h2>Read this first</h2>\n").add(list_of(page.bad_news)).html("</section>\n");
  if (!page.tiles.empty()) {
    out.html("<section class=\"tiles\">\n");
    for (const auto& tile : page.tiles) {
      out.html("<div class=\"").text(mood_class(tile.mood)).html("\"><p class=\"big\">").text(tile.number);
      out.html("</p><p class=\"label\">").text(tile.label).html("</p>");
      if (!tile.below.empty()) out.html("<p class=\"below\">").add(tile.below).html("</p>");
      out.html("</div>\n");
    }
    out.html("</section>\n");
  }
  if (!page.good_news.empty()) out.html("<section class=\"news\">\n").add(list_of(page.good_news)).html("</section>\n");
  out.add(page.body).add(signatures());
  out.html("<footer><p>").text(page.kind + ": " + page.title + ". Made " + made + " by Patchferry " + PATCHFERRY_VERSION);
  return out.html(". This page is one file and loads nothing.</p></footer>\n</main>\n</body>\n</html>\n").str();
}

Markup severity(unsigned tenths) {
  const char* word = word_for(severity_of(tenths));
  Markup out("<span class=\"severity ");
  out.text(word).html("\"><b>").text(score_text(tenths)).html("</b> ").text(word).html("</span>");
  return out;
}

Markup cve_table(std::string_view caption, const std::vector<CveChange>& cves) {
  std::vector<Row> rows;
  for (const auto& one : cves)
    rows.push_back({code(one.cve), severity(one.cvss_tenths), text(std::to_string(one.kernels.size())), some_names(one.kernels)});
  return table(caption,
               {{"CVE", Column::Kind::fixed}, {"Score", Column::Kind::fixed}, {"Kernels", Column::Kind::number}, {"Which"}},
               rows);
}

Markup kernel_table(const ProtectionChange& change) {
  std::vector<Row> rows;
  for (const auto& one : change.kernels) {
    const Turn turn = turn_of(one);
    Markup what("<span class=\"turn ");
    what.text(word_for(turn)).html("\">").text(label_for(turn)).html("</span>");
    Markup name = code(one.kernel);
    if (!one.ident.empty() && one.ident != one.kernel) name.html("<br><small>").text(one.ident).html("</small>");
    const std::string to = one.is_brought ? "in the bundle" : one.to ? std::to_string(one.to->level) : "none";
    rows.push_back({name, what, text(one.from ? std::to_string(one.from->level) : "none"), text(to),
                    text(one.is_brought || !one.to ? "" : one.to->patchset)});
  }
  return table("Kernels and build ids whose level changes: " + std::to_string(rows.size()),
               {{"Kernel or build id", Column::Kind::name},
                {"Change", Column::Kind::fixed},
                {"From level", Column::Kind::number},
                {"To level", Column::Kind::number},
                {"Patchset", Column::Kind::fixed}},
               rows);
}

Markup change_tables(const ProtectionChange& change) {
  Markup out;
  if (!change.unread.empty()) {
    std::vector<Row> rows;
    for (const auto& one : change.unread)
      rows.push_back({code(one.kernel), text(one.level.patchset), text(std::to_string(one.level.level))});
    out.add(table(
        "NOT KNOWN: levels whose kpatch.info is missing here, so that nobody can say what they close",
        {{"Kernel or build id", Column::Kind::name}, {"Patchset", Column::Kind::fixed}, {"Level", Column::Kind::number}}, rows));
  }
  out.add(cve_table(change.lost_at_most ? "CVEs LOST, unless what the bundle brings closes them again"
                                        : "CVEs LOST: closed now, and open afterwards",
                    change.lost));
  out.add(cve_table("CVEs newly closed", change.gained));
  return out.add(kernel_table(change));
}

void check_report_path(const std::string& path) {
  if (path == "-" || is_folder(path)) throw UsageError("--html needs the name of a file, not " + printable(path));
  if (!is_folder(parent_of(path)))
    throw UsageError("there is no folder " + printable(parent_of(path)) + " for the report", "nothing has been written");
  if (!exists(path)) return;
  if (is_regular(path)) {
    Bytes begin(sizeof(kBegin) - 1);
    begin.resize(read_up_to(open_file(path, O_RDONLY), begin));
    if (as_text(begin) == kBegin) return;
  }
  throw UsageError(printable(path) + " exists, and is not a report", "name another file; only an earlier report is replaced");
}

void write_report(const std::string& path, const Page& page) {
  write_file(path, as_bytes(html_of(page)));
  note("wrote " + path);
}

}  // namespace patchferry::importer
