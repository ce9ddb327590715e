// SPDX-License-Identifier: Apache-2.0
// Rotation over the gap: a key that was rotated out stops counting as soon as any medium has told the site, and nothing that
// comes later, nor a database put back, brings it to life again.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/attacks/thief.h"
#include "tests/scenario/team.h"

using namespace patchferry::test;

namespace {

const std::vector<std::string> kOldRoot = {"old-root"};

/// The plant has bundle 1 and knows document 1; trust-before/ keeps what a thief of rob's key may have. Then rob goes.
class Rotated {
 public:
  Rotated() : team(world) {
    world.release_kernels("K20260105_01", {{1, 1}});
    REQUIRE(team.import({team.export_signed({"ria", "rob"})}).code == 0);
    copy_tree(team.trust(), world.at("trust-before"));
    team.rotate({"--remove-release", team.pub("rob")});
    REQUIRE(version() == 1);
  }
  /// A new bundle of those who have not heard of it, or do not want to.
  std::string old_bundle(const Words& more = {"--full"}) const {
    return team.export_signed({"ria", "rob"}, more, "trust-before");
  }
  std::string new_bundle(const Words& more = {"--full"}) const { return team.export_signed({"ria", "roy"}, more); }
  unsigned version() const { return team.root_version_at(team.plant()); }

  World world;
  Team team;
};

Outcome update(const std::string& base, const std::string& trust) { return typed({"trust", "update", "--base", base, trust}); }

}  // namespace

TEST_CASE("once a bundle has brought the news, nothing counts that the old keys sign, however new it is") {
  const Rotated now;
  const std::string before = now.old_bundle();
  const auto good = now.team.import({now.new_bundle()});
  INFO(good.err);
  CHECK(good.code == 0);
  CHECK(says(good.err, "root document 2 is in force here from now on"));
  CHECK(now.version() == 2);
  CHECK(says(typed({"log", "--base", now.team.plant()}).out, "root document 2 of domain"));
  const auto shown = visible(now.team.plant());
  for (const auto& bundle : {before, now.old_bundle()})
    for (const char* command : {"diff", "import"}) {
      const auto refused = now.team.import({bundle}, command);
      CHECK(refused.code == 1);
      CHECK(kinds_of(refused) == kOldRoot);
    }
  // Rob under the documents in force: he has no role there.
  CHECK(now.team.try_export({"ria", "rob"}).code == 1);
  const std::string forced = now.team.export_signed({"ria"});
  sign_by_force(forced, {now.team.key("rob")});
  const auto stranger = now.team.import({forced});
  CHECK(stranger.code == 1);
  CHECK(kinds_of(stranger) == std::vector<std::string>{"unknown-key"});
  CHECK(visible(now.team.plant()) == shown);

  // The same forced signature by roy is good: it is the key that counts, not how it came there.
  const std::string control = now.team.export_signed({"roy", "ria"});
  CHECK(now.team.import({control}).code == 0);
}

TEST_CASE("a new root document is reason enough for a bundle, and only once") {
  const Rotated now;
  const Words by_receipt = {"--receipt", now.team.receipt_of(now.team.plant()), "--json"};
  const auto news = now.team.try_export({"ria", "roy"}, by_receipt);
  INFO(news.err);
  REQUIRE(news.code == 0);
  CHECK(json_of(news)["patchsets"].empty());
  const auto taken = now.team.import({json_of(news)["path"].get<std::string>()});
  INFO(taken.err);
  CHECK(taken.code == 0);
  CHECK(now.version() == 2);
  now.world.check_archives(now.team.plant(), {"K20260105_01"});
  now.team.receipt_of(now.team.plant());
  CHECK(now.team.try_export({"ria", "roy"}, by_receipt).code == 4);
}

