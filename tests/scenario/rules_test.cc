// SPDX-License-Identifier: Apache-2.0
// Feeds that follow rules: what they take, when, and what people are told of what waits.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/in_zone.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

constexpr std::uint64_t kHour = 3600;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kMonday = 1767571200;  // 2026-01-05 00:00

const std::string kFirst = "K20260105_01", kSecond = "K20260112_01", kThird = "K20260113_01";

/// A release for one kernel that closes one CVE with this score ("N/A": none), and all that came before it, as the vendor's files say.
std::vector<Member> release(const std::string& name, unsigned level, const std::vector<std::string>& scores) {
  const std::string folder = name + "/" + khash(1) + "/";
  std::string info = "uname: 5.10.0-1\n\n";
  for (std::size_t i = 0; i < scores.size(); ++i)
    info += fmt::format("kpatch-name: fix {0}\nkpatch-cve: CVE-2026-{1}\nkpatch-cvss: {2}\n\n", i, 1001 + i, scores[i]);
  return {{folder + std::to_string(level) + "/kpatch.bin", fmt::format("patch {}", level)},
          {folder + std::to_string(level) + "/kpatch.info", info},
          {folder + "latest.v1", std::to_string(level) + "\n"}};
}

/// Three releases, the second of which closes something critical.
class Plant {
 public:
  Plant() {
    world.release(kFirst, release(kFirst, 1, {"5.0"}));
    world.release(kSecond, release(kSecond, 2, {"5.0", "9.8"}));
    world.release(kThird, release(kThird, 3, {"5.0", "9.8", "6.1"}));
    bundle = world.export_full();
  }
  Outcome type(Words words) const {
    words.insert(words.end(), {"--base", world.base()});
    return typed(words);
  }
  json asked(Words words) const {
    words.emplace_back("--json");
    return json_of(type(words));
  }
  /// What a feed has enabled, in release order.
  Words enabled(const std::string& feed = "main") const {
    Words out;
    const auto all = asked({"list"});
    for (const auto& p : all.at("patchsets"))
      if (p.at("feeds").at(feed) == "enabled") out.push_back(p.at("name"));
    return out;
  }
  /// Why a patchset waits in a feed: "delay 1767571200", "sticky null", "" if it does not.
  std::string waiting(const std::string& name, const std::string& feed = "main") const {
    const auto all = asked({"list"});
    for (const auto& p : all.at("patchsets"))
      if (p.at("name") == name && p.at("waiting").contains(feed))
        return p["waiting"][feed].at("reason").get<std::string>() + " " + p["waiting"][feed].at("until").dump();
    return "";
  }
  int code(const Words& words) const { return type(words).code; }

  World world;
  std::string bundle;
};

}  // namespace

TEST_CASE("a delay counts from the vendor's release: a fresh site takes what is old enough, tick the rest in its time") {
  const Plant plant;
  const AtTime monday(kMonday + 7 * kDay + 10 * kHour);
  REQUIRE(plant.code({"feed", "change", "main", "--deploy-after", "48"}) == 0);
  CHECK(plant.code({"feed", "change", "main", "--deploy-after", "48"}) == 4);

  const auto plan = plant.asked({"diff", plant.bundle});
  CHECK(plan.at("feeds").at("main").at("enable") == json({kFirst}));
  const auto waits = plan.at("feeds").at("main").at("waiting");
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].at("name") == kSecond);
  CHECK(waits[0].at("reason") == "delay");
  CHECK(waits[0].at("until") == kMonday + 9 * kDay);
  CHECK(says(plant.type({"diff", plant.bundle}).out, kSecond + " waits until 2026-01-14 00:00 UTC: 48 hours after its release"));

  const auto imported = plant.world.import({plant.bundle});
  REQUIRE(imported.code == 0);
  CHECK(says(imported.err, "in feed main, " + kSecond + " waits until 2026-01-14 00:00 UTC"));
  CHECK_FALSE(says(imported.err, kFirst));
  CHECK(plant.enabled() == Words{kFirst});
  CHECK(plant.waiting(kSecond) == fmt::format("delay {}", kMonday + 9 * kDay));
  CHECK(served(plant.world.base()).at(khash(1) + "/latest.v1") == "1\n");
  CHECK(plant.code({"tick"}) == 4);
  {
    const AtTime before(kMonday + 9 * kDay - 1);
    CHECK(plant.code({"tick"}) == 4);
  }
  const AtTime due(kMonday + 9 * kDay);
  const auto done = plant.asked({"tick"});
  REQUIRE(done.at("changes").size() == 1);
  CHECK(done["changes"][0].at("patchset") == kSecond);
  CHECK(done.at("waiting").size() == 1);
  CHECK(plant.enabled() == Words{kFirst, kSecond});
  CHECK(served(plant.world.base()).at(khash(1) + "/latest.v1") == "2\n");
  CHECK(audited(plant.world.base(), "tick") == Words{"main: " + kSecond});
  // A clock that is put back takes nothing out again.
  const AtTime back(kMonday);
  CHECK(plant.code({"tick"}) == 4);
  CHECK(plant.enabled() == Words{kFirst, kSecond});
}

