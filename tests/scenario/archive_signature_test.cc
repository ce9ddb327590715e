// SPDX-License-Identifier: Apache-2.0
// A single archive and its signature: signed by one or by several, each on their own machine, and verified anywhere.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/team.h"

using namespace patchferry::test;

namespace {

const std::string kFile = "K20260105_01.tar.bz2";

std::string an_archive(const World& world) {
  write_archive(world.at("downloads/" + kFile), kernel_release("K20260105_01", {{1, 1}}));
  return world.at("downloads/" + kFile);
}

Outcome sign(const std::string& path, const Words& more) {
  Words words = {"sign", path};
  words.insert(words.end(), more.begin(), more.end());
  return typed(words);
}

Outcome verify(const std::string& path, const std::string& trust) { return typed({"verify", path, "--trust", trust, "--json"}); }

void check_refused(const std::string& path, const std::string& trust, const std::string& kind) {
  const auto done = verify(path, trust);
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  CHECK(kinds_of(done) == std::vector<std::string>{kind});
  CHECK(json_of(done).at("ok") == false);
}

}  // namespace

TEST_CASE("one key signs an archive, and whoever trusts that key can check it") {
  const World world;
  const std::string path = an_archive(world);
  check_refused(path, world.at("ops.pub"), "threshold");  // nobody has signed it yet
  const auto signed_now = sign(path, {"--key", world.at("ops.key")});
  INFO(signed_now.err);
  REQUIRE(signed_now.code == 0);
  CHECK(says(signed_now.out, "words of what is signed: "));
  CHECK(says(signed_now.out, "valid: 1 of 1 signatures"));
  CHECK(names_in(world.at("downloads")) == std::vector<std::string>{kFile, kFile + ".sig"});

  const auto good = verify(path, world.at("ops.pub"));
  CHECK(good.code == 0);
  const auto document = json_of(good);
  CHECK(document.at("ok") == true);
  CHECK(document.at("archive").at("name") == kFile);
  CHECK(document.at("archive").at("bytes") == contents(path).size());
  CHECK(document.at("signed").size() == 1);
  CHECK(document.at("findings").empty());
  const auto plain = typed({"verify", path, "--trust", world.at("ops.pub")});
  CHECK(plain.code == 0);
  CHECK(says(plain.out, "good: " + kFile));
  CHECK(run({"patchferry-verify", path, "--trust", world.at("ops.pub")}).code == 0);

  const std::string before = contents(path + ".sig");
  const auto again = sign(path, {"--key", world.at("ops.key"), "--json"});
  CHECK(again.code == 4);
  CHECK(json_of(again).at("added") == 0);
  CHECK(contents(path + ".sig") == before);

  // A store takes it as before: the .sig file beside it is none of its archives.
  CHECK(typed({"mirror", "add", "--store", world.at("store"), world.at("downloads")}).code == 0);
}

TEST_CASE("an archive that is not the one that was signed is refused by what is wrong with it") {
  const World world;
  const std::string path = an_archive(world);
  REQUIRE(sign(path, {"--key", world.at("ops.key")}).code == 0);
  const std::string good = contents(path), signature = contents(path + ".sig");
  REQUIRE(typed({"keygen", "--no-password", "--out", world.at("other")}).code == 0);

  std::string altered = good;
  altered[good.size() / 2] = static_cast<char>(altered[good.size() / 2] ^ 1);
  write_contents(path, altered);
  check_refused(path, world.at("ops.pub"), "damaged");
  write_contents(path, good.substr(0, good.size() - 1));
  check_refused(path, world.at("ops.pub"), "cut");
  write_contents(path, good + "x");
  check_refused(path, world.at("ops.pub"), "extended");
  const auto others = sign(path, {"--key", world.at("other.key")});
  CHECK(others.code == 1);
  CHECK(says(others.err, "trust domain"));
  write_contents(path, good);
  check_refused(path, world.at("other.pub"), "untrusted");

  const std::string renamed = world.at("downloads/K20260114_02.tar.bz2");
  write_contents(renamed, good);
  write_contents(renamed + ".sig", signature);
  check_refused(renamed, world.at("ops.pub"), "conflict");
  const auto not_over = sign(renamed, {"--key", world.at("ops.key")});  // a signature is never replaced by another's
  CHECK(not_over.code == 1);
  CHECK(contents(renamed + ".sig") == signature);

  write_contents(path + ".sig", signature + "x");
  check_refused(path, world.at("ops.pub"), "malformed");
  std::string bent = signature;
  bent[bent.size() - 40] = static_cast<char>(bent[bent.size() - 40] ^ 1);
  write_contents(path + ".sig", bent);
  check_refused(path, world.at("ops.pub"), "bad-signature");
  CHECK(sign(path, {"--key", world.at("ops.key")}).code == 1);
  patchferry::remove_file(path + ".sig");
  patchferry::make_symlink(renamed + ".sig", path + ".sig");
  check_refused(path, world.at("ops.pub"), "not-regular");
}