TEST_CASE("trust update stops a stolen key before the next bundle comes") {
  const Rotated now;
  now.world.release_kernels("K20260114_02", {{1, 2}});
  const std::string on_its_way = now.old_bundle();
  CHECK(now.team.import({on_its_way}, "diff").code == 0);
  const auto done = update(now.team.plant(), now.team.trust());
  CHECK(done.code == 0);
  CHECK(says(done.out, "root document 2 is in force from now on"));
  CHECK(kinds_of(now.team.import({on_its_way})) == kOldRoot);
  CHECK(update(now.team.plant(), now.team.trust()).code == 4);

  // Backwards, sideways, or half signed, it does not go.
  const auto back = update(now.team.plant(), now.world.at("trust-before"));
  CHECK(back.code == 1);
  CHECK(says(back.err, "document 2 is in force"));
  REQUIRE(typed({"trust", "create", "--out", now.world.at("foreign"), "--root", now.world.at("ops.pub"), "--sign",
                 now.world.at("ops.key")})
              .code == 0);
  CHECK(update(now.team.plant(), now.world.at("foreign")).code == 1);
  REQUIRE(typed({"trust", "rotate", "--trust", now.team.trust(), "--new-epoch", "--sign", now.team.key("ann")}).code == 0);
  CHECK(update(now.team.plant(), now.team.trust()).code == 1);
  // A second document 2, signed well: two histories, and the site keeps to the one that it knows.
  REQUIRE(typed({"trust", "rotate", "--trust", now.world.at("trust-before"), "--remove-release", now.team.pub("ria"), "--sign",
                 now.team.key("ann"), "--sign", now.team.key("ben")})
              .code == 0);
  const auto sideways = update(now.team.plant(), now.world.at("trust-before"));
  CHECK(sideways.code == 1);
  CHECK(says(sideways.err, "another root document 2"));
  CHECK(now.version() == 2);
}

TEST_CASE("a bundle that is refused for another reason still tells who may sign; looking at one does not") {
  const Rotated now;
  std::string bundle;
  Words volumes;
  std::vector<std::string> kinds;
  int code = 1;
  SECTION("stale") {
    bundle = now.new_bundle();                               // bundle 2
    REQUIRE(now.team.import({now.old_bundle()}).code == 0);  // bundle 3
    kinds = {"stale"};
  }
  SECTION("a volume is missing") {
    now.world.release_kernels("K20260114_02", {{1, 2}, {2, 2}});
    bundle = now.new_bundle({"--full", "--volume-size", "20kB"});
    REQUIRE(volumes_of(bundle).size() >= 3);
    patchferry::remove_file(volumes_of(bundle)[1]);
    kinds = {"missing-volume"};
    code = 5;
  }
  SECTION("of another site") {
    const auto done =
        typed({"export", "--store", now.world.at("store"), "--to", now.world.at("usb"), "--site", "plant2", "--full", "--trust",
               now.team.trust(), "--sign", now.team.key("ria"), "--sign", now.team.key("roy"), "--json"});
    bundle = json_of(done)["path"];
    kinds = {"wrong-site"};
  }
  SECTION("damaged") {
    bundle = now.new_bundle();
    std::string bytes = contents(volumes_of(bundle)[0]);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_contents(volumes_of(bundle)[0], bytes);
    kinds = {"damaged"};
  }
  for (const Words& look : {Words{"diff", bundle}, Words{"import", bundle, "--dry-run"}}) {
    Words words = {look[0], "--base", now.team.plant()};
    words.insert(words.end(), look.begin() + 1, look.end());
    typed(words);
    CHECK(now.version() == 1);
  }
  const auto refused = now.team.import({bundle});
  INFO(refused.err);
  CHECK(refused.code == code);
  CHECK(kinds_of(refused) == kinds);
  CHECK(now.version() == 2);
  CHECK(kinds_of(now.team.import({now.old_bundle()})) == kOldRoot);
}

TEST_CASE("a site ten rotations behind catches up from one bundle") {
  const Rotated now;
  for (int i = 0; i < 9; ++i) now.team.rotate({"--new-epoch"});
  now.team.rotate({"--add-release", now.team.pub("rob"), "--remove-release", now.team.pub("ria")});
  CHECK(now.version() == 1);
  const auto done = now.team.import({now.team.export_signed({"rob", "roy"})});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(now.version() == 12);
  CHECK(kinds_of(now.team.import({now.old_bundle()})) == kOldRoot);
}

