// SPDX-License-Identifier: Apache-2.0
#include "importer/serve_nginx.h"

#include <catch2/catch.hpp>
#include <regex.h>

#include "bundle-format/archive/layout_profile.h"
#include "importer/url_profile.h"
#include "system/failure.h"

namespace patchferry::importer {

namespace {

NginxSite plain_site() {
  NginxSite site;
  site.feeds = "/var/lib/patchferry/feeds";
  site.listen = {"80"};
  site.access_log = "/var/log/nginx/patchferry.log";
  return site;
}

NginxSite tls_site() {
  NginxSite site = plain_site();
  site.tls_listen = {"443"};
  site.certificate = "/etc/ssl/patches.pem";
  site.key = "/etc/ssl/patches.key";
  return site;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What would end a value and begin something else, in any of nginx's ways of writing one.
const std::vector<std::string> kBreakers = {"\"",   "'",    "\\",
                                            "$",    "${x}", "\n",
                                            "\r",   "\t",   "\"; } include /etc/passwd; #",
                                            "x\"y", "x'y",  "x\\",
                                            "$uri", "x\ny", std::string("x\0y", 3),
                                            "\x7f"};

/// Further ones that quotes keep harmless, and that have no business in a name.
const std::vector<std::string> kNameBreakers = {";",   "{",     "}",   " ", "#",  "a b", "a;b", "a{b",
                                                "a}b", "~^.*$", "a/b", "",  "-;", "(",   "é"};

bool matches(const std::string& pattern, const std::string& text) {
  regex_t compiled;
  REQUIRE(::regcomp(&compiled, ("^(" + pattern + ")$").c_str(), REG_EXTENDED | REG_NOSUB) == 0);
  const bool out = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return out;
}

}  // namespace

TEST_CASE("no path can break out of the configuration") {
  for (const auto& breaker : kBreakers) {
    INFO(breaker);
    for (const auto part : {&NginxSite::feeds, &NginxSite::certificate, &NginxSite::key, &NginxSite::access_log}) {
      NginxSite site = tls_site();
      site.*part = "/srv/" + breaker;
      CHECK_THROWS_AS(nginx_fragment(site), UsageError);
    }
    CHECK_THROWS_AS(nginx_complete(plain_site(), {"/run/" + breaker, ""}), UsageError);
  }
  for (const auto part : {&NginxSite::feeds, &NginxSite::certificate, &NginxSite::key, &NginxSite::access_log}) {
    NginxSite site = tls_site();
    site.*part = "relative/path";  // of what? nginx has its own answer, and words such as "off"
    CHECK_THROWS_AS(nginx_fragment(site), UsageError);
  }
}

TEST_CASE("what quotes keep harmless may stand in a path") {
  NginxSite site = plain_site();
  site.feeds = "/srv/live patches; {all} #1/é/feeds";
  CHECK(says(nginx_fragment(site), "root \"/srv/live patches; {all} #1/é/feeds/${patchferry_served}/current\";"));
}

TEST_CASE("no host name, address or user can break out of the configuration") {
  auto breakers = kBreakers;
  breakers.insert(breakers.end(), kNameBreakers.begin(), kNameBreakers.end());
  for (const auto& breaker : breakers) {
    INFO(breaker);
    NginxSite site = plain_site();
    for (const std::string& name : {breaker, "patches" + breaker + ".example.org"}) {
      if (name == "patches.example.org") continue;
      site.server_names = {name};
      CHECK_THROWS_AS(nginx_fragment(site), UsageError);
    }
    site = plain_site();
    site.listen = {"80" + breaker + (breaker.empty() ? "x" : "")};
    CHECK_THROWS_AS(nginx_fragment(site), UsageError);
    site.listen = {breaker + ":80"};
    CHECK_THROWS_AS(nginx_fragment(site), UsageError);
    site = tls_site();
    site.tls_listen = {"[::" + breaker + "x]:443"};
    CHECK_THROWS_AS(nginx_fragment(site), UsageError);
    if (!breaker.empty()) CHECK_THROWS_AS(nginx_complete(plain_site(), {"/run/nginx", "www" + breaker}), UsageError);
  }
}

TEST_CASE("addresses to listen on are ports, or addresses with one") {
  for (const std::string good : {"80", "8080", "192.0.2.1:80", "*:80", "[::]:80", "[2001:db8::1]:443", "65535"}) {
    INFO(good);
    NginxSite site = plain_site();
    site.listen = {good};
    CHECK(says(nginx_fragment(site), "listen " + (good == "*:80" ? "80" : good) + " default_server;"));
  }
  for (const std::string bad : {"0", "080", "65536", "99999999999", "192.0.2.1", "192.0.2:80", "localhost:80", ":80",
                                "80:", "::1:80", "[::1]", "[]:80", "unix:/run/x.sock", "80 ssl"}) {
    INFO(bad);
    NginxSite site = plain_site();
    site.listen = {bad};
    CHECK_THROWS_AS(nginx_fragment(site), UsageError);
  }
}

TEST_CASE("words that mean something in a map are names in it all the same") {
  NginxSite site = plain_site();
  site.server_names = {"include", "Default", "Patches.Example.ORG", "*.example.net", "[2001:db8::1]"};
  const std::string text = nginx_fragment(site);
  CHECK(says(text, "\"\\include\" 1;"));
  CHECK(says(text, "\"\\default\" 1;"));
  CHECK(says(text, "server_name include default patches.example.org *.example.net [2001:db8::1];"));
  CHECK(says(text, "listen 80;"));
  CHECK_FALSE(says(text, "default_server"));
}

TEST_CASE("TLS comes with a certificate, beside HTTP or instead of it") {
  CHECK(says(nginx_fragment(tls_site()), "listen 80 default_server;"));
  CHECK(says(nginx_fragment(tls_site()), "listen 443 ssl default_server;"));
  CHECK(says(nginx_fragment(tls_site()), "ssl_protocols TLSv1.2 TLSv1.3;"));
  CHECK_FALSE(says(nginx_fragment(plain_site()), "ssl"));
  NginxSite site = tls_site();
  site.listen.clear();
  CHECK_FALSE(says(nginx_fragment(site), "listen 80"));
  site.tls_listen.clear();
  CHECK_THROWS_AS(nginx_fragment(site), UsageError);
  for (const auto part : {&NginxSite::certificate, &NginxSite::key}) {
    site = tls_site();
    (site.*part).clear();
    CHECK_THROWS_AS(nginx_fragment(site), UsageError);
  }
}

TEST_CASE("a fragment stands in an http block, a complete configuration has one") {
  CHECK_FALSE(says(nginx_fragment(plain_site()), "http {"));
  const std::string text = nginx_complete(plain_site(), {"/run/here", "www-data"});
  for (const char* part : {"http {", "user www-data;", "pid \"/run/here/nginx.pid\";", "error_log \"/run/here/error.log\";"})
    CHECK(says(text, part));
  CHECK_FALSE(says(nginx_complete(plain_site(), {"/run/here", ""}), "\nuser "));
  CHECK(text.starts_with(kNginxFileMark));
  CHECK(nginx_fragment(plain_site()).starts_with(kNginxFileMark));
}

TEST_CASE("URLs and archives agree on what is a khash, a build id, a level and a pointer") {
  const std::string hex40 = "0123456789abcdef0123456789abcdef01234567";
  const std::vector<std::string> idents = {hex40,          hex40 + "0", hex40.substr(1),       "7f3c0011",
                                           "7f3c001",      "7f3c00",    std::string(128, 'a'), std::string(130, 'a'),
                                           "7F3C0011AABB", "u",         "2021012902"};
  const std::vector<std::string> rests = {
      "latest", "latest.v1",   "latest.", "latest.v2.sig", "latestx",     "version",      "version2",      "before",
      "0/f",    "00/f",        "01/f",    "7/kpatch.bin",  "7/deep/er/f", "2021012902/f", "99999999999/f", "1.0/f",
      "-1/f",   "7/f+g_h-i.j", "7",       "kpatch.bin",    "7/-x",        "7/_x"};
  int served = 0;
  for (const auto& ident : idents)
    for (const auto& rest : rests)
      for (const std::string product : {"kernel", "user"}) {
        INFO(product << ": " << ident << "/" << rest);
        const auto path = RelPath::parse(ident + "/" + rest);
        REQUIRE(path);
        const auto kind = place_of(product, *path).kind;
        const std::string name = product == "kernel" ? url::kKhash : url::kBuildId;
        CHECK(matches(name + "/" + url::kPointer, path->text()) == (kind == Place::Kind::pointer));
        CHECK(matches(name + "/" + url::kLevel + "/" + url::kFile, path->text()) == (kind == Place::Kind::level_file));
        if (kind != Place::Kind::other) ++served;
      }
  CHECK(served > 30);
}

TEST_CASE("no element of a URL begins with a dot") {
  for (const std::string name : {".", "..", ".hidden", "..x", ""}) {
    INFO(name);
    CHECK_FALSE(matches(url::kFeed, name));
    CHECK_FALSE(matches(url::kLib, name));
    CHECK_FALSE(matches(url::kFile, name));
    CHECK_FALSE(matches(url::kFile, "a/" + name));
    CHECK_FALSE(matches(url::kFile, name + "/a"));
  }
  for (const std::string name : {"test", "12h", "48h", "Rack_7.eu-west"}) CHECK(matches(url::kFeed, name));
  CHECK_FALSE(matches(url::kFeed, "a/b"));
}

}  // namespace patchferry::importer
