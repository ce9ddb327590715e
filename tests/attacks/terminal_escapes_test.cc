// SPDX-License-Identifier: Apache-2.0
// Names and texts that would write to a terminal, forge a line of a log, break JSON, become markup, or command the database.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "system/file.h"
#include "tests/attacks/resealed.h"
#include "tests/scenario/world.h"
#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// What would do harm if it were printed as it is.
const std::string kHostile[] = {
    "\x1b[2J\x1b]0;title\x07",                // clears the screen, renames the window
    "x\npatchferry: error: forged\r\x1b[1A",  // forges a line, and writes over the one before
    "\xe2\x80\xae"
    "gnp.exe",  // U+202E turns the rest round
    "\xc2\x9b"
    "2J",  // U+009B: the same as ESC [
    "\xff\xfe\x9b"
    "31m",                                              // no UTF-8, and to some terminals the same again
    "'; DROP TABLE patchsets; DROP TABLE audit; --\"",  // a statement of its own
    "</td><script>alert(1)</script><img src=x onerror=y>",
    "{\"a\":\"\\u001b\",}%s%n%x",
};

/// Line ends and what can be seen; none of the characters that command a terminal or change the direction of writing.
bool is_clean(const std::string& text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '\n' || (c >= 0x20 && c < 0x7f)) continue;
    // Otherwise whole UTF-8 only, and beyond the controls of Latin-1.
    const unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
    if (more == 0 || at + more >= text.size()) return false;
    std::uint32_t point = c & (0x3fU >> more);
    for (unsigned i = 1; i <= more; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fU);
    }
    if (point < 0xa0 || (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
        (point >= 0x2060 && point <= 0x206f) || point == 0xfeff)
      return false;
    at += more;
  }
  return true;
}

void check_clean(const Outcome& done) {
  INFO(done.out << done.err);
  CHECK(is_clean(done.out));
  CHECK(is_clean(done.err));
  CHECK(done.code < 128);
}

void check_clean_page(const std::string& page) {
  CHECK(is_clean(page));
  for (const char* never : {"<script", "<img", "<td><td"}) CHECK_FALSE(says(page, never));
}

/// A release whose kpatch.info says `text` wherever it says anything.
std::vector<Member> release_saying(const std::string& name, const std::string& text) {
  auto members = kernel_release(name, {{1, 1}}, 300);
  members[1].content = "OS: " + text + "\nkernel: 6.1.0-" + text + "\ntime: " + text + "\nuname: " + text +
                       "\n\nkpatch-name: " + text + ".patch\nkpatch-kernel: " + text + "\nkpatch-cve: " + text +
                       "\nkpatch-cve: CVE-2026-1001 " + text + "\nkpatch-cvss: " + text + "\nkpatch-description: " + text +
                       "\n\n";
  members.push_back({name + "/" + khash(2) + "/latest.v1", text});
  members.push_back({name + "/" + khash(2) + "/1/kpatch.bin", text});
  return members;
}

}  // namespace

