// SPDX-License-Identifier: Apache-2.0
// The whole way, as a person walks it.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

json patchset_of(const json& document, const std::string& name) {
  for (const auto& one : document.at("patchsets"))
    if (one.at("name") == name) return one;
  return nullptr;
}

std::string kernel_file(unsigned kernel, const std::string& rest) { return khash(kernel) + "/" + rest; }

}  // namespace

TEST_CASE("archives go from a store through volumes into a feed, and the next release brings only itself") {
  const World world;
  const std::string k1 = "K20260105_01", u1 = "U20260112_01", k2 = "K20260114_02", k3 = "K20260123_01";
  world.release_kernels(k1, {{1, 1}, {2, 1}, {3, 1}}, 60'000);
  world.release(u1, user_release(u1, 1, 2026011201));
  world.release_kernels(k2, {{1, 2}, {2, 1}}, 60'000);
  const auto store = json_of(typed({"mirror", "list", "--store", world.at("store"), "--json"}));
  REQUIRE(store.at("patchsets").size() == 3);
  CHECK(store["patchsets"][1].at("name") == u1);

  const std::string bundle = world.export_full({"--volume-size", "100KB"});
  CHECK(bundle == world.at("usb-store/patchferry-plant1-000001"));
  REQUIRE(volumes_of(bundle).size() >= 3);
  for (const auto& volume : volumes_of(bundle)) CHECK(contents(volume).size() <= 100'000);
  CHECK(world.verify({bundle}).code == 0);
  CHECK(run({"patchferry-verify", bundle, "--trust", world.at("ops.pub")}).code == 0);

  const auto before = visible(world.base());
  const auto plan = json_of(typed({"diff", "--base", world.base(), bundle, "--json"}));
  CHECK(plan.at("sequence") == 1);
  CHECK(plan.at("site") == "plant1");
  CHECK(plan.at("patchsets").at("new") == json({k1, u1, k2}));
  CHECK(plan.at("patchsets").at("present").empty());
  CHECK(plan.at("cves").at("gained").size() == 2);
  CHECK(plan.at("feeds").at("main").at("enable").size() == 3);
  const auto rehearsal = json_of(world.import({bundle, "--dry-run", "--json"}));
  CHECK(rehearsal.at("patchsets") == plan.at("patchsets"));
  CHECK(visible(world.base()) == before);

  const auto imported = world.import({bundle});
  INFO(imported.err);
  REQUIRE(imported.code == 0);
  world.check_archives(world.base(), {k1, u1, k2});
  const auto list = json_of(typed({"list", "--base", world.base(), "--json"}));
  REQUIRE(list.at("patchsets").size() == 3);
  CHECK(patchset_of(list, u1).at("product") == "user");
  CHECK(patchset_of(list, k2).at("feeds").at("main") == "enabled");
  CHECK(patchset_of(list, k2).at("archive").at("present") == true);

  auto feed = served(world.base());
  CHECK(feed.at(kernel_file(1, "latest.v1")) == "2\n");
  CHECK(feed.at(kernel_file(2, "latest.v1")) == "1\n");
  CHECK(feed.at(kernel_file(1, "2/kpatch.bin")) == noise(1002, 60'000));
  CHECK(feed.at(kernel_file(1, "1/kpatch.bin")) == noise(1001, 60'000));
  CHECK(feed.at(kernel_file(3, "1/kpatch.bin")) == noise(3001, 60'000));
  CHECK(feed.at("u/" + build_id(1) + "/latest/kpatch.bin").starts_with("KPATCH1"));
  CHECK(feed.at("u/" + build_id(1) + "/latest/kpatch.bin") == feed.at("u/" + build_id(1) + "/2026011201/kpatch.bin"));

  const auto after = visible(world.base());
  CHECK(world.import({bundle}).code == 4);
  CHECK(visible(world.base()) == after);

  const std::string receipt = world.at("plant1.receipt");
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", receipt}).code == 0);
  const Words next = {"export", "--store", world.at("store"),   "--to",   world.at("usb-store"), "--site",
                      "plant1", "--sign",  world.at("ops.key"), "--json", "--receipt",           receipt};
  const auto nothing = typed(next);
  CHECK(nothing.code == 4);
  CHECK(names_in(world.at("usb-store")).size() == 1);

  world.release_kernels(k3, {{1, 3}, {3, 2}}, 60'000);
  const auto shipped = typed(next);
  INFO(shipped.err);
  REQUIRE(shipped.code == 0);
  const auto shipment = json_of(shipped);
  CHECK(shipment.at("patchsets") == json({k3}));
  CHECK(shipment.at("sequence") == 2);
  const std::string second = shipment.at("path");
  CHECK(world.verify({second}).code == 0);
  REQUIRE(world.import({second}).code == 0);
  world.check_archives(world.base(), {k1, u1, k2, k3});
  feed = served(world.base());
  CHECK(feed.at(kernel_file(1, "latest.v1")) == "3\n");
  CHECK(feed.at(kernel_file(1, "3/kpatch.bin")) == noise(1003, 60'000));
  CHECK(feed.at(kernel_file(2, "latest.v1")) == "1\n");
  CHECK(feed.at(kernel_file(3, "latest.v1")) == "2\n");
}

TEST_CASE("export refuses to guess what a site has") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto done =
      typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign", world.at("ops.key")});
  CHECK(done.code == 1);
  CHECK(done.err.find("--full") != std::string::npos);
}

TEST_CASE("a bundle goes through a pipe without touching a disk between") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 300'000);
  auto [from, to] = pipe_ends();
  Process exporter({"patchferry", "export", "--store", world.at("store"), "--to", "-", "--site", "plant1", "--sign",
                    world.at("ops.key"), "--full"},
                   {}, std::move(to));
  Process importer({"patchferry", "import", "--base", world.base(), "-"}, std::move(from));
  const auto exported = exporter.wait();
  const auto imported = importer.wait();
  INFO(exported.err << imported.err);
  CHECK(exported.code == 0);
  CHECK(imported.code == 0);
  world.check_archives(world.base(), {"K20260105_01"});
}

TEST_CASE("a stream that ends early is refused, and stores nothing") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 300'000);
  const std::string volume = volumes_of(world.export_full()).front();
  const std::string whole = contents(volume);
  const auto before = visible(world.base());
  for (const std::size_t length : {std::size_t{0}, std::size_t{20}, std::size_t{700}, whole.size() / 2, whole.size() - 1}) {
    INFO(length);
    write_contents(world.at("part"), whole.substr(0, length));
    CHECK(Process({"patchferry", "import", "--base", world.base(), "-"}, patchferry::open_file(world.at("part"), O_RDONLY))
              .wait()
              .code == 1);
    CHECK(visible(world.base()) == before);
  }
  CHECK(Process({"patchferry", "import", "--base", world.base(), "-"}, patchferry::open_file(volume, O_RDONLY)).wait().code == 0);
}