TEST_CASE("a delay from arrival makes a fresh site wait; import --feed and enable do not") {
  const Plant plant;
  const AtTime later(kMonday + 100 * kDay);
  REQUIRE(plant.code({"feed", "change", "main", "--deploy-after", "24", "--count-from", "arrival"}) == 0);
  REQUIRE(plant.code({"feed", "add", "lab", "--auto", "--deploy-after", "24", "--count-from", "arrival"}) == 0);
  REQUIRE(plant.world.import({plant.bundle, "--feed", "lab"}).code == 0);
  CHECK(plant.enabled().empty());
  CHECK(plant.enabled("lab").size() == 3);
  CHECK(plant.code({"enable", kFirst}) == 0);
  CHECK(plant.enabled() == Words{kFirst});
  const AtTime due(kMonday + 101 * kDay);
  CHECK(plant.code({"tick"}) == 0);
  CHECK(plant.enabled().size() == 3);
}

TEST_CASE("what is urgent does not wait, and fixes that an older patchset has closed do not make it so") {
  const Plant plant;
  const AtTime monday(kMonday + 8 * kDay);
  REQUIRE(plant.code({"feed", "change", "main", "--deploy-after", "168", "--urgent", "9.0", "--needs-approval"}) == 0);
  const auto plan = plant.asked({"diff", plant.bundle});
  CHECK(plan.at("feeds").at("main").at("enable") == json({kSecond}));
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled() == Words{kSecond});
  CHECK(plant.waiting(kThird) == "approval null");
}

TEST_CASE("a fix that the vendor ships again after a withdrawal is urgent again") {
  const World world;
  world.release(kFirst, release(kFirst, 1, {"9.8"}));
  const AtTime monday(kMonday + 8 * kDay);
  REQUIRE(typed({"feed", "change", "--base", world.base(), "main", "--deploy-after", "720", "--urgent", "9.0"}).code == 0);
  REQUIRE(world.import({world.export_full()}).code == 0);
  REQUIRE(typed({"mirror", "withdraw", "--store", world.at("store"), kFirst}).code == 0);
  world.release(kSecond, release(kSecond, 2, {"9.8"}));
  // The vendor's first patchset is the first for the exporter still, so only the contents tell.
  const auto done = json_of(world.import({world.export_full(), "--json"}));
  CHECK(done.at("feeds").at("main").at("enable") == json({kSecond}));
  const auto all = json_of(typed({"list", "--base", world.base(), "--json"})).at("patchsets");
  CHECK(all.at(0).at("feeds").at("main") == "withdrawn");
  CHECK(all.at(1).at("feeds").at("main") == "enabled");
}

