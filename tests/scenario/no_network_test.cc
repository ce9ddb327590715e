// SPDX-License-Identifier: Apache-2.0
// Verifying, planning, importing, deploying and serving the vendor's words make no network call: where asking for a socket is death,
// they live.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

Outcome without_network(const std::string& program, const Words& more) {
  Words words = {PATCHFERRY_LESSER_KERNEL, "network", "--", programs_folder() + "/" + program};
  words.insert(words.end(), more.begin(), more.end());
  return run(words);
}

}  // namespace

TEST_CASE("no command inside asks for the network") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  world.release("U20260112_01", user_release("U20260112_01", 1, 1));
  const std::string bundle = world.export_full();
  const std::string base = world.base(), key = world.at("ops.pub");
  write_archive(world.at("K20260201_01.tar.bz2"), kernel_release("K20260201_01", {{1, 2}}));
  CHECK(without_network("patchferry-verify", {bundle, "--trust", key}).code == 0);
  const std::vector<Words> commands = {
      {"diff", "--base", base, bundle},
      {"import", "--base", base, bundle},
      {"deploy", "--base", base, world.at("K20260201_01.tar.bz2")},
      {"archives", "--base", base},
      {"list", "--base", base},
      {"status", "--base", base},
      {"tick", "--base", base},
      {"check", "--base", base},
      {"clean", "--base", base},
      {"receipt", "--base", base, "--out", world.at("receipt")},
      {"backup", "--base", base, "--to", world.at("backup")},
  };
  for (const auto& command : commands) {
    INFO(command[0]);
    const Outcome outcome = without_network("patchferry-site", command);
    INFO(outcome.err);
    CHECK((outcome.code == 0 || outcome.code == 4));
  }
  // And it would have been noticed.
  CHECK(run({PATCHFERRY_LESSER_KERNEL, "network", "--", "/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET)"})
            .code == 128 + SIGSYS);
}