TEST_CASE("a site that enrolled one key follows its owner to root documents without being told") {
  const World world;  // base/ believes ops.pub
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto ops_alone = [&](const std::string& stick) {
    const auto done = typed({"export", "--store", world.at("store"), "--to", world.at(stick), "--site", "plant1", "--full",
                             "--sign", world.at("ops.key"), "--json"});
    return json_of(done)["path"].get<std::string>();
  };
  REQUIRE(world.import({ops_alone("usb-1")}).code == 0);
  REQUIRE(
      typed({"trust", "create", "--out", world.at("grown"), "--root", world.at("ops.pub"), "--sign", world.at("ops.key")}).code ==
      0);
  const auto grown = typed({"trust",
                            "rotate",
                            "--trust",
                            world.at("grown"),
                            "--remove-root",
                            world.at("ops.pub"),
                            "--add-root",
                            team.pub("ann"),
                            "--add-root",
                            team.pub("ben"),
                            "--add-root",
                            team.pub("cem"),
                            "--root-threshold",
                            "2",
                            "--remove-release",
                            world.at("ops.pub"),
                            "--add-release",
                            team.pub("ria"),
                            "--add-release",
                            team.pub("rob"),
                            "--add-release",
                            team.pub("roy"),
                            "--release-threshold",
                            "2",
                            "--remove-head",
                            world.at("ops.pub"),
                            "--add-head",
                            team.pub("hal"),
                            "--sign",
                            world.at("ops.key"),
                            "--sign",
                            team.key("ann"),
                            "--sign",
                            team.key("ben")});
  INFO(grown.err);
  REQUIRE(grown.code == 0);
  REQUIRE(json_of(typed({"trust", "show", world.at("grown"), "--json"}))["complete"] == true);

  world.release_kernels("K20260114_02", {{1, 2}});
  const auto done = world.import({team.export_signed({"ria", "rob"}, {"--full"}, "grown")});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(team.root_version_at(world.base()) == 2);
  world.check_archives(world.base(), {"K20260105_01", "K20260114_02"});

  // The one key of old is nobody now, although its .pub still lies in trust/.
  const auto refused = world.import({ops_alone("usb-2"), "--json"});
  CHECK(refused.code == 1);
  CHECK(kinds_of(refused) == kOldRoot);
  CHECK(world.import({team.export_signed({"roy", "rob"}, {"--full"}, "grown")}).code == 0);
}

namespace {

/// The plant as it was while document 1 was in force, and the plant after document 2 came with bundle 2.
class PutBack : public Rotated {
 public:
  PutBack() : plant_(team.plant()) {
    typed({"status", "--base", plant_});
    copy_tree(plant_, world.at("backup"));
    REQUIRE(team.import({new_bundle()}).code == 0);
    REQUIRE(version() == 2);
  }
  /// Of the backup: `what` begins their names.
  void put_back(const std::string& what) const {
    const auto copy = [&](const std::string& folder) {
      for (const auto& name : names_in(world.at("backup") + folder))
        if (name.starts_with(what) || name.ends_with(what)) {
          patchferry::remove_file(plant_ + folder + "/" + name);
          write_contents(plant_ + folder + "/" + name, contents(world.at("backup") + folder + "/" + name));
        }
    };
    copy("");
    copy("/trust");
  }
  void put_back_database() const {
    for (const auto& name : names_in(plant_))
      if (name.starts_with("patchferry.sqlite")) patchferry::remove_file(plant_ + "/" + name);
    put_back("patchferry.sqlite");
  }

  std::size_t documents_kept() const {
    const auto names = names_in(plant_ + "/trust");
    REQUIRE(names.size() == 1);
    return json_of(typed({"trust", "show", plant_ + "/trust/" + names[0], "--json"}))["documents"].size();
  }

 private:
  std::string plant_;
};

}  // namespace

TEST_CASE("an old database put back does not make the old keys good again: the root documents lie beside it") {
  const PutBack plant;
  plant.put_back_database();
  const auto refused = plant.team.import({plant.old_bundle()});
  CHECK(refused.code == 1);
  CHECK(kinds_of(refused) == kOldRoot);
  CHECK(says(refused.err, "alarm: the database is behind its copy"));
  CHECK(plant.version() == 2);
  // Not even for a person who vouches for the ledger.
  CHECK(kinds_of(plant.team.import({plant.old_bundle(), "--without-head", "the disk was broken"})) == kOldRoot);

  // What is signed under the keys in force comes in, once somebody vouches.
  const std::string fresh = plant.new_bundle();
  CHECK(kinds_of(plant.team.import({fresh})) == std::vector<std::string>{"needs-head"});
  CHECK(plant.team.import({fresh, "--without-head", "the disk was broken"}).code == 0);

  // From then on the database knows again, should the files beside it be put back now.
  plant.put_back(".root");
  CHECK(plant.version() == 2);
  CHECK(kinds_of(plant.team.import({plant.old_bundle()})) == kOldRoot);
}