TEST_CASE("production follows test: only what test has, a week after test took it, in one tick for both where nothing delays") {
  const Plant plant;
  const AtTime first(kMonday + 10 * kDay);
  REQUIRE(plant.code({"feed", "add", "test"}) == 0);
  REQUIRE(plant.code({"feed", "add", "quick", "--auto", "--follow", "test"}) == 0);
  REQUIRE(plant.code({"feed", "change", "main", "--follow", "test", "--deploy-after", "168"}) == 0);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled().empty());
  CHECK(plant.waiting(kFirst) == "not-followed null");
  {
    const AtTime then(kMonday + 12 * kDay);
    REQUIRE(plant.code({"enable-upto", "--feed", "test", kSecond}) == 0);
    CHECK(plant.code({"tick"}) == 0);
    CHECK(plant.enabled("quick") == Words{kFirst, kSecond});
    CHECK(plant.waiting(kSecond) == fmt::format("delay {}", kMonday + 19 * kDay));
  }
  {
    const AtTime then(kMonday + 13 * kDay);  // what test lets go again, main does not take
    REQUIRE(plant.code({"disable", "--feed", "test", kSecond}) == 0);
  }
  {
    const AtTime then(kMonday + 19 * kDay);
    CHECK(plant.code({"tick"}) == 0);
    CHECK(plant.enabled() == Words{kFirst});
    CHECK(plant.waiting(kSecond) == "not-followed null");
    REQUIRE(plant.code({"feed", "change", "test", "--auto"}) == 0);
    CHECK(plant.code({"tick"}) == 0);
    CHECK(plant.enabled("quick") == Words{kFirst, kSecond, kThird});  // it had it, and keeps it
  }
  CHECK(plant.code({"feed", "remove", "test"}) == 2);
  CHECK(plant.code({"feed", "change", "test", "--follow", "main"}) == 2);
  CHECK(plant.code({"feed", "change", "test", "--follow", "test"}) == 2);
  CHECK(plant.code({"feed", "change", "test", "--follow", "nowhere"}) == 2);
  const auto circle = plant.type({"feed", "change", "test", "--follow", "quick"});
  CHECK(circle.code == 2);
  CHECK(says(circle.err, "test → quick → test"));
  CHECK(plant.code({"feed", "change", "main", "--follow", "none"}) == 0);
  CHECK(plant.code({"feed", "change", "quick", "--follow", "none"}) == 0);
  CHECK(plant.code({"feed", "remove", "test"}) == 0);
}

TEST_CASE("an import fills a feed and those that follow it at once, as its plan says") {
  const Plant plant;
  const AtTime now(kMonday + 30 * kDay);
  REQUIRE(plant.code({"feed", "add", "after", "--auto", "--follow", "main"}) == 0);
  const auto plan = plant.asked({"diff", plant.bundle});
  CHECK(plan.at("feeds").at("after").at("enable") == json({kFirst, kSecond, kThird}));
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled("after").size() == 3);
}

TEST_CASE("a sticky point holds a feed, by day or by name, and what is in it stays") {
  const Plant plant;
  const AtTime now(kMonday + 30 * kDay);
  for (const char* point : {"2026-01-12", "120126", "12012026", "K20260112_01"}) {
    INFO(point);
    REQUIRE(plant.code({"feed", "change", "main", "--sticky", point}) != 2);
    CHECK(plant.asked({"diff", plant.bundle}).at("feeds").at("main").at("enable") == json({kFirst, kSecond}));
  }
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.waiting(kThird) == "sticky null");
  const auto refused = plant.type({"feed", "change", "main", "--sticky", "2026-01-04"});
  CHECK(refused.code == 2);
  CHECK(says(refused.err, kFirst));
  CHECK(plant.code({"feed", "change", "main", "--sticky", "2026-01-05"}) == 0);
  CHECK(plant.enabled() == Words{kFirst, kSecond});
  CHECK(plant.code({"feed", "change", "main", "--sticky", "none"}) == 0);
  CHECK(plant.enabled().size() == 3);
}

