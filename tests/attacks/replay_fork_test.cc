// SPDX-License-Identifier: Apache-2.0
// Two signed bundles under one number: refused, and kept as evidence; and what looks like one and is none.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/hash.h"
#include "bundle-format/root_document.h"
#include "bundle-format/statement.h"
#include "bundle-format/volume.h"
#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

std::string name_of(unsigned number) { return fmt::format("K202601{:02}_01", number); }

/// The signed parts of a bundle, as they lie in its first volume.
struct Parts {
  std::string statement, envelope, root_chain;
  std::string folder;  // that they are kept in
};

Parts parts_of(const std::string& bundle) {
  const std::string volume = contents(volumes_of(bundle).front());
  const auto preamble = decode_preamble(as_bytes(volume).first(kPreambleSize));
  REQUIRE(preamble);
  Parts out;
  std::size_t at = kPreambleSize;
  const auto take = [&](std::size_t bytes) {
    at += bytes;
    return volume.substr(at - bytes, bytes);
  };
  out.envelope = take(preamble->envelope_bytes);
  out.statement = take(kStatementSize);
  out.root_chain = take(preamble->root_chain_bytes);
  const auto statement = decode_statement(as_bytes(out.statement));
  REQUIRE(statement);
  const Digest hash = sha256(as_bytes(out.statement));
  out.folder = fmt::format("bundle-{:06}-{}", statement->sequence, to_hex(ByteSpan(hash).first(8)));
  return out;
}

/// That what speaks of these bundles, and nothing else, is in evidence/.
void check_evidence(const std::string& base, const std::vector<std::string>& bundles) {
  std::vector<std::string> folders;
  for (const auto& bundle : bundles) {
    const Parts parts = parts_of(bundle);
    folders.push_back(parts.folder);
    const std::string kept = base + "/evidence/" + parts.folder;
    INFO(kept);
    REQUIRE(exists(kept));
    CHECK(names_in(kept) == std::vector<std::string>{"envelope", "root-chain", "statement"});
    CHECK(contents(kept + "/statement") == parts.statement);
    CHECK(contents(kept + "/envelope") == parts.envelope);
    CHECK(contents(kept + "/root-chain") == parts.root_chain);
  }
  std::sort(folders.begin(), folders.end());
  CHECK(names_in(base + "/evidence") == folders);
}

void check_fork(const World& world, const std::string& bundle) {
  const auto before = visible(world.base());
  const auto planned = typed({"diff", "--base", world.base(), bundle});
  CHECK(planned.code == 1);
  const auto done = world.import({bundle, "--json"});
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  CHECK(kinds_of(done) == std::vector<std::string>{"fork"});
  CHECK(visible(world.base()) == before);
}

/// Two stores that were one until a moment ago: "store" and "copy", each with a release of its own. The numbers that both
/// have made are at the site.
struct TwoStores {
  World world;
  std::vector<std::string> before;  // bundles

  explicit TwoStores(unsigned made) {
    for (unsigned i = 1; i <= made; ++i) {
      world.release_kernels(name_of(i), {{1, i}}, 300);
      before.push_back(world.export_more({"--full"}));
      REQUIRE(world.import({before.back()}).code == 0);
    }
    if (made == 0) world.release_kernels(name_of(1), {{1, 1}}, 300);
    copy_tree(world.at("store"), world.at("copy"));
    world.release_kernels(name_of(20), {{2, 1}}, 300);
    world.release(name_of(21), kernel_release(name_of(21), {{3, 1}}, 300), "copy");
  }
};

}  // namespace

TEST_CASE("a second bundle under the number that was imported last is a fork, and both are kept") {
  const TwoStores two(1);
  const World& world = two.world;
  const std::string mine = world.export_more({"--full"}), other = world.export_more({"--full"}, "copy");
  REQUIRE(world.import({mine}).code == 0);
  CHECK(alarm_of(world.base(), "fork").empty());
  check_fork(world, other);
  check_evidence(world.base(), {mine, other});
  CHECK(says(alarm_of(world.base(), "fork"), "evidence/bundle-000002-"));
  CHECK(audited(world.base(), "fork").size() == 1);
  // Once more changes nothing, and the right one goes on.
  check_fork(world, other);
  CHECK(audited(world.base(), "fork").size() == 1);
  CHECK(world.import({mine}).code == 4);
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  CHECK_FALSE(alarm_of(world.base(), "fork").empty());
}

