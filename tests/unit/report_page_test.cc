// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <fcntl.h>

#include "importer/reports/plan_page.h"
#include "system/failure.h"
#include "system/file.h"
#include "tests/temp_folder.h"

using namespace patchferry;
using namespace patchferry::importer;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Names that no parser of ours lets through: should one ever fail, the page must not.
constexpr const char* kHostile = "\"><script>alert('1')</script><img src=x onerror=y>&amp;\x01\xe2\x80\xae";

ImportOutcome hostile_outcome() {
  ImportOutcome out;
  out.kind = ImportOutcome::Kind::planned;
  Plan plan;
  plan.bundle = plan.site = kHostile;
  ManifestPatchset fresh;
  fresh.name.patchset.text = fresh.name.patchset.product = fresh.name.file = kHostile;
  plan.fresh.push_back(fresh);
  plan.restored.push_back(fresh);
  plan.present = plan.withdrawn = plan.refused = plan.enabled = plan.disabled = {kHostile};
  plan.needs[3] = {kHostile};
  plan.credentials.domain = plan.credentials.words = plan.credentials.statement = kHostile;
  plan.credentials.signers = {kHostile};
  out.plan = plan;
  out.warnings = {kHostile};
  out.findings = {{RefusalKind::incomplete, kHostile, kHostile, kHostile, {}}};
  return out;
}

PlanEffect hostile_effect() {
  FeedEffect feed;
  feed.feed = kHostile;
  feed.enable = feed.disable = {kHostile};
  feed.change.kernels = {{kHostile, "kernel", Served{kHostile, 1, {}, true}, Served{kHostile, 2, {}, true}, false},
                         {"ident", kHostile, std::nullopt, Served{kHostile, 2, {}, true}, false}};
  feed.change.gained = feed.change.lost = {{kHostile, 98, {kHostile, "other"}}};
  feed.change.unread = {{kHostile, Served{kHostile, 2, {}, true}}};
  PlanEffect out;
  out.feeds = {feed};
  out.gained = out.lost = feed.change.gained;
  return out;
}

}  // namespace

TEST_CASE("text stays text in HTML, in elements and in attributes") {
  const std::pair<const char*, const char*> table[] = {
      {"plain", "plain"},
      {"<b>", "&lt;b&gt;"},
      {"a&b", "a&amp;b"},
      {"&lt;", "&amp;lt;"},
      {"\" onclick='x'", "&quot; onclick=&#39;x&#39;"},
      {"two\nlines", "two lines"},
      {"\x01\x7f", "\\x01\\x7f"},
      {"\xe2\x80\xae", "\\xe2\\x80\\xae"},  // turns the direction of what follows
  };
  for (const auto& [from, to] : table) CHECK(text(from).str() == to);
  CHECK(code("<").str() == "<code>&lt;</code>");
}

TEST_CASE("a table escapes its caption and cells, and is left out where it has no rows") {
  CHECK(table("empty", {{"A"}}, {}).empty());
  const std::string out = table("<caption>", {{"<head>"}}, {{text("<cell>")}}).str();
  CHECK(has(out, "<caption>&lt;caption&gt;</caption>"));
  CHECK(has(out, ">&lt;head&gt;</th>"));
  CHECK(has(out, ">&lt;cell&gt;</td>"));
}

TEST_CASE("no name in a bundle becomes markup in the report about it") {
  const std::string page = html_of(plan_page(hostile_outcome(), hostile_effect(), 1'767'607'200));
  CHECK(has(page, "&lt;script&gt;"));
  for (const char* never : {"<script", "<img", "onerror=y>", "alert('", "\x01", "\xe2\x80\xae"}) {
    INFO(never);
    CHECK_FALSE(has(page, never));
  }
  // Without what was escaped there is nothing of it: as many elements as with harmless names.
  const auto count = [](const std::string& text) { return std::count(text.begin(), text.end(), '<'); };
  auto outcome = hostile_outcome();
  auto effect = hostile_effect();
  outcome.plan->site = "plant1";
  effect.feeds[0].feed = "main";
  CHECK(count(html_of(plan_page(outcome, effect, 0))) == count(page));
}

TEST_CASE("a report loads nothing, says so to its browser, and can be signed") {
  const std::string page = html_of(plan_page(hostile_outcome(), hostile_effect(), 1'767'607'200));
  CHECK(page.starts_with("<!DOCTYPE html>\n<!-- patchferry-report-1 -->\n"));
  CHECK(has(page, "content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  for (const char* never : {"http:", "https:", "url(", "@import", "<link", " src=\"", " href="}) {
    INFO(never);
    CHECK_FALSE(has(page, never));
  }
  CHECK(has(page, "prefers-color-scheme: dark"));
  CHECK(has(page, "@media print"));
  CHECK(has(page, "Signature"));
  CHECK(has(page, "2026-01-05 10:00:00 UTC"));
  // Not by colour alone.
  CHECK(has(page, "<b>9.8</b> critical"));
}

TEST_CASE("a report replaces an earlier report and no other file") {
  const test::TempFolder folder;
  const std::string path = folder.path() + "/plan.html";
  check_report_path(path);
  const Page page = plan_page(hostile_outcome(), hostile_effect(), 0);
  write_report(path, page);
  CHECK((stat_of(open_file(path, O_RDONLY)).st_mode & 0777) == 0644);
  check_report_path(path);
  const std::string other = folder.path() + "/other.html";
  write_all(open_file(other, O_WRONLY | O_CREAT), as_bytes("<!DOCTYPE html>\n<p>mine</p>\n"));
  make_symlink(path, folder.path() + "/link.html");
  for (const std::string& bad :
       {other, folder.path(), folder.path() + "/link.html", folder.path() + "/none/plan.html", std::string("-")})
    CHECK_THROWS_AS(check_report_path(bad), UsageError);
}
