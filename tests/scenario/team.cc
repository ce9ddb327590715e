// SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/team.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace patchferry::test {

Team::Team(const World& world) : world_(world) {
  for (const char* name : {"ann", "ben", "cem", "ria", "rob", "roy", "hal"}) keygen(name);
  const auto founded = typed({"trust",
                              "create",
                              "--out",
                              trust(),
                              "--root",
                              pub("ann"),
                              "--root",
                              pub("ben"),
                              "--root",
                              pub("cem"),
                              "--root-threshold",
                              "2",
                              "--release",
                              pub("ria"),
                              "--release",
                              pub("rob"),
                              "--release",
                              pub("roy"),
                              "--release-threshold",
                              "2",
                              "--head",
                              pub("hal"),
                              "--sign",
                              key("ann"),
                              "--sign",
                              key("ben")});
  INFO(founded.err);
  REQUIRE(founded.code == 0);
  const auto made = typed({"init", "--base", plant(), "--site", "plant1", "--trust", trust()});
  INFO(made.err);
  REQUIRE(made.code == 0);
}

void Team::keygen(const std::string& name) const {
  REQUIRE(typed({"keygen", "--out", world_.at(name), "--no-password"}).code == 0);
}

void Team::rotate(const Words& change) const {
  Words words = {"trust", "rotate", "--trust", trust(), "--sign", key("ann"), "--sign", key("ben")};
  words.insert(words.end(), change.begin(), change.end());
  const auto done = typed(words);
  INFO(done.err);
  REQUIRE(done.code == 0);
  REQUIRE(json_of(typed({"trust", "show", trust(), "--json"}))["complete"] == true);
}

Outcome Team::try_export(const std::vector<std::string>& signers, const Words& more, const std::string& trust,
                         const std::string& store) const {
  Words words = {"export",         "--store", world_.at(store),
                 "--site",         "plant1",  "--trust",
                 world_.at(trust), "--to",    world_.at(fmt::format("usb-{}", ++sticks_))};
  for (const auto& name : signers) words.insert(words.end(), {"--sign", key(name)});
  words.insert(words.end(), more.begin(), more.end());
  return typed(words);
}

std::string Team::export_signed(const std::vector<std::string>& signers, const Words& more, const std::string& trust,
                                const std::string& store) const {
  Words with_json = more;
  with_json.emplace_back("--json");
  const auto done = try_export(signers, with_json, trust, store);
  INFO(done.err);
  REQUIRE(done.code == 0);
  return json_of(done).at("path");
}

Outcome Team::import(const Words& bundle, const char* command) const {
  Words words = {command, "--base", plant(), "--json"};
  words.insert(words.end(), bundle.begin(), bundle.end());
  return typed(words);
}

Outcome Team::verify(const std::string& bundle) const { return typed({"verify", bundle, "--trust", trust(), "--json"}); }

std::string Team::receipt_of(const std::string& base) const {
  const auto done = typed({"receipt", "--base", base, "--out", base + ".receipt"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  return base + ".receipt";
}

unsigned Team::root_version_at(const std::string& base) const {
  const std::string text = contents(receipt_of(base));
  const std::size_t begin = text.find('\n') + 1;
  const auto body = nlohmann::json::parse(text.substr(begin, text.find('\n', begin) - begin));
  REQUIRE(body.at("domains").size() == 1);
  return body.at("domains")[0].at("version");
}

}  // namespace patchferry::test