TEST_CASE("a second bundle under an older number is a fork, not merely stale") {
  const TwoStores two(1);
  const World& world = two.world;
  const std::string other = world.export_more({"--full"}, "copy"), mine = world.export_more({"--full"});
  REQUIRE(world.import({mine}).code == 0);
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  check_fork(world, other);
  check_evidence(world.base(), {mine, other});
}

TEST_CASE("a bundle that follows another one than was imported gives the fork away") {
  const TwoStores two(1);
  const World& world = two.world;
  const std::string mine = world.export_more({"--full"});
  REQUIRE(world.import({mine}).code == 0);
  world.export_more({"--full"}, "copy");  // the other bundle 2 never comes here
  const std::string third = world.export_more({"--full"}, "copy");
  check_fork(world, third);
  check_evidence(world.base(), {mine, third});
  CHECK_FALSE(alarm_of(world.base(), "fork").empty());
}

TEST_CASE("evidence of a fork under two signers holds the root documents of each") {
  const TwoStores two(1);
  const World& world = two.world;
  REQUIRE(typed({"keygen", "--out", world.at("second"), "--no-password"}).code == 0);
  const std::string base = world.at("believes-both");
  REQUIRE(typed({"init", "--base", base, "--site", "plant1", "--trust", world.at("ops.pub"), "--trust", world.at("second.pub")})
              .code == 0);
  const std::string mine = world.export_more({"--full"});
  const std::string other = world.export_full({}, "copy", "plant1", "second");
  REQUIRE(world.import_into(base, {mine}).code == 0);
  CHECK(kinds_of(world.import_into(base, {other, "--json"})) == std::vector<std::string>{"fork"});
  check_evidence(base, {mine, other});
}

TEST_CASE("a head token for another bundle than the one that came is a fork, and so is a bundle that a token contradicts") {
  const TwoStores two(1);
  const World& world = two.world;
  const std::string mine = world.export_more({"--full"});
  world.export_more({"--full"}, "copy");
  REQUIRE(world.import({mine}).code == 0);
  const std::string token = world.head_token({}, "copy");
  for (int again = 0; again < 2; ++again) {
    const auto taken = typed({"head", "take", "--base", world.base(), "--text", token});
    CHECK(taken.code == 1);
    CHECK(says(taken.err, "it speaks of another bundle 2"));
  }
  CHECK(audited(world.base(), "fork").size() == 1);
  CHECK(audited(world.base(), "head").empty());
  CHECK_FALSE(alarm_of(world.base(), "fork").empty());
  const auto kept = names_in(world.base() + "/evidence");
  REQUIRE(kept.size() == 2);
  CHECK(kept[0] == parts_of(mine).folder);
  CHECK(contents(world.base() + "/evidence/" + kept[0] + "/statement") == parts_of(mine).statement);
  CHECK(kept[1].starts_with("head-000002-"));
  CHECK(contents(world.base() + "/evidence/" + kept[1] + "/token") == token);

  const TwoStores ahead(1);
  const std::string base = ahead.world.base();
  const std::string second = ahead.world.export_more({"--full"});
  ahead.world.export_more({"--full"}, "copy");
  REQUIRE(typed({"head", "take", "--base", base, "--text", ahead.world.head_token({}, "copy")}).code == 0);
  check_fork(ahead.world, second);
  check_evidence(base, {second});
  CHECK(says(alarm_of(base, "fork"), "evidence/bundle-000002-"));
}

TEST_CASE("an exporter killed between the medium and its own record does not look like a fork") {
  const World world;
  world.release_kernels(name_of(1), {{1, 1}}, 300);
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  world.release_kernels(name_of(2), {{1, 2}}, 300);
  const std::string second = world.export_more({"--full"});
  {
    // As the store is when the last step is missing: nobody knows whether the bundle was made.
    Database store(world.at("store/patchferry-store.sqlite"));
    Query(store, "UPDATE shipment SET made=0 WHERE sequence=2").run();
    Query(store, "DELETE FROM shipment_patchset WHERE sequence=2").run();
  }
  REQUIRE(world.import({second}).code == 0);
  world.release_kernels(name_of(3), {{1, 3}}, 300);
  const auto third = world.import({world.export_more({"--full"})});
  INFO(third.err);
  CHECK(third.code == 0);
  CHECK_FALSE(exists(world.base() + "/evidence"));
}
