// SPDX-License-Identifier: Apache-2.0
// Patchsets that the vendor has taken back leave every feed, and stay out whatever comes later.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

const std::string k1 = "K20260105_01", k2 = "K20260106_01", k3 = "K20260107_01";

Outcome withdraw(const World& world, const std::string& name) {
  return typed({"mirror", "withdraw", "--store", world.at("store"), "--yes", name});
}

json patchset_of(const std::string& base, const std::string& name) {
  const auto list = json_of(typed({"list", "--base", base, "--json"}));
  for (const auto& one : list.at("patchsets"))
    if (one.at("name") == name) return one;
  return nullptr;
}

void check_withdrawn(const std::string& base, const std::string& name, const std::string& latest) {
  CHECK(served(base).at(khash(1) + "/latest.v1") == latest);
  CHECK(patchset_of(base, name).at("withdrawn") == true);
  CHECK(patchset_of(base, name).at("feeds").value("main", "withdrawn") == "withdrawn");
  CHECK(says(typed({"list", "--base", base}).out, "withdrawn by vendor"));
}

/// Two releases of a kernel, at the site; the newer one is withdrawn, and the bundle that says so is made.
struct Withdrawn {
  World world;
  std::string base = world.base();
  std::string first;                        // bundle with both
  std::string second;                       // that withdraws
  std::string old_store = world.at("old");  // as the store was before it knew

  Withdrawn() {
    world.release_kernels(k1, {{1, 1}}, 300);
    world.release_kernels(k2, {{1, 2}}, 300);
    first = world.export_more({"--full"});
    REQUIRE(world.import({first}).code == 0);
    CHECK(served(base).at(khash(1) + "/latest.v1") == "2\n");
    copy_tree(world.at("store"), old_store);
    REQUIRE(withdraw(world, k2).code == 0);
    second = world.export_more({"--receipt", world.receipt(base)});
  }
};

}  // namespace

TEST_CASE("a withdrawal travels alone, is shown first, and takes the patchset out of every feed") {
  const Withdrawn w;
  const World& world = w.world;
  CHECK(withdraw(world, k2).code == 4);
  CHECK(withdraw(world, "nonsense").code == 2);
  CHECK(says(typed({"mirror", "list", "--store", world.at("store")}).out, "withdrawn by vendor"));

  const auto plan = typed({"diff", "--base", w.base, w.second});
  REQUIRE(plan.code == 0);
  CHECK(plan.out.starts_with("WITHDRAWN BY THE VENDOR: " + k2));
  const auto document = json_of(typed({"diff", "--base", w.base, w.second, "--json"}));
  CHECK(document.at("patchsets").at("new").empty());
  CHECK(document.at("patchsets").at("withdrawn") == json({k2}));
  CHECK(document.at("feeds").at("main").at("disable") == json({k2}));
  CHECK(served(w.base).at(khash(1) + "/latest.v1") == "2\n");

  const auto done = world.import({w.second});
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(says(done.out, "withdrawn by the vendor: " + k2));
  check_withdrawn(w.base, k2, "1\n");
  CHECK(served(w.base).count(khash(1) + "/2/kpatch.bin") == 0);
  CHECK(says(audited(w.base, "import").back(), "withdrawn: " + k2));

  // The site confirms it; then there is nothing to tell.
  const auto next = world.try_export({"--receipt", world.receipt(w.base)});
  CHECK(next.code == 4);
  CHECK(world.try_export({}).code == 4);
}

TEST_CASE("a withdrawal is told again until a receipt confirms it") {
  const Withdrawn w;
  const std::string before = w.world.receipt(w.base);
  CHECK(w.world.try_export({"--receipt", before}).code == 0);
  w.world.release_kernels(k3, {{1, 3}}, 300);
  const auto third = w.world.try_export({"--receipt", before});
  REQUIRE(third.code == 0);
  CHECK(json_of(third).at("withdrawn") == json({k2}));
  CHECK(json_of(third).at("patchsets") == json({k3}));
  REQUIRE(w.world.import({json_of(third).at("path")}).code == 0);
  check_withdrawn(w.base, k2, "3\n");
  CHECK(w.world.try_export({"--receipt", w.world.receipt(w.base)}).code == 4);
}

