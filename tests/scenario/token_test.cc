// SPDX-License-Identifier: Apache-2.0
// Keys that stay in a PKCS#11 token: SoftHSM2, and that behind a module with oddities (tests/odd-token).
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using patchferry::exists;
using patchferry::make_folder;

namespace {

/// A tool or module of the system. Without it these tests fail: what is not tested is not known to work.
std::string installed(std::initializer_list<const char*> places, const std::string& package) {
  for (const char* place : places)
    if (exists(place)) return place;
  FAIL("the package " << package << " is not installed; scripts/install-deps installs it");
  return {};
}

std::string softhsm_module() {
  return installed({"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"},
                   "softhsm2");
}

/// A variable that the programs see while this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

void succeeds(const Words& words) {
  const auto done = run(words);
  INFO(words[0] << ": " << done.out << done.err);
  REQUIRE(done.code == 0);
}

/// A world with a token "ops", PIN 1234, in a file pin; the programs find its module by the environment.
struct TokenWorld {
  TokenWorld() {
    make_folder(world.at("tokens"));
    write_contents(config, "directories.tokendir = " + world.at("tokens") + "\nobjectstore.backend = file\nlog.level = ERROR\n");
    write_contents(world.at("pin"), "1234\n");
    make_token("ops");
  }
  void make_token(const std::string& label) const {
    succeeds({installed({"/usr/bin/softhsm2-util"}, "softhsm2"), "--init-token", "--free", "--label", label, "--so-pin",
              "12345678", "--pin", "1234"});
  }
  void tool(const Words& more) const {
    Words words = {
        installed({"/usr/bin/pkcs11-tool"}, "opensc"), "--module", module, "--token-label", "ops", "--login", "--pin", "1234"};
    words.insert(words.end(), more.begin(), more.end());
    succeeds(words);
  }
  void make_key(const std::string& label, const std::string& id, const std::string& type = "EC:edwards25519",
                const Words& more = {}) const {
    Words words = {"--keypairgen", "--key-type", type, "--label", label, "--id", id};
    words.insert(words.end(), more.begin(), more.end());
    tool(words);
  }
  Outcome keygen(const std::string& uri, const std::string& out = "token", const std::string& pin = "pin") const {
    return typed({"keygen", "--from-token", uri, "--out", world.at(out), "--password-file", world.at(pin)});
  }
  Words export_words(const std::string& uri) const {
    return {"export", "--store", world.at("store"), "--to",         world.at("usb"), "--site", "plant1", "--sign",
            uri,      "--full",  "--password-file", world.at("pin")};
  }