TEST_CASE("as long as a head token is awaited, nothing else overwrites the second copy of the ledger") {
  const PutBack plant;
  const auto take = [&](const Words& more) {
    Words make = {"head",    "make",
                  "--store", plant.world.at("store"),
                  "--site",  "plant1",
                  "--trust", plant.team.trust(),
                  "--key",   plant.team.key("hal"),
                  "--out",   plant.world.at("plant1.head")};
    make.insert(make.end(), more.begin(), more.end());
    const auto made = typed(make);
    INFO(made.err);
    REQUIRE(made.code == 0);
    return typed({"head", "take", "--base", plant.team.plant(), plant.world.at("plant1.head")});
  };
  // How far the stream had come: "<epoch> <sequence> <hash>" of its line.
  const auto positions = [&] {
    const std::string copy = contents(plant.team.plant() + "/ledger.copy");
    const auto line = copy.find("\nstream ") + 1;
    const std::string stream = copy.substr(line, copy.find('\n', line) - line);
    return stream.substr(std::string("stream ").size() + 32 + std::string(" 1 0 ").size());
  };
  const std::string witness = positions();
  plant.put_back_database();
  // True, and not made for the challenge: the site knows what is newest, and not whether somebody hides the rest from it.
  const auto unasked = take({});
  INFO(unasked.err);
  CHECK(unasked.code == 0);
  CHECK(positions() == witness);
  plant.put_back_database();
  CHECK(says(typed({"status", "--base", plant.team.plant()}).err, "alarm: the database is behind its copy"));
}

TEST_CASE("old root documents put back beside the database that knows better change nothing") {
  const PutBack plant;
  plant.put_back(".root");
  CHECK(plant.version() == 2);
  CHECK(kinds_of(plant.team.import({plant.old_bundle()})) == kOldRoot);
  // The next good bundle brings them again.
  CHECK(plant.team.import({plant.new_bundle()}).code == 0);
  CHECK(plant.documents_kept() == 2);
}

TEST_CASE("database and root documents put back together: the second copy of the ledger knows both, and asks for a head token") {
  const PutBack plant;
  plant.put_back_database();
  plant.put_back(".root");
  const auto refused = plant.team.import({plant.old_bundle()});
  CHECK(refused.code == 1);
  CHECK(kinds_of(refused) == kOldRoot);  // the copy has told how far the root documents had come
  CHECK(says(refused.err, "alarm: the database is behind its copy"));

  // A bundle under newer documents is refused as well, and moves them forward; the copy stays the witness of what was there,
  // so that putting the database back once more is noticed once more.
  plant.team.rotate({"--new-epoch"});
  CHECK(kinds_of(plant.team.import({plant.new_bundle()})) == std::vector<std::string>{"needs-head"});
  CHECK(plant.version() == 3);
  plant.put_back_database();
  const auto again = plant.team.import({plant.new_bundle()});
  CHECK(kinds_of(again) == std::vector<std::string>{"needs-head"});
  CHECK(says(again.err, "alarm: the database is behind its copy"));
}

TEST_CASE("what a head key has said is forgotten once it is rotated out, so that a thief's numbers block nothing") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  REQUIRE(typed({"keygen", "--out", world.at("hugo"), "--no-password"}).code == 0);
  // A copy of the store, in the hands of the thief, makes a bundle 2 of its own, and a head token that names it.
  const std::string first = team.export_signed({"ria", "rob"});
  REQUIRE(team.import({first}).code == 0);
  copy_tree(world.at("store"), world.at("stolen"));
  world.release("K20260112_01", kernel_release("K20260112_01", {{1, 2}}, 300), "stolen");
  team.export_signed({"ria", "rob"}, {"--full"}, "trust", "stolen");
  REQUIRE(typed({"head", "make", "--store", world.at("stolen"), "--site", "plant1", "--trust", team.trust(), "--key",
                 team.key("hal"), "--out", world.at("false.head")})
              .code == 0);
  REQUIRE(typed({"head", "take", "--base", team.plant(), world.at("false.head")}).code == 0);
  world.release_kernels("K20260119_01", {{1, 3}}, 300);
  const std::string second = team.export_signed({"ria", "rob"});
  CHECK(kinds_of(team.import({second})) == std::vector<std::string>{"fork"});

  team.rotate({"--add-head", world.at("hugo.pub"), "--remove-head", team.pub("hal")});
  REQUIRE(typed({"trust", "update", "--base", team.plant(), team.trust()}).code == 0);
  CHECK(kinds_of(team.import({second})) == std::vector<std::string>{"old-root"});  // signed before the rotation
  CHECK(team.import({team.export_signed({"ria", "rob"})}).code == 0);
}
