// SPDX-License-Identifier: Apache-2.0
// Names that would write to a terminal, break JSON, or become markup.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"
#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("a bundle's folder name cannot write to the terminal, nor break the JSON") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const std::string hostile = world.at("patchferry-\x1b[2J\n\xff");
  copy_tree(bundle, hostile);
  const std::string volume = volumes_of(hostile).front();
  write_contents(volume, contents(volume) + "x");
  const auto verified = world.verify({hostile});
  CHECK(verified.code == 1);
  CHECK(verified.err.find('\x1b') == std::string::npos);
  CHECK(verified.err.find("\\x1b") != std::string::npos);
  const auto document = world.verify({hostile, "--json"});
  CHECK(document.code == 1);
  CHECK(json_of(document)["findings"].size() == 1);
}

TEST_CASE("refusals never repeat what a member's name says to a terminal") {
  for (const std::string name : {"\x1b[31m", "../\x1b[31m", "/\n"}) {
    const auto read = read_tar(TarBuilder().file(name, "x").finish());
    REQUIRE_FALSE(read.facts);
    for (const char c : read.facts.error().text) CHECK((c >= 0x20 && c < 0x7f));
  }
}