  const std::string module = softhsm_module();
  const World world;
  const std::string config = world.at("softhsm.conf");
  const Variable softhsm_conf{"SOFTHSM2_CONF", config};
  const Variable module_variable{"PATCHFERRY_PKCS11_MODULE", module};
  // Leaks inside SoftHSM are not ours; those of our own code still count.
  const Variable sanitizer{"LSAN_OPTIONS",
                           "print_suppressions=0:suppressions=" PATCHFERRY_SOURCE_DIR "/tests/odd-token/softhsm.lsan"};
};

/// TokenWorld's token, seen through the module with oddities.
struct OddToken {
  OddToken(const TokenWorld& token, const std::string& oddity)
      : logins(token.world.at("logins")),
        behind("ODD_TOKEN_BEHIND", token.module),
        odd("ODD_TOKEN", oddity),
        log("ODD_TOKEN_LOGINS", logins) {
    write_contents(logins, "");
  }
  std::size_t logins_seen() const { return contents(logins).size(); }
  std::string uri = std::string("pkcs11:token=ops;object=release?module-path=") + PATCHFERRY_ODD_TOKEN;
  std::string logins;
  Variable behind, odd, log;
};

void fails(const Outcome& done, int code, const std::string& text) {
  INFO("looking for: " << text << "\nstdout: " << done.out << "\nstderr: " << done.err);
  CHECK(done.code == code);
  CHECK(done.out.empty());
  CHECK(done.err.find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("a key in a token signs a bundle for a site that has enrolled its public half") {
  const TokenWorld token;
  const World& world = token.world;
  token.make_key("release", "01");
  token.make_key("other", "02");

  const auto enrolled = typed({"keygen", "--from-token", "pkcs11:token=ops;object=release", "--out", world.at("token"),
                               "--password-file", world.at("pin"), "--json"});
  const auto document = json_of(enrolled);
  CHECK(document.at("pub") == world.at("token.pub"));
  CHECK(document.count("key") == 0);
  CHECK_FALSE(exists(world.at("token.key")));
  CHECK(contents(world.at("token.pub")).starts_with("patchferry-public-key-1 ed25519 "));

  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  world.init(world.at("far"), "plant1", "token");
  const auto exported = typed(token.export_words("pkcs11:token=ops;object=release"));
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  const std::string bundle = world.at("usb/patchferry-plant1-000001");
  CHECK(typed({"verify", bundle, "--trust", world.at("token.pub")}).code == 0);
  CHECK(world.import_into(world.base(), {bundle}).code == 1);  // it trusts ops.key
  const auto imported = world.import_into(world.at("far"), {bundle});
  INFO(imported.err);
  CHECK(imported.code == 0);
  world.check_archives(world.at("far"), {"K20260105_01"});

  REQUIRE(token.keygen("pkcs11:token=ops;object=other", "second").code == 0);
  CHECK(contents(world.at("second.pub")) != contents(world.at("token.pub")));
  CHECK(typed({"verify", bundle, "--trust", world.at("second.pub")}).code == 1);
}

TEST_CASE("a key in a token is named by name, id and type, its PIN given by file or value, its module by path") {
  const TokenWorld token;
  token.make_key("release", "01");
  const std::string pin_file = token.world.at("pin");
  REQUIRE(token.keygen("pkcs11:token=ops;object=release").code == 0);
  const std::string expected = contents(token.world.at("token.pub"));
  unsigned number = 0;
  const auto gives_the_same = [&](const std::string& uri) {
    INFO(uri);
    const std::string out = token.world.at("again" + std::to_string(++number));
    const auto done = typed({"keygen", "--from-token", uri, "--out", out});
    INFO(done.err);
    REQUIRE(done.code == 0);
    CHECK(contents(out + ".pub") == expected);
  };
  gives_the_same("pkcs11:token=ops;id=%01?pin-value=1234");
  gives_the_same("pkcs11:token=ops;object=release;type=private?pin-source=file:" + pin_file);
  gives_the_same("pkcs11:object=release;type=public?pin-source=file://" + pin_file);
  gives_the_same("pkcs11:token=ops?pin-source=" + pin_file);
  const Variable wrong("PATCHFERRY_PKCS11_MODULE", "/nonexistent/module.so");
  gives_the_same("pkcs11:token=ops?pin-value=1234&module-path=" + token.module);
}

TEST_CASE("what is wrong with a token's key is said, and nothing is written") {
  const TokenWorld token;
  token.make_key("release", "01");
  token.make_key("p256", "02", "EC:prime256v1");
  token.make_key("rsa", "03", "rsa:2048");
  token.make_key("twin", "04");
  token.make_key("twin", "05");
  write_contents(token.world.at("wrong"), "9999\n");
  const std::string missing = "pkcs11:token=ops;object=nothing", ec = "pkcs11:token=ops;object=p256";

  fails(token.keygen("pkcs11:token=other;object=release"), 2, "no token here fits pkcs11:token=other;object=release");
  fails(token.keygen(missing), 2, "holds no secret key that fits " + missing);
  fails(token.keygen(missing), 2, "release (id 01)");
  fails(token.keygen("pkcs11:token=ops;object=twin"), 2, "several keys of token ops fit");
  CHECK(token.keygen("pkcs11:token=ops;object=twin;id=%05", "fifth").code == 0);
  fails(token.keygen(ec), 2, "is an EC key on the curve P-256; only Ed25519 keys sign");
  fails(token.keygen("pkcs11:token=ops;object=rsa"), 2, "is an RSA key; only Ed25519 keys sign");
  fails(token.keygen("pkcs11:token=ops;object=release", "token", "wrong"), 2, "the PIN of token ops is wrong");
  fails(token.keygen("pkcs11:token=ops;object=release", "token", "wrong"), 2, "how many tries are left is not known");
  fails(token.keygen("pkcs11:token=ops;object=release?module-path=/nonexistent.so"), 2,
        "there is no PKCS#11 module /nonexistent.so");
  fails(token.keygen("pkcs11:token=ops;object=release?module-path=" + token.world.at("pin")), 3,
        "cannot load the PKCS#11 module");
  fails(token.keygen("pkcs11:token=ops;colour=red"), 2, "asks for something that is not known here");
  fails(token.keygen("pkcs11:token=%zz"), 2, "is not a pkcs11: URI");
  fails(token.keygen("pkcs11:token=ops;type=cert"), 2, "names no key");
  fails(token.keygen("pkcs11:token=ops?pin-source=%7Ccat"), 2, "is not a file");
  fails(token.keygen("pkcs11:token=ops?pin-source=file:/nonexistent/pin"), 2, "there is no password file");
  fails(token.keygen("ops.key"), 2, "takes a pkcs11: URI");
  CHECK_FALSE(exists(token.world.at("token.pub")));
  token.make_token("second");
  fails(token.keygen("pkcs11:object=release"), 2, "several tokens fit");

  token.tool({"--delete-object", "--type", "pubkey", "--id", "01"});
  fails(token.keygen("pkcs11:token=ops;object=release"), 2, "holds no public key beside the secret key");

  token.world.release_kernels("K20260105_01", {{1, 1}});
  fails(typed(token.export_words(missing)), 2, "holds no secret key that fits");
  fails(typed(token.export_words(ec)), 2, "only Ed25519 keys sign");
  auto wrong_pin = token.export_words("pkcs11:token=ops;object=twin;id=%04");
  wrong_pin.back() = token.world.at("wrong");
  fails(typed(wrong_pin), 2, "the PIN of token ops is wrong");
  CHECK_FALSE(exists(token.world.at("usb")));
}

TEST_CASE("the same token key given twice is refused, and its PIN is never shown") {
  const TokenWorld token;
  token.make_key("release", "01");
  token.world.release_kernels("K20260105_01", {{1, 1}});
  auto words = token.export_words("pkcs11:token=ops;object=release?pin-value=1234");
  words.insert(words.end(), {"--sign", "pkcs11:token=ops;id=%01?pin-value=1234"});
  const auto done = typed(words);
  fails(done, 2, "pkcs11:token=ops;id=%01 is the same key as one before it");
  CHECK(done.err.find("1234") == std::string::npos);
  const auto missing = token.keygen("pkcs11:token=ops;object=nothing?pin-value=1234");
  fails(missing, 2, "holds no secret key");
  CHECK(missing.err.find("1234") == std::string::npos);
}

TEST_CASE("a signature that the token gets wrong is never used") {
  const TokenWorld token;
  token.make_key("release", "01");
  token.world.release_kernels("K20260105_01", {{1, 1}});
  {
    const OddToken odd(token, "none");
    CHECK(token.keygen(odd.uri, "none").code == 0);
    CHECK(odd.logins_seen() == 1);
  }
  for (const char* oddity : {"wrong-signature", "short-signature"}) {
    INFO(oddity);
    const OddToken odd(token, oddity);
    fails(token.keygen(odd.uri), 3, "the signature that token ops made does not fit the public key");
    fails(typed(token.export_words(odd.uri)), 3, "the signature that token ops made does not fit the public key");
  }
  const OddToken odd(token, "no-eddsa");
  fails(token.keygen(odd.uri), 3, "cannot sign with Ed25519");
  CHECK_FALSE(exists(token.world.at("token.pub")));
  CHECK_FALSE(exists(token.world.at("usb/patchferry-plant1-000001")));
}

TEST_CASE("a token's oddities do not matter: bare public keys, keypads, keys that want the PIN each time") {
  const TokenWorld token;
  token.make_key("release", "01");
  token.make_key("careful", "02", "EC:edwards25519", {"--always-auth"});
  write_contents(token.world.at("wrong"), "9999\n");
  REQUIRE(token.keygen("pkcs11:token=ops;object=release").code == 0);
  {
    const OddToken odd(token, "bare-point");
    REQUIRE(token.keygen(odd.uri, "bare").code == 0);
    CHECK(contents(token.world.at("bare.pub")) == contents(token.world.at("token.pub")));
  }
  {
    const OddToken odd(token, "keypad");
    const auto done = typed({"keygen", "--from-token", odd.uri, "--out", token.world.at("keypad")});
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(done.err.find("type the PIN on the keypad of token ops") != std::string::npos);
    CHECK(odd.logins_seen() == 1);
  }
  {
    const OddToken odd(token, "none");
    std::string uri = odd.uri;
    uri.replace(uri.find("release"), 7, "careful");
    const auto done = token.keygen(uri, "careful");
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(odd.logins_seen() == 2);  // once for the token, once for the signature
  }
  {
    const OddToken odd(token, "none");
    CHECK(token.keygen(odd.uri, "unused", "wrong").code == 2);
    CHECK(odd.logins_seen() == 1);  // a wrong PIN is tried once
  }
  const OddToken odd(token, "locked");
  fails(token.keygen(odd.uri, "unused"), 3, "the PIN of token ops is locked");
  CHECK(odd.logins_seen() == 0);
}
