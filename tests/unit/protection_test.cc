// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>

#include "importer/audit_words.h"
#include "importer/reports/protection.h"
#include "importer/reports/protection_text.h"
#include "importer/rules/rules.h"

using namespace patchferry;
using namespace patchferry::importer;

namespace {

/// What levels close, by "<patchset>/<ident>/<level>".
using Infos = std::map<std::string, std::vector<CveFix>>;

ReadInfo reader(const Infos& infos) {
  return [&infos](const LevelChange& change, const Served& level) -> std::optional<KpatchInfo> {
    const auto found = infos.find(level.patchset + "/" + change.ident + "/" + std::to_string(level.level));
    if (found == infos.end()) return std::nullopt;
    return KpatchInfo{change.kernel, found->second};
  };
}

Served served(const std::string& patchset, std::uint64_t level, unsigned digest = 0) {
  Served out{patchset, level, {}, true};
  out.digest[0] = static_cast<std::byte>(digest);
  return out;
}

std::string text_of(const std::vector<CveChange>& changes) {
  std::string out;
  for (const auto& one : changes) {
    out += (out.empty() ? "" : "; ") + one.cve + " " + score_text(one.cvss_tenths) + ":";
    for (const auto& kernel : one.kernels) out += " " + kernel;
  }
  return out;
}

const CveFix kA{"CVE-2025-1000", 55}, kB{"CVE-2025-2000", 98}, kC{"CVE-2025-3000", 0};

}  // namespace

TEST_CASE("each way in which a kernel's level can change has its word") {
  const struct {
    std::optional<Served> from, to;
    const char* word;
    const char* text;
  } table[] = {
      {std::nullopt, served("K2", 3), "added", "new, at 3"},
      {served("K1", 3), served("K2", 5), "raised", "3 to 5"},
      {served("K2", 5), served("K1", 3), "lowered", "5 to 3"},
      {served("K1", 3, 1), served("K2", 3, 2), "reissued", "3, issued again"},
      {served("K1", 3, 1), served("K2", 3, 1), "unchanged", "3"},
      {served("K1", 3), std::nullopt, "lost", "3 to none"},
      {std::nullopt, std::nullopt, "unchanged", ""},
  };
  for (const auto& row : table) {
    const LevelChange change{"id", "kernel", row.from, row.to, false};
    CHECK(std::string(word_for(turn_of(change))) == row.word);
    CHECK(level_text(change) == row.text);
  }
  const LevelChange brought{"id", "kernel", served("K1", 3), std::nullopt, true};
  CHECK(std::string(word_for(turn_of(brought))) == "brought");
  CHECK(level_text(brought) == "3 to one in the bundle");
}

TEST_CASE("CVEs gained and lost are told by kernel, the highest score first") {
  const Infos infos = {{"K1/a/1", {kA}}, {"K2/a/2", {kA, kB, kC}}, {"K1/b/4", {kA, kB}},
                       {"K2/b/3", {kB}}, {"K1/c/1", {kC}},         {"K2/d/1", {kB}}};
  const auto change = compare({{"a", "alpha", served("K1", 1), served("K2", 2), false},
                               {"b", "beta", served("K1", 4), served("K2", 3), false},
                               {"c", "gamma", served("K1", 1), std::nullopt, false},
                               {"d", "delta", std::nullopt, served("K2", 1), false}},
                              reader(infos));
  CHECK(text_of(change.gained) == "CVE-2025-2000 9.8: alpha delta; CVE-2025-3000 ?: alpha");
  CHECK(text_of(change.lost) == "CVE-2025-1000 5.5: beta; CVE-2025-3000 ?: gamma");
  CHECK(highest(change.gained) == 98);
  CHECK(kernels_in(change.gained) == 2);
  REQUIRE(change.kernels.size() == 4);
  CHECK(change.kernels[2].kernel == "delta");  // by name, not by ident
  CHECK(change.unread.empty());
}

TEST_CASE("a level that does not change is not read") {
  const ReadInfo never = [](const LevelChange&, const Served&) -> std::optional<KpatchInfo> {
    FAIL("read");
    return std::nullopt;
  };
  const auto change = compare({{"a", "alpha", served("K1", 1), served("K2", 1), false}}, never);
  CHECK(change.kernels.empty());
}

TEST_CASE("of a level whose tree is missing nothing is claimed, neither gained nor lost") {
  const Infos infos = {{"K1/a/1", {kA}}};
  const auto change = compare({{"a", "alpha", served("K1", 1), served("K2", 2), false}}, reader(infos));
  CHECK(change.gained.empty());
  CHECK(change.lost.empty());
  REQUIRE(change.unread.size() == 1);
  CHECK(change.unread[0].level.patchset == "K2");
  REQUIRE(change.kernels.size() == 1);
  CHECK(headlines(change).front().starts_with("NOT KNOWN"));
}

TEST_CASE("what is lost is said first, and in capitals") {
  const Infos infos = {{"K1/a/1", {kA, kB}}};
  auto change = compare({{"a", "alpha", served("K1", 1), std::nullopt, false}}, reader(infos));
  CHECK(headlines(change).at(0) == "LOST: 2 CVEs for 1 kernel, highest 9.8 (critical)");
  CHECK(headlines(change).at(1) == "NO LONGER SERVED: 1 kernel or build id");
  change.lost_at_most = true;
  CHECK(headlines(change).at(0) ==
        "LOST: up to 2 CVEs for 1 kernel, highest 9.8 (critical); what the bundle brings may close some of them again");
}

TEST_CASE("severity words are those of CVSS 3") {
  const std::pair<unsigned, const char*> table[] = {{0, "unknown"}, {1, "low"},       {39, "low"},
                                                    {40, "medium"}, {69, "medium"},   {70, "high"},
                                                    {89, "high"},   {90, "critical"}, {100, "critical"}};
  for (const auto& [tenths, word] : table) CHECK(std::string(word_for(severity_of(tenths))) == word);
}

TEST_CASE("names are found in the audit log's text as whole words") {
  const struct {
    const char* text;
    const char* word;
    bool found;
  } table[] = {
      {"main: K20260105_01", "K20260105_01", true},
      {"main: K20260105_010", "K20260105_01", false},
      {"main: XK20260105_01 K20260105_01", "K20260105_01", true},
      {"main: U20210818_01-qemu", "U20210818_01", false},
      {"main: K20260105_01; test: K2", "main", true},
      {"main-2: K20260105_01", "main", false},
      {"mainframe", "main", false},
      {"into main, 1 patchset", "main", true},
      {"main", "", false},
  };
  for (const auto& row : table) {
    INFO(row.text << " / " << row.word);
    CHECK(has_word(row.text, row.word) == row.found);
  }
  CHECK(names_patchset("arch/ has K20260105_01.tar.bz2 again, ", "K20260105_01"));
  CHECK(names_patchset("16012017_1.tgz", "16012017_1"));
  CHECK_FALSE(names_patchset("K20260105_010.tar.bz2", "K20260105_01"));
}