TEST_CASE("approval: by a person, before or after it comes, by the right one, and taken back") {
  const Plant plant;
  const AtTime now(kMonday + 30 * kDay);
  ::setenv("SUDO_USER", "ann", 1);
  REQUIRE(plant.code({"feed", "change", "main", "--needs-approval", "--approver", "ann", "--approver", "bob", "--approve-after",
                      "critical=2", "--approve-after", "medium=30"}) == 0);
  CHECK(plant.code({"approve", kFirst}) == 0);
  CHECK(plant.code({"approve", kFirst}) == 4);
  CHECK(plant.code({"reject", kSecond}) == 0);
  CHECK(plant.code({"approve", "nonsense"}) == 2);
  CHECK(plant.code({"approve"}) == 2);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled() == Words{kFirst});
  CHECK(plant.waiting(kSecond) == "rejected null");
  CHECK(plant.waiting(kThird) == fmt::format("approval {}", kMonday + 60 * kDay));

  ::setenv("SUDO_USER", "eve", 1);
  const auto eve = plant.type({"approve", kSecond});
  CHECK(eve.code == 2);
  CHECK(says(eve.err, "ann, bob"));
  CHECK(plant.code({"reject", "--undo", kSecond}) == 2);
  ::setenv("SUDO_USER", "bob", 1);
  CHECK(plant.code({"reject", "--undo", kSecond}) == 0);
  CHECK(plant.waiting(kSecond) == fmt::format("approval {}", kMonday + 32 * kDay));
  {
    const AtTime due(kMonday + 32 * kDay);
    CHECK(plant.code({"tick"}) == 0);
    CHECK(plant.enabled() == Words{kFirst, kSecond});
  }
  const auto taken = plant.asked({"approve", kThird + ".tar.bz2"});
  CHECK(taken.at("said") == json({{{"feed", "main"}, {"patchset", kThird}}}));
  CHECK(taken.at("changes").at(0).at("patchset") == kThird);
  CHECK(plant.enabled().size() == 3);
  // A rejected one that is in the feed stays there, and the command says so.
  const auto late = plant.type({"reject", kThird});
  CHECK(late.code == 0);
  CHECK(says(late.err, "patchferry disable"));
  CHECK(plant.enabled().size() == 3);
  ::unsetenv("SUDO_USER");
  CHECK(audited(plant.world.base(), "approve") == Words{"main: " + kFirst, "main: " + kThird});
  CHECK(audited(plant.world.base(), "reject") == Words{"main: " + kSecond, "taken back: main: " + kSecond, "main: " + kThird});
  CHECK(plant.code({"feed", "change", "main", "--no-approval"}) == 0);
  CHECK(plant.asked({"feed", "list"}).at("feeds").at(0).at("rules").at("approval").at("approvers").empty());
}

TEST_CASE("a person's enable puts a rejected patchset in") {
  const Plant plant;
  const AtTime now(kMonday + 30 * kDay);
  REQUIRE(plant.code({"reject", kThird}) == 0);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled() == Words{kFirst, kSecond});
  CHECK(plant.code({"enable", kThird}) == 0);
  CHECK(plant.enabled().size() == 3);
}

TEST_CASE("a feed changes by itself in its windows only, by the time of the machine") {
  const InZone berlin("Europe/Berlin");
  const Plant plant;
  const AtTime monday(kMonday + 14 * kDay);
  REQUIRE(plant.code({"feed", "change", "main", "--window", "Sat,Sun 02:00 4h", "--window", "Wed 22:00 30min"}) == 0);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled().empty());
  const std::uint64_t wednesday = kMonday + 16 * kDay + 21 * kHour;  // 22:00 there
  CHECK(plant.waiting(kFirst) == fmt::format("window {}", wednesday));
  CHECK(says(plant.type({"list"}).out, "2026-01-21 22:00 +01:00"));
  {
    const AtTime too_late(wednesday + kHour / 2);
    CHECK(plant.code({"tick"}) == 4);
  }
  {
    const AtTime inside(wednesday + kHour / 2 - 1);
    CHECK(plant.code({"enable", kThird}) == 0);
    CHECK(plant.code({"tick"}) == 0);
    CHECK(plant.enabled().size() == 3);
  }
}