TEST_CASE("two of three sign an archive on their own machines; rotating another key spoils nothing, rotating theirs does") {
  const World world;
  const Team team(world);
  const std::string path = an_archive(world);
  const auto first = sign(path, {"--trust", team.trust(), "--key", team.key("ria"), "--json"});
  INFO(first.err);
  REQUIRE(first.code == 0);
  CHECK(json_of(first).at("complete") == false);
  CHECK(json_of(first).at("signatures") == nlohmann::json{{"have", 1}, {"need", 2}});
  check_refused(path, team.trust(), "threshold");
  for (const char* name : {"ann", "hal", "ops"}) {
    const auto done = sign(path, {"--trust", team.trust(), "--key", team.key(name)});
    CHECK(done.code == 1);
    CHECK(says(done.err, "does not hold the role 'release'"));
  }
  CHECK(sign(path, {"--key", team.key("rob")}).code == 1);  // without --trust that key founds a domain of its own

  copy_tree(world.at("downloads"), world.at("at-rob"));
  const std::string robs = world.at("at-rob/" + kFile);
  const auto second = sign(robs, {"--trust", team.trust(), "--key", team.key("rob"), "--json"});
  REQUIRE(second.code == 0);
  CHECK(json_of(second).at("complete") == true);
  CHECK(json_of(second).at("words") == json_of(first).at("words"));
  CHECK(verify(robs, team.trust()).code == 0);
  CHECK(json_of(verify(robs, team.trust())).at("signed").size() == 2);
  check_refused(path, team.trust(), "threshold");  // Ria's own copy counts as little as before

  team.keygen("zoe");
  team.rotate({"--remove-release", team.pub("roy"), "--add-release", team.pub("zoe")});
  CHECK(verify(robs, team.trust()).code == 0);
  team.keygen("max");
  team.rotate({"--remove-release", team.pub("rob"), "--add-release", team.pub("max")});
  check_refused(robs, team.trust(), "unknown-key");
  REQUIRE(sign(robs, {"--trust", team.trust(), "--key", team.key("max")}).code == 0);
  CHECK(verify(robs, team.trust()).code == 0);
}

TEST_CASE("sign takes no file that is not an archive of the vendor's, and words that do not belong are pointed out") {
  const World world;
  const std::string path = world.at("downloads/" + kFile);
  write_contents(path, "<html>404 Not Found</html>\n");
  const auto page = sign(path, {"--key", world.at("ops.key")});
  CHECK(page.code == 1);
  CHECK(says(page.err, "not-an-archive"));
  CHECK_FALSE(patchferry::exists(path + ".sig"));

  an_archive(world);
  CHECK(sign(path, {}).code == 2);
  CHECK(sign(path, {"--key", world.at("ops.key"), "--merge", path}).code == 2);
  CHECK(sign(path, {path, "--key", world.at("ops.key")}).code == 2);
  CHECK(sign(path, {"--key", world.at("ops.pub")}).code == 2);
  write_contents(world.at("downloads/latest.tar.bz2"), contents(path));
  CHECK(sign(world.at("downloads/latest.tar.bz2"), {"--key", world.at("ops.key")}).code == 2);
  CHECK(names_in(world.at("downloads")) == std::vector<std::string>{kFile, "latest.tar.bz2"});
  REQUIRE(sign(path, {"--key", world.at("ops.key")}).code == 0);
  CHECK(typed({"verify", path, path, "--trust", world.at("ops.pub")}).code == 2);
  CHECK(typed({"verify", path}).code == 2);
}
