// SPDX-License-Identifier: Apache-2.0
// Stores that were built anew, and numbers that are far ahead.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

using Kinds = std::vector<std::string>;

json streams(const std::string& base) {
  return json_of(typed({"trust", "stream", "list", "--base", base, "--json"})).at("streams");
}

/// The next export gets the number after this one.
void burn_numbers_to(const World& world, std::uint64_t sequence) {
  Database store(world.at("store/patchferry-store.sqlite"));
  Query(store, "INSERT INTO shipment(site, sequence, made, created) VALUES('plant1', ?1, 0, 0)").bind(sequence).run();
}

}  // namespace

TEST_CASE("a rebuilt store is another stream: refused by its id, accepted by a person, and its numbers go on") {
  const World world;
  const std::string base = world.base();
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  REQUIRE(streams(base).empty());
  for (int i = 0; i < 3; ++i) REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  const std::string old_id = streams(base)[0].at("stream");
  CHECK(streams(base)[0].at("sequence") == 3);
  CHECK(streams(base)[0].at("head") == nullptr);

  // The store is lost; a new one gets what the vendor has now.
  world.release("K20260106_01", kernel_release("K20260106_01", {{1, 2}}, 300), "rebuilt");
  const std::string foreign = world.export_more({"--full"}, "rebuilt");
  const auto before = visible(base);
  const auto refused = world.import({foreign, "--json"});
  CHECK(refused.code == 1);
  CHECK(kinds_of(refused) == Kinds{"unknown-stream"});
  CHECK(visible(base) == before);
  const std::string new_id = json_of(typed({"mirror", "list", "--store", world.at("rebuilt"), "--json"})).value("stream", "");
  CHECK(new_id.size() == 32);
  CHECK(says(refused.err, "patchferry trust stream add " + new_id));
  CHECK(says(typed({"trust", "stream", "add", "--help"}).out, "mirror list"));
  CHECK(says(typed({"mirror", "list", "--store", world.at("rebuilt")}).out, new_id));

  // The exporter sees the same by the receipt, before anything is carried.
  const auto hopeless = world.try_export({"--receipt", world.receipt(base)}, "rebuilt");
  CHECK(hopeless.code == 1);
  CHECK(says(hopeless.err, "trust stream add " + new_id));

  CHECK(typed({"trust", "stream", "add", "--base", base, new_id}).code == 0);
  CHECK(typed({"trust", "stream", "add", "--base", base, new_id}).code == 4);
  CHECK(typed({"trust", "stream", "add", "--base", base, "xyz"}).code == 2);
  CHECK(streams(base).size() == 2);
  const auto next = world.try_export({"--receipt", world.receipt(base)}, "rebuilt");
  INFO(next.err);
  REQUIRE(next.code == 0);
  CHECK(json_of(next).at("sequence") == 4);
  CHECK(json_of(next).at("patchsets") == json({"K20260106_01"}));
  REQUIRE(world.import({json_of(next).at("path")}).code == 0);
  CHECK(status_of(base).at("sequence") == 4);
  world.check_archives(base, {"K20260105_01", "K20260106_01"});
  for (const auto& stream : streams(base)) CHECK(stream.at("sequence") == (stream.at("stream") == new_id ? 4 : 3));

  CHECK(typed({"trust", "stream", "remove", "--base", base, old_id}).code == 0);
  CHECK(typed({"trust", "stream", "remove", "--base", base, old_id}).code == 4);
  const auto last = typed({"trust", "stream", "remove", "--base", base, new_id});
  CHECK(last.code == 2);
  CHECK(says(last.err, "the only store"));
  REQUIRE(streams(base).size() == 1);
  CHECK(streams(base)[0].at("stream") == new_id);
  CHECK(kinds_of(world.import({world.export_more({"--full"}), "--json"})) == Kinds{"unknown-stream"});
  CHECK(audited(base, "stream").size() == 2);
}

TEST_CASE("a number too far ahead is a jump, and passes only when a person has named that very number") {
  const World world;
  const std::string base = world.base();
  write_contents(world.at("config.toml"), "max_jump = 3\n");
  const Configured configured(world.at("config.toml"));
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  burn_numbers_to(world, 3);
  world.release_kernels("K20260106_01", {{1, 2}}, 300);
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);  // 4: as far as goes unasked
  burn_numbers_to(world, 8);
  world.release_kernels("K20260107_01", {{1, 3}}, 300);
  const std::string far = world.export_more({"--full"});
  const auto before = visible(base);
  for (const Words& more : {Words{}, Words{"--accept-jump", "8"}, Words{"--accept-jump", "10"}}) {
    Words words = {far, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const auto refused = world.import(words);
    INFO(refused.err);
    CHECK(refused.code == 1);
    CHECK(kinds_of(refused) == Kinds{"jump"});
    CHECK(says(refused.err, "--accept-jump 9"));
    CHECK(visible(base) == before);
  }
  CHECK(world.import({far, "--accept-jump", "nine"}).code == 2);
  REQUIRE(world.import({far, "--accept-jump", "9"}).code == 0);
  CHECK(status_of(base).at("sequence") == 9);
  CHECK(says(audited(base, "import").back(), "confirmed by hand"));
  // A confirmation that was not needed is not written down as one.
  world.release_kernels("K20260108_01", {{1, 4}}, 300);
  REQUIRE(world.import({world.export_more({"--full"}), "--accept-jump", "12"}).code == 0);
  CHECK_FALSE(says(audited(base, "import").back(), "confirmed by hand"));
}