TEST_CASE("one-way sites are told of a withdrawal, too") {
  const World world;
  world.release_kernels(k1, {{1, 1}}, 300);
  world.release_kernels(k2, {{1, 2}}, 300);
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  REQUIRE(withdraw(world, k2).code == 0);
  const std::string told = world.export_more({"--assume-delivered", "1"});
  CHECK(world.try_export({"--assume-delivered", "0"}).code == 4);
  REQUIRE(world.import({told}).code == 0);
  check_withdrawn(world.base(), k2, "1\n");
}

TEST_CASE("what was withdrawn stays disabled, whatever comes and whoever asks") {
  const Withdrawn w;
  const World& world = w.world;
  REQUIRE(world.import({w.second}).code == 0);

  world.import({w.second});
  world.import({w.first});
  check_withdrawn(w.base, k2, "1\n");

  make_folder(world.at("found"));
  write_contents(world.at("found/" + k2 + ".tar.bz2"), contents(world.at("downloads/" + k2 + ".tar.bz2")));
  CHECK(typed({"adopt", "--base", w.base, world.at("found")}).code <= 4);
  check_withdrawn(w.base, k2, "1\n");

  CHECK(world.import({w.second, "--feed", "main"}).code == 4);
  check_withdrawn(w.base, k2, "1\n");

  // A full bundle of the store as it was before it knew, with a number that is newer all the same; its archive is put back.
  remove_file(w.base + "/arch/" + k2 + ".tar.bz2");
  {
    Database store(world.at("old/patchferry-store.sqlite"));
    Query(store, "INSERT INTO shipment(site, sequence, made, created) VALUES('plant1', 3, 0, 0)").run();
  }
  world.release(k3, kernel_release(k3, {{1, 3}}, 300), "old");
  const auto unknowing = world.import({world.export_more({"--full"}, "old"), "--feed", "main"});
  INFO(unknowing.err);
  REQUIRE(unknowing.code == 0);
  CHECK(status_of(w.base).at("sequence") == 4);
  check_withdrawn(w.base, k2, "3\n");
  CHECK(served(w.base).count(khash(1) + "/2/kpatch.bin") == 0);
  world.check_archives(w.base, {k1, k2, k3});
}

TEST_CASE("a withdrawal that comes before its patchset keeps it disabled, by bundle or by hand") {
  const World world;
  const std::string base = world.base();
  world.release_kernels(k1, {{1, 1}}, 300);
  REQUIRE(withdraw(world, k2).code == 0);  // known to nobody yet
  REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
  CHECK(patchset_of(base, k2) == nullptr);

  copy_tree(base, world.at("second"));
  world.release(k2, kernel_release(k2, {{1, 2}}, 300), "rebuilt");
  const std::string id = json_of(typed({"mirror", "list", "--store", world.at("rebuilt"), "--json"})).at("stream");
  REQUIRE(typed({"trust", "stream", "add", "--base", base, id}).code == 0);
  const std::string bundle = world.export_more({"--full"}, "rebuilt");
  CHECK(says(typed({"diff", "--base", base, bundle}).out, "withdrawn by the vendor before it came, so not enabled: " + k2));
  CHECK(json_of(typed({"diff", "--base", base, bundle, "--json"})).at("feeds").at("main").at("enable").empty());
  REQUIRE(world.import({bundle}).code == 0);
  check_withdrawn(base, k2, "1\n");

  const std::string second = world.at("second");
  make_folder(world.at("found"));
  write_contents(world.at("found/" + k2 + ".tar.bz2"), contents(world.at("downloads/" + k2 + ".tar.bz2")));
  REQUIRE(typed({"adopt", "--base", second, world.at("found")}).code == 0);
  check_withdrawn(second, k2, "1\n");
}

TEST_CASE("going back does not bring back what was withdrawn") {
  const Withdrawn w;
  REQUIRE(w.world.import({w.second}).code == 0);
  REQUIRE(typed({"permit", "make", "--store", w.world.at("store"), "--site", "plant1", "--bundle", "1", "--key",
                 w.world.at("ops.key"), "--receipt", w.world.receipt(w.base), "--out", w.world.at("permit")})
              .code == 0);
  const auto done = w.world.import({w.first, "--rollback", w.world.at("permit")});
  INFO(done.err);
  CHECK(done.code == 0);
  check_withdrawn(w.base, k2, "1\n");
}
