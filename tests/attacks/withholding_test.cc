// SPDX-License-Identifier: Apache-2.0
// Freezing and withholding: head tokens and silence tell that something is kept back. Clocks inside are not to be trusted: they
// give reason for warnings, and for a refusal only where a site asks for it.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/attacks/series.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Kinds = std::vector<std::string>;
constexpr std::uint64_t kDay = 86400;
constexpr std::uint64_t kMonday = 1767607200;  // 2026-01-05 10:00

std::string name_of(unsigned number) { return fmt::format("K202601{:02}_01", number); }

std::string exported(const World& world, unsigned number, std::uint64_t when, Words more = {}) {
  const AtTime then(when);
  world.release_kernels(name_of(number), {{1, number}}, 300);
  more.insert(more.begin(), "--full");
  return world.export_more(more);
}

}  // namespace

TEST_CASE("a clock of 1970 or 2100 changes nothing but warnings") {
  for (const std::uint64_t clock : {std::uint64_t{0}, std::uint64_t{4102444800}}) {
    INFO(clock);
    const World world;
    for (unsigned number = 1; number <= 3; ++number) {
      const std::string bundle = exported(world, number, kMonday + number * kDay);
      const AtTime wrong(clock);
      const auto done = world.import({bundle, "--json"});
      INFO(done.out << done.err);
      CHECK(done.code == 0);
      CHECK(says(json_of(done).at("warnings").dump(), "the clock of this machine says"));
      CHECK(status_of(world.base()).at("sequence") == number);
      CHECK_FALSE(alarm_of(world.base(), "clock").empty());
      CHECK(world.import({bundle}).code == 4);
    }
    world.check_archives(world.base(), {name_of(1), name_of(2), name_of(3)});
    const AtTime right(kMonday + 4 * kDay);
    CHECK(alarm_of(world.base(), "clock").empty());
  }
}

TEST_CASE("an exporter whose clock was wrong once does not lock a site out") {
  const World world;
  const std::string of_2100 = exported(world, 1, 4102444800);
  const std::string right = exported(world, 2, kMonday, {"--expires", "5"});
  const AtTime now(kMonday);
  CHECK(world.import({of_2100}).code == 0);
  CHECK(world.import({right}).code == 0);
}

TEST_CASE("a bundle past its date is warned of, and refused where the site asks for that") {
  const World world;
  const std::string bundle = exported(world, 1, kMonday, {"--expires", "5"});
  write_contents(world.at("config.toml"), "expired = \"refuse\"\n");
  const auto in_time = [&] {
    const AtTime soon(kMonday + 5 * kDay);
    return world.import({bundle, "--dry-run", "--json"});
  }();
  CHECK(in_time.code == 0);
  CHECK(json_of(in_time).at("warnings").empty());

  const AtTime later(kMonday + 6 * kDay);
  {
    const Configured strict(world.at("config.toml"));
    const auto before = visible(world.base());
    const auto refused = world.import({bundle, "--json"});
    CHECK(refused.code == 1);
    CHECK(kinds_of(refused) == Kinds{"expired"});
    CHECK(says(refused.err, "2026-01-10"));
    CHECK(visible(world.base()) == before);
  }
  const auto done = world.import({bundle});
  CHECK(done.code == 0);
  CHECK(says(done.err, "warning: the bundle was good until 2026-01-10"));
}

TEST_CASE("a clock put back does not make good again what something newer has shown to be past its date") {
  const World world;
  write_contents(world.at("config.toml"), "expired = \"refuse\"\n");
  const Configured strict(world.at("config.toml"));
  REQUIRE(world.import({exported(world, 1, kMonday + 30 * kDay)}).code == 0);
  // The exporter's clock goes wrong as well: what it makes now is past its date by what it made before.
  const std::string second = exported(world, 2, kMonday + kDay, {"--expires", "5"});
  const AtTime put_back(0);
  CHECK(kinds_of(world.import({second, "--json"})) == Kinds{"expired"});
  CHECK(status_of(world.base()).at("sequence") == 1);
}

TEST_CASE("a head token past its date is warned of, and refused where the site asks for that") {
  const World world;
  REQUIRE(world.import({exported(world, 1, kMonday)}).code == 0);
  const auto token = [&] {
    const AtTime then(kMonday);
    return world.head_token({"--expires", "3"});
  }();
  const AtTime later(kMonday + 4 * kDay);
  const Words take = {"head", "take", "--base", world.base(), "--text", token};
  write_contents(world.at("config.toml"), "expired = \"refuse\"\n");
  {
    const Configured strict(world.at("config.toml"));
    const auto refused = typed(take);
    CHECK(refused.code == 1);
    CHECK(says(refused.err, "the token was good until 2026-01-08"));
  }
  const auto taken = typed(take);
  CHECK(taken.code == 0);
  CHECK(says(taken.err, "warning: the token was good until 2026-01-08"));
}

TEST_CASE("silence is an alarm after as many days as the configuration says, and a head token ends it") {
  const World world;
  const std::string base = world.base();
  write_contents(world.at("config.toml"), "alarm_days = 7\n");
  CHECK(alarm_of(base, "silence").empty());
  REQUIRE(world.import({exported(world, 1, kMonday)}).code == 0);
  const auto silence_at = [&](std::uint64_t when, bool configured) {
    const AtTime then(when);
    std::optional<Configured> with;
    if (configured) with.emplace(world.at("config.toml"));
    return alarm_of(base, "silence");
  };
  CHECK(silence_at(kMonday + 7 * kDay, true).empty());
  CHECK(says(silence_at(kMonday + 8 * kDay, true), "8 days"));
  CHECK(silence_at(kMonday + 30 * kDay, false).empty());
  CHECK(says(silence_at(kMonday + 31 * kDay, false), "31 days"));
  const auto token = [&] {
    const AtTime then(kMonday + 30 * kDay);
    return world.head_token();
  }();
  REQUIRE(typed({"head", "take", "--base", base, "--text", token}).code == 0);
  CHECK(silence_at(kMonday + 31 * kDay, false).empty());
}

TEST_CASE("newest bundles that are held back are missed by a head token") {
  Series series;
  series.ship_increments(4);
  const std::string base = series.world().base();
  check_imported(series.import(base, 1));
  check_imported(series.import(base, 2));
  CHECK(alarm_of(base, "held-back").empty());
  const auto taken = typed({"head", "take", "--base", base, "--text", series.world().head_token(), "--json"});
  REQUIRE(taken.code == 0);
  CHECK(json_of(taken).at("sequence") == 4);
  CHECK(says(alarm_of(base, "held-back"), "bring bundle 4 (patchferry-plant1-000004)"));
  const Outcome third = series.import(base, 3);
  check_imported(third);
  CHECK(says(json_of(third).at("warnings").dump(), "bundle 4 is known to exist"));
  CHECK_FALSE(alarm_of(base, "held-back").empty());
  check_imported(series.import(base, 4));
  CHECK(alarm_of(base, "held-back").empty());
}