TEST_CASE("presets make delayed feeds that agents name by their prefix") {
  const Plant plant;
  const AtTime now(kMonday + 8 * kDay + 12 * kHour);  // the third release is twelve hours old
  for (const char* preset : {"12h", "24h", "48h"}) CHECK(plant.code({"feed", "add", "--preset", preset}) == 0);
  CHECK(plant.code({"feed", "add", "--preset", "24h", "slower"}) == 0);
  CHECK(plant.code({"feed", "add", "--preset", "36h"}) == 2);
  CHECK(plant.code({"feed", "add", "--preset", "24h", "--deploy-after", "1", "x"}) == 2);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.enabled("12h").size() == 3);
  CHECK(plant.enabled("24h").size() == 2);
  CHECK(plant.enabled("slower").size() == 2);
  CHECK(plant.enabled("48h").size() == 1);
}

TEST_CASE("promotion enables what another feed has, and leaves what a person has said") {
  const Plant plant;
  const AtTime now(kMonday + 30 * kDay);
  REQUIRE(plant.code({"feed", "change", "main", "--no-auto"}) == 0);
  REQUIRE(plant.code({"feed", "add", "test", "--auto"}) == 0);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.code({"feed", "promote", "main", "main"}) == 2);
  CHECK(plant.code({"feed", "promote", "main"}) == 2);
  CHECK(plant.code({"feed", "promote", "main", "test"}) == 4);
  CHECK(plant.code({"feed", "promote", "test", "main", "--up-to", "K20990101_01"}) == 2);

  const auto before = visible(plant.world.base());
  const auto dry = plant.asked({"feed", "promote", "test", "main", "--up-to", kFirst, "--dry-run"});
  CHECK(dry.at("changes").size() == 1);
  CHECK(visible(plant.world.base()) == before);
  CHECK(plant.code({"feed", "promote", "test", "main", "--up-to", kFirst}) == 0);
  CHECK(plant.enabled() == Words{kFirst});

  REQUIRE(plant.code({"disable", kSecond}) == 0);
  REQUIRE(plant.code({"reject", kThird}) == 0);
  const auto none = plant.type({"feed", "promote", "test", "main"});
  CHECK(none.code == 4);
  CHECK(says(none.err, kSecond + " stays disabled in main"));
  CHECK(says(none.err, kThird + " stays out: it was rejected"));
  REQUIRE(plant.code({"reject", "--undo", kThird}) == 0);
  REQUIRE(plant.code({"feed", "change", "main", "--sticky", kSecond}) == 0);
  CHECK(plant.code({"feed", "promote", "test", "main"}) == 4);
  REQUIRE(plant.code({"feed", "change", "main", "--sticky", "none", "--deploy-after", "87600", "--needs-approval"}) == 0);
  CHECK(plant.code({"feed", "promote", "test", "main"}) == 0);
  CHECK(plant.enabled() == Words{kFirst, kThird});
  CHECK(audited(plant.world.base(), "feed promote") == Words{"main: " + kFirst, "main: " + kThird});
}

