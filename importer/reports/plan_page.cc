// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/plan_page.h"

#include <algorithm>
#include <fmt/format.h>

#include "importer/reports/protection_text.h"
#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

std::string standing_of(const ImportOutcome& outcome) {
  const Plan& plan = *outcome.plan;
  switch (outcome.kind) {
    case ImportOutcome::Kind::refused: return "It cannot be imported as things are: see what is wrong below.";
    case ImportOutcome::Kind::nothing_to_do: return "It has been imported already, and would change nothing.";
    case ImportOutcome::Kind::incomplete: return "Volumes of it are still missing; what it would change is known.";
    case ImportOutcome::Kind::planned:
    case ImportOutcome::Kind::imported: break;
  }
  return plan.is_rollback ? "A permit of the release keys allows to go back to this older bundle. Nothing has been changed yet."
                          : "What an import of this bundle would change. Nothing has been changed yet.";
}

Tile cve_tile(const std::vector<CveChange>& cves, bool are_lost, bool at_most) {
  Tile out;
  out.number = (at_most && !cves.empty() ? "up to " : "") + std::to_string(cves.size());
  out.label = are_lost ? "CVEs lost by a feed" : "CVEs newly closed in a feed";
  if (!cves.empty()) {
    out.mood = are_lost ? Tile::Mood::bad : Tile::Mood::good;
    out.below = text("highest ").add(severity(highest(cves)));
  }
  return out;
}

std::vector<Tile> tiles_of(const Plan& plan, const PlanEffect& effect) {
  const bool at_most =
      std::any_of(effect.feeds.begin(), effect.feeds.end(), [](const auto& feed) { return feed.change.lost_at_most; });
  std::vector<Tile> out = {cve_tile(effect.gained, false, false), cve_tile(effect.lost, true, at_most)};
  if (plan.fixes_left_out) out[0] = {Tile::Mood::plain, "not known", "CVEs newly closed", {}};
  out.push_back({Tile::Mood::plain, std::to_string(plan.fresh.size()), plan.fresh.size() == 1 ? "new patchset" : "new patchsets",
                 text(size_text(plan.read_bytes) + " on the medium")});
  const std::size_t out_of_feeds = plan.withdrawn.size() + plan.disabled.size();
  out.push_back({out_of_feeds == 0 ? Tile::Mood::plain : Tile::Mood::bad,
                 std::to_string(out_of_feeds),
                 plan.disabled.empty() ? "withdrawn by the vendor" : "withdrawn, or disabled by the rollback",
                 {}});
  return out;
}

void tell(const ImportOutcome& outcome, const PlanEffect& effect, Page& page) {
  const Plan& plan = *outcome.plan;
  for (const auto& finding : outcome.findings) page.bad_news.push_back(finding.text);
  for (const auto& name : plan.withdrawn)
    page.bad_news.push_back("Withdrawn by the vendor: " + name + " leaves every feed, for good");
  for (const auto& name : plan.replaced)
    page.bad_news.push_back("Another archive is here as " + name + ", for which nobody has signed: it goes to the trash");
  if (!plan.disabled.empty()) page.bad_news.push_back("The rollback disables in every feed: " + some_of(plan.disabled, 20));
  for (const auto& feed : effect.feeds)
    for (const auto& line : headlines(feed.change))
      (line.front() >= 'A' && line.front() <= 'Z' ? page.bad_news : page.good_news).push_back("Feed " + feed.feed + ": " + line);
  for (const auto& name : plan.refused)
    page.good_news.push_back(name + " comes as well, was withdrawn before, and is not enabled");
  for (const auto& warning : outcome.warnings) page.good_news.push_back("Warning: " + warning);
}

/// What the rules of a feed keep out for now, a line each.
Markup waiting_in(const Plan& plan, const std::string& feed) {
  Markup out;
  for (const auto& one : plan.judged)
    if (one.feed.name == feed && !one.verdict.takes()) {
      if (!out.empty()) out.html("<br>");
      out.text(one.name + " " + one.text);
    }
  return out;
}

Markup feeds_of(const Plan& plan, const PlanEffect& effect) {
  Markup out;
  for (const auto& [feed, enable, disable, change] : effect.feeds) {
    out.html("<section>\n<h2>Feed ").text(feed).html("</h2>\n");
    out.add(facts({{"Takes", text(enable.empty() ? "nothing" : some_of(enable, 50))},
                   {"Waits", waiting_in(plan, feed)},
                   {"Takes out", disable.empty() ? Markup() : text(some_of(disable, 50))}}));
    out.add(change_tables(change)).html("</section>\n");
  }
  return out;
}