TEST_CASE("no argument that a person pastes writes to the terminal when a command tells what is wrong with it") {
  const World world;
  const std::string base = world.base(), store = world.at("store");
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  for (const auto& text : kHostile) {
    const Words commands[] = {
        {text},
        {"feed", text},
        {"--" + text},
        {"import", "--base", base, "--" + text},
        {"import", "--base", base, text},
        {"import", "--base", text, world.at("nothing")},
        {"import", "--base", base, world.at("downloads"), "--feed", text},
        {"import", "--base", base, world.at("downloads"), "--archives", text},
        {"verify", text, "--trust", world.at("ops.pub")},
        {"verify", world.at("downloads"), "--trust", text},
        {"inspect", text},
        {"show", "--base", base, text},
        {"list", "--base", base, text},
        {"enable", "--base", base, "--feed", "main", text},
        {"enable", "--base", base, "--feed", text, "K20260105_01"},
        {"feed", "add", "--base", base, text},
        {"feed", "add", "--base", base, "other", "--like", text},
        {"feed", "change", "--base", base, "main", "--window", text},
        {"feed", "change", "--base", base, "main", "--deploy-after", text},
        {"feed", "diff", "--base", base, "main", text},
        {"deploy", "--base", base, text},
        {"deploy", "--base", base, "--channel", text, world.at("downloads/K20260105_01.tar.bz2")},
        {"adopt", "--base", base, text},
        {"pin", "--base", base, text},
        {"log", "--base", base, "--since", text},
        {"log", "--base", base, "--patchset", text},
        {"log", "--base", base, "--who", text},
        {"receipt", "--base", base, "--out", world.at("nowhere/" + text)},
        {"head", "take", "--base", base, "--text", text},
        {"trust", "stream", "add", "--base", base, text},
        {"trust", "show", text},
        {"restore", "--base", world.at("new"), text},
        {"init", "--base", world.at("new"), "--site", text, "--trust", world.at("ops.pub")},
        {"mirror", "add", "--store", store, text},
        {"mirror", "list", "--store", text},
        {"mirror", "withdraw", "--store", store, "--yes", text},
        {"export", "--store", store, "--to", world.at("usb"), "--site", text, "--sign", world.at("ops.key"), "--full"},
        {"export", "--store", store, "--to", world.at("usb"), "--site", "plant1", "--sign", world.at("ops.key"), "--receipt",
         text},
        {"export", "--store", store, "--to", world.at("usb"), "--site", "plant1", "--sign", world.at("ops.key"), "--full",
         "--only", text},
        {"sign", text, "--key", world.at("ops.key")},
        {"keygen", "--out", world.at("nowhere/" + text), "--no-password"},
    };
    for (const auto& words : commands) {
      std::string line;
      for (const auto& word : words) line += word + " ";
      CAPTURE(line);
      const auto done = typed(words);
      check_clean(done);
      if (words[0] != "log") CHECK(done.code != 0);  // nobody of that name has done anything
    }
  }
}

TEST_CASE("what a vendor's archive says of itself is printed harmlessly by every command, and on every page") {
  unsigned number = 0;
  for (const auto& text : kHostile) {
    CAPTURE(text);
    const World world;
    const std::string name = fmt::format("K202601{:02}_01", ++number), page = world.at("plan.html");
    world.release_kernels("K20251231_01", {{3, 1}}, 300);
    world.release(name, release_saying(name, text));
    const std::string bundle = world.export_full();
    const std::string& base = world.base();
    const Words before[] = {{"inspect", bundle},
                            {"diff", "--base", base, "--html", page, bundle},
                            {"import", "--base", base, "--dry-run", bundle},
                            {"import", "--base", base, bundle}};
    const Words after[] = {{"list", "--base", base},         {"show", "--base", base, name},
                           {"log", "--base", base},          {"status", "--base", base},
                           {"feed", "list", "--base", base}, {"feed", "history", "--base", base, "main"},
                           {"doctor", "--base", base},       {"clean", "--base", base, "--dry-run"}};
    for (const auto& words : before) check_clean(typed(words));
    check_clean_page(contents(page));
    for (Words words : after) {
      check_clean(typed(words));
      if (words[0] == "clean") continue;
      words.emplace_back("--json");
      const auto document = typed(words);
      check_clean(document);
      if (words[0] != "log") json_of(document);
    }
    CHECK(json_of(typed({"list", "--base", base, "--json"})).at("patchsets").size() == 2);
    CHECK(typed({"log", "--base", base, "--verify"}).code == 0);
  }
}

TEST_CASE("no login name writes to the terminal, forges a line of the log, or reaches the database as a command") {
  for (const auto& text : kHostile) {
    CAPTURE(text);
    const World world;
    ::setenv("SUDO_USER", text.c_str(), 1);
    const auto added = typed({"feed", "add", "--base", world.base(), "other"});
    ::unsetenv("SUDO_USER");
    CHECK(added.code == 0);
    const auto log = typed({"log", "--base", world.base()});
    check_clean(log);
    CHECK(std::count(log.out.begin(), log.out.end(), '\n') == 3);  // the heading, init, feed
    check_clean(typed({"log", "--base", world.base(), "--json"}));
    CHECK(typed({"log", "--base", world.base(), "--verify"}).code == 0);
    CHECK(json_of(typed({"feed", "list", "--base", world.base(), "--json"})).at("feeds").size() == 2);
  }
}