TEST_CASE("rules that have no meaning, or contradict each other, are refused and change nothing") {
  const Plant plant;
  const AtTime now(kMonday + 30 * kDay);
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  REQUIRE(plant.code({"feed", "add", "test"}) == 0);
  const auto before = plant.asked({"feed", "list"});
  const Words wrong[] = {{},
                         {"--auto", "--no-auto"},
                         {"--deploy-after", "-1"},
                         {"--deploy-after", "87601"},
                         {"--deploy-after", "1.5"},
                         {"--count-from", "release"},
                         {"--count-from", "somewhere", "--deploy-after", "1"},
                         {"--count-from", "arrival", "--deploy-after", "1", "--follow", "test"},
                         {"--follow", "main"},
                         {"--channel", "beta"},
                         {"--sticky", "yesterday"},
                         {"--sticky", "310226"},
                         {"--sticky", "2026-01-04"},
                         {"--urgent", "0"},
                         {"--urgent", "0.05"},
                         {"--urgent", "10.1"},
                         {"--urgent", "-9"},
                         {"--urgent", "nine"},
                         {"--needs-approval", "--no-approval"},
                         {"--approver", "ann"},
                         {"--approver", "ann", "--no-approval"},
                         {"--approver", "", "--needs-approval"},
                         {"--approve-after", "critical=1"},
                         {"--approve-after", "critical", "--needs-approval"},
                         {"--approve-after", "worse=1", "--needs-approval"},
                         {"--approve-after", "low=3651", "--needs-approval"},
                         {"--window", "Sat 02:00"},
                         {"--window", "Sat..Mon 02:00 4h"},
                         {"--window", "*-02-30 02:00 4h"},
                         {"--window", "2025-12-24 02:00 4h"},
                         {"--window", "daily 4h", "--no-windows"}};
  for (const auto& options : wrong) {
    Words words = {"feed", "change", "main"};
    words.insert(words.end(), options.begin(), options.end());
    INFO(json(options).dump());
    const auto done = plant.type(words);
    CHECK(done.code == 2);
    CHECK(says(done.err, "error: "));
    CHECK(plant.asked({"feed", "list"}) == before);
    words[1] = "add";
    words[2] = "new";
    const bool fits_add = options.empty() || options.front() == "--follow" || options.front() == "--auto";
    if (!fits_add) CHECK(plant.code(words) == 2);
    CHECK(plant.asked({"feed", "list"}) == before);
  }
}

TEST_CASE("rules of a feed that waits for its people are kept until it is automatic") {
  const Plant plant;
  const AtTime now(kMonday + 8 * kDay);
  const auto said = plant.type({"feed", "change", "main", "--no-auto", "--deploy-after", "24"});
  CHECK(said.code == 0);
  CHECK(says(said.err, "once it is automatic"));
  REQUIRE(plant.world.import({plant.bundle}).code == 0);
  CHECK(plant.code({"tick"}) == 4);
  CHECK(plant.enabled().empty());
  CHECK(plant.code({"feed", "change", "main", "--auto"}) == 0);
  CHECK(plant.enabled() == Words{kFirst, kSecond});
}

TEST_CASE("kc.eportal update and auto-update obey the rules, and adopt does") {
  const Plant plant;
  const AtTime monday(kMonday + 8 * kDay);
  const std::string base = plant.world.at("adopted");
  plant.world.init(base);
  write_contents(plant.world.at("config.toml"), "base = \"" + base + "\"\n");
  const Configured here(plant.world.at("config.toml"));
  REQUIRE(run({"kc.eportal", "feed", "-c", "main", "--deploy-after", "48"}).code == 0);
  REQUIRE(typed({"adopt", "--base", base, plant.world.at("downloads")}).code == 0);
  const auto enabled = [&] {
    std::size_t count = 0;
    const auto all = json_of(typed({"list", "--base", base, "--json"}));
    for (const auto& p : all.at("patchsets"))
      if (p.at("feeds").at("main") == "enabled") ++count;
    return count;
  };
  CHECK(enabled() == 1);
  const auto waits = run({"kc.eportal", "kcare", "auto-update"});
  CHECK(waits.code == 0);
  CHECK(says(waits.err, kSecond + " waits until 2026-01-14 00:00 UTC"));
  CHECK(says(waits.err, "the rest waits"));
  CHECK(enabled() == 1);
  {
    const AtTime due(kMonday + 9 * kDay);
    CHECK(run({"kc.eportal", "libcare", "update"}).code == 0);  // of another product
    CHECK(enabled() == 1);
    CHECK(run({"kc.eportal", "kcare", "update"}).code == 0);
    CHECK(enabled() == 2);
  }
  {
    const AtTime due(kMonday + 10 * kDay);
    CHECK(run({"kc.eportal", "kcare", "auto-update"}).code == 0);
    CHECK(enabled() == 3);
  }
}
