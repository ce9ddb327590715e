// SPDX-License-Identifier: Apache-2.0
// Archives that nobody has signed for, and what in an archive is never served, whoever signed. The open-source agents run
// `before`, `after` and `set-patch-server` where they find them beside a patch.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr const char* kScript = "#!/bin/sh\n";
const std::string kKernels = "K20260105_01";
const std::string kUsers = "U20260112_01";

/// At every depth at which a patch may lie but its own level's folder, of which all belongs to the vendor's patch.
std::vector<Member> with_scripts(const std::string& name, const std::string& ident, std::vector<Member> members) {
  for (const std::string script : {"before", "after", "set-patch-server", "latest.sh/run", "versions", "current"}) {
    members.push_back({name + "/" + script, kScript});
    members.push_back({name + "/" + ident + "/" + script, kScript});
    members.push_back({name + "/" + ident + "/scripts/" + script, kScript});
    members.push_back({name + "/" + ident + "/01/" + script, kScript});
    members.push_back({name + "/" + ident + "/4294967296/" + script, kScript});
    members.push_back({name + "/" + ident + "aa0/1/" + script, kScript});
    members.push_back({name + "/u/" + ident + "/1/" + script, kScript});
  }
  return members;
}

struct Unsigned {
  World world;
  std::string folder = world.at("portal");

  Unsigned() {
    make_folder(folder);
    write_archive(folder + "/" + kKernels + ".tar.bz2", with_scripts(kKernels, khash(1), kernel_release(kKernels, {{1, 1}})));
    write_archive(folder + "/" + kUsers + ".tar.bz2", with_scripts(kUsers, build_id(1), user_release(kUsers, 1, 2026011201)));
  }
  Words archives() const { return {folder + "/" + kKernels + ".tar.bz2", folder + "/" + kUsers + ".tar.bz2"}; }
};

/// Two files and a pointer of the kernel; the library's file, also through its link.
void check_served(const std::string& base) {
  const auto feed = served(base);
  CHECK(feed.size() == 5);
  for (const auto& [path, bytes] : feed) {
    INFO(path);
    CHECK(bytes != kScript);
    CHECK(bytes != "(broken)");
    CHECK((path.starts_with(khash(1) + "/") || path.starts_with("u/" + build_id(1) + "/")));
  }
}

void check_marked(const std::string& base) {
  const auto list = json_of(typed({"list", "--base", base, "--json"})).at("patchsets");
  REQUIRE(list.size() == 2);
  for (const auto& one : list) CHECK(one.at("authenticated") == false);
  const auto shown = typed({"list", "--base", base}).out;
  std::size_t marks = 0;
  for (auto at = shown.find("unauthenticated"); at != std::string::npos; at = shown.find("unauthenticated", at + 1)) ++marks;
  CHECK(marks == 2);
}

}  // namespace

TEST_CASE("nothing is served of the scripts in an archive that was deployed unsigned, and it is marked as unauthenticated") {
  const Unsigned given;
  Words words = {"deploy", "--base", given.world.base()};
  const auto archives = given.archives();
  words.insert(words.end(), archives.begin(), archives.end());
  const auto done = typed(words);
  INFO(done.err);
  REQUIRE(done.code == 0);
  check_served(given.world.base());
  check_marked(given.world.base());
  CHECK(says(audited(given.world.base(), "deploy").front(), "unsigned: " + kKernels));
}

TEST_CASE("nothing is served of the scripts in archives that were adopted, and they are marked as unauthenticated") {
  const Unsigned given;
  const auto done = typed({"adopt", "--base", given.world.base(), given.folder});
  INFO(done.err);
  REQUIRE(done.code == 0);
  check_served(given.world.base());
  check_marked(given.world.base());
}

TEST_CASE("where the policy forbids archives that nobody signed, deploy and adopt store nothing") {
  const Unsigned given;
  write_contents(given.world.at("config.toml"), "unsigned = \"refuse\"\n");
  const Configured strict(given.world.at("config.toml"));
  const auto before = visible(given.world.base());
  const auto deployed = typed({"deploy", "--base", given.world.base(), "--json", given.archives()[0]});
  CHECK(deployed.code == 1);
  CHECK(json_of(deployed).at("refused").at(0).at("kind") == "untrusted");
  const auto adopted = typed({"adopt", "--base", given.world.base(), given.folder});
  CHECK(adopted.code == 2);
  CHECK(says(adopted.err, "unsigned = \"refuse\""));
  CHECK(visible(given.world.base()) == before);
  CHECK(json_of(typed({"list", "--base", given.world.base(), "--json"})).at("patchsets").empty());
}

TEST_CASE("deploy --signed refuses an archive without a signature, and one whose signature is a stranger's") {
  const Unsigned given;
  const std::string archive = given.archives()[0];
  const auto deploy = [&] { return typed({"deploy", "--base", given.world.base(), "--signed", "--json", archive}); };
  CHECK(json_of(deploy()).at("refused").at(0).at("kind") == "untrusted");
  REQUIRE(typed({"keygen", "--out", given.world.at("mallory"), "--no-password"}).code == 0);
  REQUIRE(typed({"sign", archive, "--key", given.world.at("mallory.key")}).code == 0);
  const auto refused = deploy();
  CHECK(refused.code == 1);
  CHECK(json_of(refused).at("refused").at(0).at("kind") == "untrusted");
  CHECK(names_in(given.world.base() + "/arch").empty());
}

TEST_CASE("members beside kernels and build ids stay in the archive and are never served") {
  const World world;
  const std::string k = "K20260105_01", u = "U20260112_01";
  auto kernels = kernel_release(k, {{1, 1}});
  auto users = user_release(u, 1, 2026011201);
  for (const char* name : {"before", "after", "set-patch-server"}) {
    kernels.push_back({k + "/" + name, "#!/bin/sh\n"});
    users.push_back({u + "/" + name, "#!/bin/sh\n"});
    users.push_back({u + "/" + build_id(1) + "/" + name, "#!/bin/sh\n"});
  }
  world.release(k, kernels);
  world.release(u, users);
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.check_archives(world.base(), {k, u});
  const auto feed = served(world.base());
  CHECK(feed.size() == 5);  // kernel: two files and a pointer; user: the file, also through the link "latest"
  for (const auto& [path, bytes] : feed) {
    INFO(path);
    CHECK(bytes != "#!/bin/sh\n");
    CHECK(bytes != "(broken)");
  }
}
