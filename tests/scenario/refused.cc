// SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/refused.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bundle-format/statement.h"
#include "bundle-format/volume.h"

namespace patchferry::test {

std::vector<Region> regions_of(const std::string& volume_bytes) {
  const ByteSpan all = as_bytes(volume_bytes);
  const auto preamble = decode_preamble(all.first(kPreambleSize));
  REQUIRE(preamble);
  const auto statement = decode_statement(all.subspan(kPreambleSize + preamble->envelope_bytes, kStatementSize));
  REQUIRE(statement);
  const bool described = preamble->volume == 1 || preamble->volume == statement->volumes;
  std::vector<Region> out;
  std::size_t at = 0;
  const auto add = [&](const char* name, std::uint64_t bytes) {
    if (bytes > 0) out.push_back({name, at, at + static_cast<std::size_t>(bytes)});
    at += static_cast<std::size_t>(bytes);
  };
  add("preamble", kPreambleSize);
  add("envelope", preamble->envelope_bytes);
  add("statement", kStatementSize);
  add("root chain", preamble->root_chain_bytes);
  add("volume table", preamble->volume_table_bytes);
  add("leaves", preamble->leaves_bytes);
  add("manifest", described ? statement->manifest_bytes : 0);
  add("tables", described ? statement->table_bytes : 0);
  add("payload", volume_bytes.size() - at);
  return out;
}

void check_refused(const World& world, const Words& bundle, const std::string& kind) {
  const auto before = visible(world.base());
  auto words = bundle;
  words.emplace_back("--json");
  const auto verified = world.verify(words);
  CHECK(verified.code == 1);
  const auto document = json_of(verified);
  CHECK(document.at("ok") == false);
  CHECK_FALSE(document.at("findings").empty());
  if (!kind.empty()) {
    INFO(document.dump(2));
    CHECK(std::any_of(document["findings"].begin(), document["findings"].end(),
                      [&](const auto& f) { return f.at("kind") == kind; }));
  }
  const auto imported = world.import(bundle);
  INFO(imported.err);
  CHECK(imported.code == 1);
  CHECK(imported.err.find("patchferry: error: ") != std::string::npos);
  CHECK(visible(world.base()) == before);
}

void check_import_refuses(const World& world, const std::string& bundle, const std::string& kind) {
  const auto before = visible(world.base());
  const auto imported = world.import({bundle, "--json"});
  INFO(imported.out << imported.err);
  CHECK(imported.code == 1);
  CHECK(json_of(imported).at("findings").at(0).at("kind") == kind);
  CHECK(typed({"diff", "--base", world.base(), bundle}).code == 1);
  CHECK(visible(world.base()) == before);
}

}  // namespace patchferry::test