Markup patchsets_of(const Plan& plan) {
  std::vector<Row> rows;
  for (const auto& p : plan.fresh) {
    Markup name = code(p.name.patchset.text);
    name.html("<br><small>").text(to_hex(p.archive)).html("</small>");
    rows.push_back({name, text(p.name.patchset.product), text(to_text(p.name.patchset.released)),
                    text(size_text(p.archive_bytes)), text(std::to_string(p.fixes.size()))});
  }
  Markup out("<section>\n<h2>Patchsets</h2>\n");
  out.add(table("New, with the SHA-256 of the vendor's archive",
                {{"Patchset", Column::Kind::name},
                 {"Product", Column::Kind::fixed},
                 {"Released", Column::Kind::fixed},
                 {"Archive", Column::Kind::number},
                 {"CVEs first closed", Column::Kind::number}},
                rows));
  const auto names = [](const std::vector<std::string>& all) { return all.empty() ? Markup() : text(some_of(all, 100)); };
  std::vector<std::string> restored, needs;
  for (const auto& p : plan.restored) restored.push_back(p.name.patchset.text);
  for (const auto& [bundle, missing] : plan.needs) needs.push_back(fmt::format("bundle {} ({})", bundle, some_of(missing)));
  return out
      .add(facts({{"Here already", names(plan.present)},
                  {"Put back", names(restored)},
                  {"Withdrawn", names(plan.withdrawn)},
                  {"Disabled by the rollback", names(plan.disabled)},
                  {"Enabled by the rollback", names(plan.enabled)},
                  {"Builds on, and not here", names(needs)},
                  {"Read from the medium", text(size_text(plan.read_bytes))},
                  {"Written, at most", text(size_text(plan.write_bytes))}}))
      .html("</section>\n");
}

Markup trust_of(const Plan& plan) {
  const Credentials& c = plan.credentials;
  Markup signers;
  for (const auto& one : c.signers) signers.add(signers.empty() ? Markup() : Markup("<br>")).add(code(one));
  signers.html("<br>").text(fmt::format("{} of {} needed, each checked", c.signers.size(), c.threshold));
  Markup out("<section>\n<h2>Who vouches for it</h2>\n");
  return out
      .add(facts(
          {{"Signed by", signers},
           {"In the name of", code(c.domain)},
           {"Root document", text(fmt::format("version {}, in force when this was made", c.root_version))},
           {"Words of what was signed", text(c.words)},
           {"SHA-256 of what was signed", code(c.statement)},
           {"Bundle", code(plan.bundle)},
           {"Number", text(std::to_string(plan.sequence))},
           {"Store", code(to_hex(plan.origin.stream.bytes))},
           {"Made", text(time_text(c.made) + ", by the exporter's clock")},
           {"Valid until", text(c.expires == 0 ? "no end given" : time_text(c.expires))},
           {"Encrypted", text(c.was_encrypted ? "yes, to this site" : "no")},
           {"Checked for this report",
            text(
                "signatures, root documents, the ledger of this site, the description; the payload is checked byte for byte when it is imported")}}))
      .html("</section>\n");
}

}  // namespace

Page plan_page(const ImportOutcome& outcome, const PlanEffect& effect, std::uint64_t time) {
  const Plan& plan = *outcome.plan;
  Page page;
  page.kind = plan.is_rollback ? "Plan of a rollback" : "Plan of an import";
  page.title = fmt::format("Bundle {} for site {}", plan.sequence, plan.site);
  page.site = plan.site;
  page.made = time;
  page.summary = standing_of(outcome);
  page.tiles = tiles_of(plan, effect);
  tell(outcome, effect, page);
  page.body.add(feeds_of(plan, effect)).add(patchsets_of(plan)).add(trust_of(plan));
  return page;
}

void write_plan(const std::string& path, const ImportOutcome& outcome, const std::optional<PlanEffect>& effect) {
  if (effect)
    write_report(path, plan_page(outcome, *effect, now()));
  else
    note("no report was written, since there is no plan");
}

}  // namespace patchferry::importer
