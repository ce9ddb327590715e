// SPDX-License-Identifier: Apache-2.0
// Head tokens as people bring them: read out, scanned, typed with a slip of the pen.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

struct Waiting {
  World world;
  std::string base = world.base();
  std::string token;

  Waiting() {
    world.release_kernels("K20260105_01", {{1, 1}}, 300);
    REQUIRE(world.import({world.export_more({"--full"})}).code == 0);
    world.release_kernels("K20260106_01", {{1, 2}}, 300);
    world.export_more({"--full"});
    token = world.head_token();
  }
  Outcome take(const std::string& text) const { return typed({"head", "take", "--base", base, "--text", text}); }
  Outcome take_from_stdin(const std::string& text) const {
    write_contents(world.at("stdin"), text);
    return Process({"patchferry", "head", "take", "--base", base, "-"}, open_file(world.at("stdin"), O_RDONLY)).wait();
  }
  void check_taken(const Outcome& done) const {
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(says(done.out, "bundle 2 is the newest for this site"));
    CHECK_FALSE(alarm_of(base, "held-back").empty());
  }
};

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

TEST_CASE("a head token is taken as one line, in small letters, over several lines, without its spaces, and from a file") {
  const auto as_it_is = [](const Waiting& w) { return w.take(w.token); };
  const auto in_small_letters = [](const Waiting& w) { return w.take(lower(w.token)); };
  const auto without_spaces = [](const Waiting& w) {
    std::string tight = w.token;
    std::erase(tight, ' ');
    return w.take(tight);
  };
  const auto over_lines = [](const Waiting& w) {
    std::string lines;
    for (std::size_t i = 0; i < w.token.size(); ++i) {
      lines += w.token[i] == ' ' && i % 2 == 0 ? '\n' : w.token[i];
      if (i % 37 == 30) lines += "\r\n  ";
    }
    return w.take_from_stdin(lines + "\n\n");
  };
  const auto from_a_file = [](const Waiting& w) {
    write_contents(w.world.at("token"), w.token + "\n");
    return typed({"head", "take", "--base", w.base, w.world.at("token")});
  };
  for (const auto& way :
       std::vector<Outcome (*)(const Waiting&)>{as_it_is, in_small_letters, without_spaces, over_lines, from_a_file}) {
    const Waiting w;
    w.check_taken(way(w));
    CHECK(w.take(w.token).code == 4);
  }
}

TEST_CASE("one wrong letter in a head token is a slip of the pen, and said to be one") {
  const Waiting w;
  const std::size_t begin = w.token.find(' ') + 1;
  for (std::size_t at = begin; at < w.token.size(); at += 11) {
    if (w.token[at] == ' ') continue;
    std::string slip = w.token;
    slip[at] = slip[at] == 'K' ? 'M' : 'K';
    const auto done = w.take(slip);
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(says(done.err, "was not written down right"));
    CHECK_FALSE(says(done.err, "sign"));
  }
  for (const std::string& text : {w.token.substr(0, w.token.size() - 6), w.token + " KKKKK", std::string("PATCHFERRY-HEAD-1"),
                                  std::string(), std::string("hello")}) {
    const auto done = w.take_from_stdin(text);
    INFO(text << "\n" << done.err);
    CHECK(done.code == 1);
    CHECK_FALSE(says(done.err, "signature"));
  }
  CHECK(w.take_from_stdin(std::string(9000, 'A')).code == 2);
  CHECK(alarm_of(w.base, "held-back").empty());
  CHECK(audited(w.base, "head").empty());
  w.check_taken(w.take(w.token));
}

TEST_CASE("a head token for another site, of another store, by another key: each is refused for what it is") {
  const Waiting w;
  const World& world = w.world;
  REQUIRE(typed({"keygen", "--out", world.at("stranger"), "--no-password"}).code == 0);
  world.export_full({}, "store", "plant2");
  world.release("K20260105_01", kernel_release("K20260105_01", {{1, 1}}, 300), "rebuilt");
  world.export_more({"--full"}, "rebuilt");
  const auto token = [&](const std::string& store, const std::string& site, const std::string& key) {
    const auto made =
        typed({"head", "make", "--store", world.at(store), "--site", site, "--key", world.at(key + ".key"), "--json"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    return json_of(made).at("token").get<std::string>();
  };
  CHECK(says(w.take(token("store", "plant2", "ops")).err, "meant for another site"));
  CHECK(says(w.take(token("rebuilt", "plant1", "ops")).err, "from another store"));
  // A stranger makes none for the bundles of another trust domain, and one for his own is believed by nobody.
  CHECK(typed({"head", "make", "--store", world.at("store"), "--site", "plant1", "--key", world.at("stranger.key")}).code == 2);
  world.export_full({}, "rebuilt", "plant1", "stranger");
  CHECK(says(w.take(token("rebuilt", "plant1", "stranger")).err, "not signed under keys that are enrolled here"));
  CHECK(audited(w.base, "head").empty());
  CHECK(typed({"head", "take", "--base", w.base}).code == 2);
  CHECK(typed({"head", "take", "--base", w.base, world.at("nosuch")}).code == 2);
  CHECK(typed({"head", "take", "--base", w.base, world.at("stdin"), "--text", w.token}).code == 2);
}

TEST_CASE("an older head token is stale, and takes nothing back") {
  const Waiting w;
  const std::string older = w.token;
  w.world.release_kernels("K20260107_01", {{1, 3}}, 300);
  w.world.export_more({"--full"});
  REQUIRE(w.take(w.world.head_token()).code == 0);
  const auto done = w.take(older);
  CHECK(done.code == 1);
  CHECK(says(done.err, "bundle 3 is known already"));
  CHECK(says(alarm_of(w.base, "held-back"), "bring bundle 3"));
}