TEST_CASE("file names on a medium and in a download folder are printed harmlessly") {
  for (const auto& text : kHostile) {
    if (text.find('/') != std::string::npos) continue;
    CAPTURE(text);
    const World world;
    const std::string folder = world.at("stick");
    patchferry::make_folder(folder);
    write_contents(folder + "/K20260105_01" + text + ".tar.bz2", "x");
    write_contents(folder + "/" + text + ".pfv", "x");
    patchferry::make_folder(folder + "/patchferry-" + text);
    const Words commands[] = {{"mirror", "add", "--store", world.at("store"), folder},
                              {"mirror", "add", "--store", world.at("store"), folder + "/K20260105_01" + text + ".tar.bz2"},
                              {"deploy", "--base", world.base(), folder + "/K20260105_01" + text + ".tar.bz2"},
                              {"adopt", "--base", world.base(), folder},
                              {"import", "--base", world.base(), folder},
                              {"inspect", folder},
                              {"verify", folder, "--trust", world.at("ops.pub")}};
    for (const auto& words : commands) {
      const auto done = typed(words);
      check_clean(done);
      CHECK(done.code != 0);
      if (words[0] == "mirror" || words[0] == "deploy" || words[0] == "adopt") {
        Words with_json = words;
        with_json.emplace_back("--json");
        const auto document = typed(with_json);
        check_clean(document);
        if (document.code != 2) json_of(document);
      }
    }
    const auto found = world.verify({folder, "--json"});
    check_clean(found);
    CHECK(json_of(found).at("ok") == false);
  }
}

TEST_CASE("a hostile signer's names are refused before anybody prints them") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  const std::string bundle = world.export_full();
  patchferry::remove_file(bundle + "/README.txt");
  const std::string path = volumes_of(bundle).front(), volume = contents(path);
  const auto key = SigningKey::decode(contents(world.at("ops.key")), "");
  REQUIRE(key);
  const Resealed good(volume);
  const auto manifest = nlohmann::json::parse(good.manifest);
  for (const std::string& field : {manifest.at("kernels").at(0).get<std::string>(), std::string("K20260105_01.tar.bz2"),
                                   std::string("plant1"), std::string("CVE-2026-1001")}) {
    for (const std::string text : {"\\u001b[2J", "\\n", "\\u202e", "\\u009b", "\\\"", "\xe2\x80\xae"}) {
      CAPTURE(field, text);
      Resealed hostile(volume);
      const auto at = hostile.manifest.find(field);
      REQUIRE(at != std::string::npos);
      hostile.manifest.replace(at, field.size(), field.substr(0, 3) + text + field.substr(3));
      hostile.bind();
      write_contents(path, hostile.sealed(*key));
      for (const char* command : {"inspect", "verify", "import"}) {
        Words words = {command, bundle};
        if (words[0] == "verify") words.insert(words.end(), {"--trust", world.at("ops.pub")});
        if (words[0] == "import") words.insert(words.end(), {"--base", world.base()});
        const auto done = typed(words);
        check_clean(done);
        CHECK(done.code == 1);
        CHECK(says(done.err, "[malformed]"));
      }
    }
  }
}

TEST_CASE("a bundle's folder name cannot write to the terminal, nor break the JSON") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const std::string hostile = world.at("patchferry-\x1b[2J\n\xff");
  copy_tree(bundle, hostile);
  const std::string volume = volumes_of(hostile).front();
  write_contents(volume, contents(volume) + "x");
  const auto verified = world.verify({hostile});
  CHECK(verified.code == 1);
  CHECK(verified.err.find('\x1b') == std::string::npos);
  CHECK(verified.err.find("\\x1b") != std::string::npos);
  const auto document = world.verify({hostile, "--json"});
  CHECK(document.code == 1);
  CHECK(json_of(document)["findings"].size() == 1);
}

TEST_CASE("refusals never repeat what a member's name says to a terminal") {
  for (const std::string name : {"\x1b[31m", "../\x1b[31m", "/\n"}) {
    const auto read = read_tar(TarBuilder().file(name, "x").finish());
    REQUIRE_FALSE(read.facts);
    for (const char c : read.facts.error().text) CHECK((c >= 0x20 && c < 0x7f));
  }
}
