// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/feed_difference.h"

#include "importer/catalogue.h"
#include "importer/reports/coverage.h"
#include "importer/reports/protection_text.h"
#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

Markup patchset_table(const FeedDifference& d) {
  std::vector<Row> rows;
  const auto add = [&](const std::vector<KnownPatchset>& all, Markup what) {
    for (const auto& p : all) {
      Markup name = code(p.name.patchset.text);
      name.html("<br><small>").text(to_hex(p.archive)).html("</small>");
      rows.push_back({name, what, text(p.name.patchset.product), text(to_text(p.name.patchset.released)),
                      text(size_text(p.archive_bytes)), text(p.origin || p.vouched ? "yes" : "NO")});
    }
  };
  add(d.dropped, Markup("<span class=\"turn lost\">LEAVES</span>"));
  add(d.taken, Markup("<span class=\"turn added\">comes</span>"));
  return table("Patchsets by which feed " + d.feed + " would differ, with the SHA-256 of the vendor's archive",
               {{"Patchset", Column::Kind::name},
                {"Change", Column::Kind::fixed},
                {"Product", Column::Kind::fixed},
                {"Released", Column::Kind::fixed},
                {"Archive", Column::Kind::number},
                {"Signed", Column::Kind::fixed}},
               rows);
}

}  // namespace

std::vector<std::string> names_of(const std::vector<KnownPatchset>& patchsets) {
  std::vector<std::string> out;
  for (const auto& p : patchsets) out.push_back(p.name.patchset.text);
  return out;
}

FeedDifference difference(Site& site, const Feed& feed, const Feed& like) {
  FeedDifference out;
  out.feed = feed.name;
  out.like = like.name;
  const Shown before = shown_in(site, feed);
  const Shown after = shown_in(site, like);
  for (const auto& p : patchsets(site)) {
    const bool is_in = before.count(p.id) != 0;
    if (is_in == (after.count(p.id) != 0)) continue;
    (is_in ? out.dropped : out.taken).push_back(p);
  }
  if (!out.is_same()) out.change = compare_feeds(site, before, after);
  return out;
}

void print_difference(const FeedDifference& d) {
  print("If feed " + d.feed + " became like feed " + d.like + ":");
  if (d.change.kernels.empty()) print("  the same kernels at the same levels, out of other patchsets");
  for (const auto& line : headlines(d.change)) print("  " + line);
  if (!d.dropped.empty())
    print("  " + d.feed + " would lose " + count_text(d.dropped.size(), "patchset") + ": " + some_of(names_of(d.dropped), 8));
  if (!d.taken.empty())
    print("  " + d.feed + " would take " + count_text(d.taken.size(), "patchset") + ": " + some_of(names_of(d.taken), 8));
  print_lost(d.change);
  print_gained(d.change);
  print_kernels(d.change);
}

Page difference_page(const FeedDifference& d, const std::string& site, std::uint64_t time) {
  Page page;
  page.kind = "Comparison of feeds";
  page.title = "If feed " + d.feed + " became like feed " + d.like;
  page.site = site;
  page.made = time;
  page.summary = d.is_same() ? "Both show the same patchsets."
                             : "What servers that follow " + d.feed + " would gain and lose. Nothing has been changed.";
  for (const auto& line : headlines(d.change))
    (line.front() >= 'A' && line.front() <= 'Z' ? page.bad_news : page.good_news).push_back(line);
  const auto tile = [](const std::vector<CveChange>& cves, const char* label, Tile::Mood mood) {
    Tile out{cves.empty() ? Tile::Mood::plain : mood, std::to_string(cves.size()), label, {}};
    if (!cves.empty()) out.below = text("highest ").add(severity(highest(cves)));
    return out;
  };
  page.tiles = {tile(d.change.gained, "CVEs newly closed", Tile::Mood::good),
                tile(d.change.lost, "CVEs lost", Tile::Mood::bad),
                {Tile::Mood::plain, std::to_string(d.change.kernels.size()), "kernels and build ids change", {}},
                {Tile::Mood::plain, std::to_string(d.taken.size() + d.dropped.size()), "patchsets differ", {}}};
  page.body.html("<section>\n<h2>Patchsets</h2>\n")
      .add(patchset_table(d))
      .html("</section>\n<section>\n<h2>Kernels and CVEs</h2>\n")
      .add(d.change.kernels.empty() ? Markup("<p>The same kernels, at the same levels.</p>\n") : change_tables(d.change))
      .html("</section>\n");
  return page;
}

}  // namespace patchferry::importer
