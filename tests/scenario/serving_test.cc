// SPDX-License-Identifier: Apache-2.0
// What agents get from a real nginx, with the configuration that `patchferry serve-config` writes.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "system/run_tool.h"
#include "tests/scenario/nginx_server.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;
using patchferry::make_folders;
using patchferry::make_symlink;
using patchferry::rename_path;

namespace {

constexpr std::uint64_t kUserLevel = 2026011201;

/// A base with a kernel at level 3, and a library.
void fill(const World& world) {
  const std::string k = "K20260105_01", u = "U20260112_01";
  auto kernels = kernel_release(k, {{1, 3}});
  kernels.push_back({k + "/" + khash(1) + "/version", "3\n"});
  kernels.push_back({k + "/" + khash(1) + "/latest.v2", "{\"level\": 3}"});
  kernels.push_back({k + "/" + khash(1) + "/3/deep/er", "deep"});
  kernels.push_back({k + "/" + khash(1) + "/3/.hidden", "hidden"});
  world.release(k, kernels);
  auto users = user_release(u, 1, kUserLevel);
  users.push_back({u + "/" + build_id(1) + "/latest.v1", "{\"level\": 2026011201}"});
  users.push_back({u + "/before", "#!/bin/sh\n"});
  world.release(u, users);
  REQUIRE(world.import({world.export_full()}).code == 0);
}

/// A feed that shows other bytes than main does, made by hand: what nginx does with its name is all that is asked here.
void add_feed_by_hand(const World& world, const std::string& feed) {
  const std::string current = world.base() + "/feeds/" + feed + "/current/";
  make_folders(current + khash(1) + "/9");
  write_contents(current + khash(1) + "/latest.v1", "9\n");
  write_contents(current + khash(1) + "/9/kpatch.bin", "of " + feed);
  make_folders(current + "u/" + build_id(1) + "/77");
  make_symlink("77", current + "u/" + build_id(1) + "/latest");
  write_contents(current + "u/" + build_id(1) + "/77/kpatch.bin", "user space of " + feed);
}

std::string kernel_bin() { return "/" + khash(1) + "/3/kpatch.bin"; }
std::string pointer() { return "/" + khash(1) + "/latest.v1"; }

/// The PATH that programs see, until this goes.
class WithPath {
 public:
  explicit WithPath(const std::string& folder) : former_(std::getenv("PATH")) {
    ::setenv("PATH", (folder + ":" + former_).c_str(), 1);
  }
  ~WithPath() { ::setenv("PATH", former_.c_str(), 1); }
  WithPath(const WithPath&) = delete;
  WithPath& operator=(const WithPath&) = delete;

 private:
  std::string former_;
};

/// A certificate for localhost, signed by itself.
void make_certificate(const World& world) {
  const auto done =
      patchferry::run_tool("/usr/bin/openssl", {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                                                "-keyout", world.at("tls.key"), "-out", world.at("tls.pem")});
  INFO(done.said);
  REQUIRE(done.code == 0);
}

patchferry::ToolOutcome curl(const patchferry::test::Words& words) {
  patchferry::test::Words all = {"--silent", "--show-error", "--fail"};
  all.insert(all.end(), words.begin(), words.end());
  return patchferry::run_tool("/usr/bin/curl", all);
}

}  // namespace

TEST_CASE("pointers come without validators, and are never taken from a cache") {
  const World world;
  fill(world);
  const NginxServer server(world.base(), world.at("nginx"));
  HttpClient client(server.port());
  const std::map<std::string, std::string> pointers = {{pointer(), "3\n"},
                                                       {"/" + khash(1) + "/version", "3\n"},
                                                       {"/" + khash(1) + "/latest.v2", "{\"level\": 3}"},
                                                       {"/u/main/" + build_id(1) + "/latest.v1", "{\"level\": 2026011201}"},
                                                       {"/u/" + build_id(1) + "/latest", "2026011201\n"}};
  for (const auto& [url, body] : pointers) {
    INFO(url);
    for (const Headers& asked :
         {Headers{}, Headers{"If-None-Match: \"x\""}, Headers{"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"},
          Headers{"If-None-Match: \"x\"", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"}}) {
      const auto answer = client.get(url, asked);
      CHECK(answer.status == 200);
      CHECK(answer.body == body);
      CHECK(answer.header("cache-control") == "no-store");
      CHECK(answer.header("content-type") == "text/plain");
      CHECK_FALSE(answer.has("etag"));
      CHECK_FALSE(answer.has("last-modified"));
    }
    CHECK(client.get(url, {"If-None-Match: *"}).status == 400);
    const auto head = client.ask("HEAD", url);
    CHECK(head.status == 200);
    CHECK(head.header("content-length") == std::to_string(body.size()));
  }
  CHECK(client.get(pointer()).header("server") == "nginx");  // and no version
}

TEST_CASE("levels are asked for again by their ETag") {
  const World world;
  fill(world);
  const NginxServer server(world.base(), world.at("nginx"));
  HttpClient client(server.port());
  for (const auto& url : {kernel_bin(), "/" + khash(1) + "/3/kpatch.info", "/" + khash(1) + "/3/deep/er",
                          "/u/" + build_id(1) + "/" + std::to_string(kUserLevel) + "/kpatch.bin"}) {
    INFO(url);
    const auto first = client.get(url);
    CHECK(first.status == 200);
    CHECK(first.header("cache-control") == "no-cache");
    CHECK(first.header("content-type") == "application/octet-stream");
    REQUIRE(first.has("etag"));
    const auto again = client.get(url, {"If-None-Match: " + first.header("etag")});
    CHECK(again.status == 304);
    CHECK(again.header("etag") == first.header("etag"));
    CHECK(again.header("cache-control") == "no-cache");
    CHECK(again.body.empty());
    CHECK(client.get(url, {"If-None-Match: \"other\""}).body == first.body);
  }
  CHECK(client.get(kernel_bin()).body == served(world.base()).at(khash(1) + "/3/kpatch.bin"));
  const auto part = client.get(kernel_bin(), {"Range: bytes=0-9"});
  CHECK(part.status == 206);
  CHECK(part.body.size() == 10);
}

TEST_CASE("a feed other than main is served beneath its name, in user space too") {
  const World world;
  fill(world);
  const NginxServer server(world.base(), world.at("nginx"));
  add_feed_by_hand(world, "test");  // a server that runs already needs no other configuration
  add_feed_by_hand(world, "12h");
  HttpClient client(server.port());
  for (const std::string feed : {"test", "12h"}) {
    const std::string user = build_id(1);
    CHECK(client.get("/" + feed + pointer()).body == "9\n");
    CHECK(client.get("/" + feed + "/" + khash(1) + "/9/kpatch.bin").body == "of " + feed);
    CHECK(client.get("/" + feed + kernel_bin()).status == 404);
    for (const std::string lib : {"", "libssl.so.3/", "glibc/"}) {
      CHECK(client.get("/u/" + feed + "/" + lib + user + "/latest").body == "77\n");
      CHECK(client.get("/u/" + feed + "/" + lib + user + "/77/kpatch.bin").body == "user space of " + feed);
    }
  }
  CHECK(client.get(pointer()).body == "3\n");
  CHECK(client.get("/main" + pointer()).body == "3\n");
  const std::string rest = build_id(1) + "/" + std::to_string(kUserLevel) + "/kpatch.bin";
  const auto bare = client.get("/u/" + rest);
  CHECK(bare.status == 200);
  CHECK(client.get("/u/main/" + rest).body == bare.body);
  CHECK(client.get("/u/main/libc/" + rest).body == bare.body);
  CHECK(client.get("/other" + pointer()).status == 404);
  CHECK(client.get("/u/other/" + rest).status == 404);
}

TEST_CASE("nothing but levels and pointers is served, by whatever name it is asked for") {
  const World world;
  fill(world);
  write_contents(world.base() + "/feeds/secret", "secret");
  make_folders(world.base() + "/feeds/.hidden/current/" + khash(1));
  write_contents(world.base() + "/feeds/.hidden/current/" + khash(1) + "/latest.v1", "hidden");
  NginxServer server(world.base(), world.at("nginx"));
  HttpClient client(server.port());
  const std::string k = "/" + khash(1), u = "/u/" + build_id(1);
  const std::vector<std::string> targets = {
      "/",
      "/index.html",
      k,
      k + "/",
      k + "/3",
      k + "/3/",
      k + "/3/deep",
      k + "/3/deep/",
      k + "/3/.hidden",
      k + "/3/none",
      k + "/03/kpatch.bin",
      k + "/4/kpatch.bin",
      k + "/latest",
      k + "/latest.v1/",
      k + "/latest.v1%0a",
      k + "/version%00",
      k + "/3/kpatch.bin%0a",
      "/feeds/main/current" + k + "/latest.v1",
      "/arch/K20260105_01.tar.bz2",
      "/main/arch/K20260105_01.tar.bz2",
      "/patchferry.sqlite",
      "/site.key",
      "/secret",
      "/main/",
      "/main/current" + k + "/latest.v1",
      "/generations/000001" + k + "/latest.v1",
      "/..",
      "/../site.key",
      "/%2e%2e/site.key",
      "/%2e%2e%2fsite.key",
      "/..%2f..%2fsite.key",
      "/../feeds/main/current" + k + "/latest.v1",
      "/%2e%2e/main" + k + "/../../../../site.key",
      k + "/3/../../../../../../site.key",
      k + "/3/%2e%2e/%2e%2e/%2e%2e/%2e%2e/site.key",
      k + "/3/..%2f..%2f..%2f..%2f..%2fsite.key",
      "/.hidden" + k + "/latest.v1",
      "/%2ehidden" + k + "/latest.v1",
      "/u/.hidden/" + build_id(1) + "/latest",
      "/u" + k + "/latest.v1",
      "/u/",
      "/u/main/",
      "/u/before",
      "/u/main/before",
      u + "/latest/",
      u + "/latest/kpatch.bin",
      u + "/before",
      "/u/main/a/b/" + build_id(1) + "/latest",
      "/u/main/../" + build_id(1) + "/../../../site.key",
      "/main/u/" + build_id(1) + "/latest",
      "http://localhost/",
      "/" + std::string(3000, 'a') + k + "/latest.v1",
      std::string("/\xff\xfe") + k + "/latest.v1",
  };
  for (const auto& target : targets) {
    INFO(target);
    const auto answer = client.get(target);
    const bool refused = answer.status == 404 || answer.status == 400 || answer.status == 403;
    CHECK(refused);
    CHECK_FALSE(answer.has("location"));
    CHECK(answer.body.find("patchferry") == std::string::npos);
  }
  // Normalised by nginx before anything else sees it.
  CHECK(client.get("/" + khash(2) + "/.." + pointer()).status == 200);
  CHECK(client.get(pointer() + "?a=../..").status == 200);
  CHECK_FALSE(says(server.error_log(), "[crit]"));
}

TEST_CASE("only GET and HEAD are answered") {
  const World world;
  fill(world);
  const NginxServer server(world.base(), world.at("nginx"));
  HttpClient client(server.port());
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "MKCOL"})
    for (const auto& target : {pointer(), kernel_bin(), "/u/" + build_id(1) + "/latest", std::string("/")}) {
      INFO(method << " " << target);
      const auto answer = client.ask(method, target, {"Content-Length: 0"});
      CHECK(answer.status == 405);
      CHECK(answer.header("allow") == "GET, HEAD");
    }
  CHECK_FALSE(client.get(pointer()).has("allow"));
}

TEST_CASE("where host names are given, no other is answered") {
  const World world;
  fill(world);
  const std::string long_name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example.org";
  const NginxServer server(world.base(), world.at("nginx"),
                           {"--server-name", "Patches.Example.org", "--server-name", "*.rack", "--server-name", "192.0.2.1",
                            "--server-name", "[2001:db8::1]", "--server-name", "include", "--server-name", long_name});
  HttpClient client(server.port());
  for (const std::string& host :
       {std::string("patches.example.org"), std::string("PATCHES.example.ORG:8080"), std::string("a.rack"),
        std::string("192.0.2.1"), std::string("[2001:db8::1]:80"), std::string("include"), long_name}) {
    INFO(host);
    CHECK(client.get(pointer(), {"Host: " + host}).body == "3\n");
  }
  for (const std::string host : {"localhost", "example.org", "rack", "patches.example.org.evil", "192.0.2.2", "default"}) {
    INFO(host);
    CHECK(client.get(pointer(), {"Host: " + host}).status == 421);
  }
  CHECK(client.get(pointer(), {"Host: a/../b"}).status == 400);
}

TEST_CASE("TLS is served beside HTTP, or alone") {
  const World world;
  fill(world);
  make_certificate(world);
  const unsigned port = free_port();
  const std::string at = "127.0.0.1:" + std::to_string(port);
  const Words with_tls = {"--tls-listen", at, "--tls-cert", world.at("tls.pem"), "--tls-key", world.at("tls.key")};
  const std::string url = "https://localhost:" + std::to_string(port) + pointer();
  {
    const NginxServer server(world.base(), world.at("nginx"), with_tls);
    CHECK(curl({"--cacert", world.at("tls.pem"), url}).said == "3");
    CHECK(curl({"--cacert", world.at("tls.pem"), "--tlsv1.3", url}).said == "3");
    CHECK(curl({"--cacert", world.at("tls.pem"), "--tls-max", "1.1", url}).code == 35);  // no protocol in common
    CHECK(HttpClient(server.port()).get(pointer()).body == "3\n");
  }
  // Without --listen: the server's own is what the test's server would wait for.
  Words words = {"serve-config", "nginx", "--base", world.base(), "--tls-only"};
  words.insert(words.end(), with_tls.begin(), with_tls.end());
  const auto alone = typed(words);
  CHECK(alone.code == 0);
  CHECK(says(alone.out, "listen " + at + " ssl"));
  CHECK_FALSE(says(alone.out, "listen 80"));
  CHECK(typed({"serve-config", "nginx", "--base", world.base(), "--tls-only"}).code == 2);
  CHECK(typed({"serve-config", "nginx", "--base", world.base(), "--tls-cert", world.at("tls.pem")}).code == 2);
  CHECK(typed({"serve-config", "nginx", "--base", world.base(), "--tls-cert", world.at("none"), "--tls-key", world.at("tls.key")})
            .code == 2);
}

TEST_CASE("the access log is JSON, whatever clients send") {
  const World world;
  fill(world);
  NginxServer server(world.base(), world.at("nginx"));
  {
    HttpClient client(server.port());
    client.get(pointer(), {"User-Agent: kcare/2.5 \"quoted\" back\\slash"});
    client.get(kernel_bin(), {"If-None-Match: \"abc\""});
    client.get("/x", {"User-Agent: \xff\xfe", "If-None-Match: \xe9"});
    client.get("/\xff\"x\\y");
    client.get("/x", {"Host: \xff"});
    client.ask("POST", "/x", {"Content-Length: 0"});
    client.get("/x y");
    client.ask("\"}{", "/");
    HttpClient(server.port()).ask("GET", "/" + std::string(20'000, 'a'));
  }
  const auto lines = server.log_lines();
  std::vector<nlohmann::json> entries;
  for (const auto& line : lines) {
    INFO(line);
    REQUIRE(nlohmann::json::accept(line));
    entries.push_back(nlohmann::json::parse(line));
    if (entries.back().at("method") == "" && entries.back().at("uri") == "/") entries.pop_back();
  }
  REQUIRE(entries.size() >= 9);
  const auto find = [&](const std::string& uri) {
    for (const auto& entry : entries)
      if (entry.at("uri") == uri) return entry;
    return nlohmann::json();
  };
  const auto first = find(pointer());
  CHECK(first.at("status") == 200);
  CHECK(first.at("method") == "GET");
  CHECK(first.at("host") == "localhost");
  CHECK(first.at("remote_addr") == "127.0.0.1");
  CHECK(first.at("agent") == "kcare/2.5 \"quoted\" back\\slash");
  CHECK(first.at("request_time").is_number());
  CHECK(first.at("bytes").get<int>() > 2);
  CHECK(first.at("time").get<std::string>().size() == 25);
  CHECK(find(kernel_bin()).at("if_none_match") == "\"abc\"");
  CHECK(find("/x").at("agent") == "(not ASCII)");
  CHECK(find("/x").at("if_none_match") == "(not ASCII)");
}

TEST_CASE("a base may lie elsewhere, behind links") {
  const World world;
  fill(world);
  make_folders(world.at("big/disk"));
  SECTION("all of it") {
    rename_path(world.base(), world.at("big/disk/base"));
    make_symlink(world.at("big/disk/base"), world.base());
  }
  SECTION("resources") {
    rename_path(world.base() + "/resources", world.at("big/disk/resources"));
    make_symlink(world.at("big/disk/resources"), world.base() + "/resources");
  }
  SECTION("resources and feeds, side by side") {
    for (const std::string part : {"resources", "feeds"}) {
      rename_path(world.base() + "/" + part, world.at("big/disk/" + part));
      make_symlink("../big/disk/" + part, world.base() + "/" + part);
    }
  }
  const NginxServer server(world.base(), world.at("nginx"));
  CHECK_FALSE(says(contents(server.conf()), "/base/feeds\""));
  HttpClient client(server.port());
  CHECK(client.get(pointer()).body == "3\n");
  CHECK(client.get(kernel_bin()).status == 200);
  CHECK(client.get("/u/" + build_id(1) + "/latest").body == "2026011201\n");
  // And the next import lands there too.
  world.release_kernels("K20260114_02", {{1, 4}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  CHECK(client.get(pointer()).body == "4\n");
  CHECK(client.get("/" + khash(1) + "/4/kpatch.bin").status == 200);
}

TEST_CASE("a configuration comes into force only if nginx takes it; otherwise the former one is back") {
  const World world;
  fill(world);
  const NginxServer server(world.base(), world.at("nginx"));
  const std::string good = contents(server.conf());
  HttpClient client(server.port());

  write_contents(world.at("not.pem"), "no certificate\n");
  const std::string tls = "127.0.0.1:" + std::to_string(free_port());
  const Words bad = {"--tls-listen", tls, "--tls-cert", world.at("not.pem"), "--tls-key", world.at("not.pem"), "--reload"};
  const auto refused = server.configure(bad);
  CHECK(refused.code == 1);
  CHECK(says(refused.err, "not.pem"));
  CHECK(says(refused.err, "PEM"));  // nginx's own words
  CHECK(contents(server.conf()) == good);
  auto as_json = bad;
  as_json.emplace_back("--json");
  const auto document = json_of(server.configure(as_json));
  CHECK(says(document.at("refused"), "PEM"));
  CHECK(document.at("changed") == false);
  CHECK(document.at("reloaded") == false);
  CHECK(client.get(pointer()).status == 200);

  const Words named = {"--server-name", "patches", "--reload"};
  const auto taken = server.configure(named);
  INFO(taken.err);
  CHECK(taken.code == 0);
  CHECK(says(taken.out, "reload"));
  // Workers change a moment after the signal.
  for (int i = 0; i < 1000 && HttpClient(server.port()).get(pointer()).status != 421; ++i) ::usleep(10'000);
  CHECK(HttpClient(server.port()).get(pointer()).status == 421);
  CHECK(HttpClient(server.port()).get(pointer(), {"Host: patches"}).status == 200);
  // Written by a run that was killed before it could tell nginx, for all that anyone knows: told once more.
  const auto again = json_of(server.configure({"--server-name", "patches", "--reload", "--json"}));
  CHECK(again.at("changed") == false);
  CHECK(again.at("reloaded") == true);
  CHECK(server.configure({"--server-name", "patches"}).code == 4);
}

TEST_CASE("a configuration that nginx refuses leaves nothing where nothing was, and one without a server waits for it") {
  const World world;
  patchferry::make_folder(world.at("run"));
  write_contents(world.at("not.pem"), "no certificate\n");
  const std::string out = world.at("nginx.conf");
  const Words words = {"serve-config",  "nginx",    "--base",
                       world.base(),    "--full",   "--run-dir",
                       world.at("run"), "--listen", "127.0.0.1:" + std::to_string(free_port()),
                       "--out",         out,        "--reload"};
  auto bad = words;
  bad.insert(bad.end(), {"--tls-listen", "127.0.0.1:" + std::to_string(free_port()), "--tls-cert", world.at("not.pem"),
                         "--tls-key", world.at("not.pem")});
  CHECK(typed(bad).code == 1);
  CHECK_FALSE(patchferry::exists(out));
  for (int i = 0; i < 2; ++i) {  // the first nginx -t leaves an empty pid file
    const auto done = typed(words);
    CHECK(done.code == 0);
    CHECK(says(done.err, "does not run"));
  }
}

TEST_CASE("without --full it is a part of the machine's configuration, beside what else the machine serves") {
  const World world;
  fill(world);
  // The machine: an nginx whose usual configuration is this one, and which has a site already.
  const unsigned port = free_port();
  const std::string at = "127.0.0.1:" + std::to_string(port), conf_d = world.at("etc/conf.d");
  make_folders(conf_d);
  make_folders(world.at("bin"));
  const auto nginx = patchferry::find_tool("nginx");
  REQUIRE(nginx);
  write_contents(world.at("bin/nginx"), "#!/bin/sh\nexec " + *nginx + " -c " + world.at("etc/nginx.conf") + " \"$@\"\n");
  REQUIRE(::chmod(world.at("bin/nginx").c_str(), 0755) == 0);
  std::string temporary;
  for (const std::string name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += name + "_temp_path " + world.at("etc/" + name) + ";\n";
  write_contents(world.at("etc/nginx.conf"),
                 std::string(::geteuid() == 0 ? "user root;\n" : "") + "pid " + world.at("etc/pid") + ";\nerror_log " +
                     world.at("etc/error.log") + ";\nevents { }\nhttp {\n" + temporary +
                     "gzip on;\nautoindex on;\nopen_file_cache max=1000;\nadd_header X-Machine yes;\ninclude " + conf_d +
                     "/*.conf;\n}\n");
  write_contents(conf_d + "/site.conf", "server { listen " + at + " default_server; return 200 \"the machine's site\"; }\n");
  const WithPath path(world.at("bin"));

  const Words words = {"serve-config", "nginx",
                       "--base",       world.base(),
                       "--listen",     at,
                       "--access-log", world.at("etc/access.log"),
                       "--out",        conf_d + "/patchferry.conf",
                       "--reload"};
  const auto quarrel = typed(words);
  CHECK(quarrel.code == 1);
  CHECK(says(quarrel.err, "duplicate default server"));
  CHECK(says(quarrel.err, "--server-name"));
  CHECK(names_in(conf_d) == std::vector<std::string>{"site.conf"});

  auto named = words;
  named.insert(named.end(), {"--server-name", "patches"});
  const auto waiting = typed(named);
  INFO(waiting.err);
  CHECK(waiting.code == 0);
  CHECK(says(waiting.err, "does not run"));
  Process running({world.at("bin/nginx"), "-g", "daemon off;"});
  while (running.is_running() && !is_listening(port)) ::usleep(5'000);
  HttpClient client(port);
  CHECK(client.get("/").body == "the machine's site");
  const auto answer = client.get(pointer(), {"Host: patches", "Accept-Encoding: gzip"});
  CHECK(answer.body == "3\n");
  CHECK_FALSE(answer.has("x-machine"));
  CHECK(client.get("/" + khash(1) + "/", {"Host: patches"}).status == 404);
  CHECK(typed(named).code == 0);
  CHECK(patchferry::run_tool(world.at("bin/nginx"), {"-s", "stop"}).code == 0);
  running.wait();
}

TEST_CASE("serve-config replaces its own files only, and says so if there is nothing to do") {
  const World world;
  const std::string out = world.at("patchferry.conf");
  const Words words = {"serve-config", "nginx", "--base", world.base(), "--out", out};
  CHECK(typed(words).code == 0);
  CHECK(contents(out) == typed({"serve-config", "nginx", "--base", world.base()}).out);
  CHECK(typed(words).code == 4);
  auto other = words;
  other.insert(other.end(), {"--listen", "8080", "--json"});
  CHECK(json_of(typed(other)).at("changed") == true);
  CHECK(json_of(typed({"serve-config", "nginx", "--base", world.base(), "--json"})).at("text") ==
        typed({"serve-config", "nginx", "--base", world.base()}).out);

  write_contents(out, "server { }\n");
  const auto foreign = typed(words);
  CHECK(foreign.code == 2);
  CHECK(contents(out) == "server { }\n");
  for (const Words& more :
       {Words{"--full"}, Words{"--run-dir", world.base()}, Words{"--full", "--run-dir", world.at("none")},
        Words{"--user", "root"}, Words{"--full", "--run-dir", world.base(), "--reload"}, Words{"--tls-listen", "443"},
        Words{"--listen", "80; include /etc/passwd"}, Words{"--server-name", "a;b"}, Words{"--access-log", "/a\"b"},
        Words{"--out", world.at("none") + "/x.conf"}, Words{"apache"}}) {
    Words all = {"serve-config", "nginx", "--base", world.base()};
    all.insert(all.end(), more.begin(), more.end());
    INFO(more.front() << " " << more.back());
    const auto done = typed(all);
    CHECK(done.code == 2);
    CHECK(says(done.err, "hint: "));
    CHECK(done.out.empty());
  }
  CHECK(typed({"serve-config", "--base", world.base()}).code == 2);
  CHECK(typed({"serve-config", "nginx", "--base", world.at("none")}).code == 2);
}

TEST_CASE("how feeds are served can be written down once, in the configuration") {
  const World world;
  const std::string file = world.at("config.toml");
  const Words words = {"serve-config", "nginx", "--base", world.base()};
  const Configured configured(file);
  write_contents(file,
                 "[serve]\nlisten = [\"8080\", \"[::1]:8080\"]\nserver_names = [\"patches\"]\naccess_log = \"/srv/log\"\n"
                 "tls_certificate = \"" +
                     file + "\"\ntls_key = \"" + file + "\"\ntls_listen = [\"8443\"]\nnginx_conf = \"/srv/x.conf\"\n");
  const auto text = typed(words).out;
  for (const char* part :
       {"listen 8080;", "listen [::1]:8080;", "listen 8443 ssl;", "server_name patches;", "access_log \"/srv/log\" patchferry;"})
    CHECK(says(text, part));
  auto more = words;
  more.insert(more.end(), {"--listen", "81", "--server-name", "other"});
  CHECK(says(typed(more).out, "listen 81;"));
  CHECK_FALSE(says(typed(more).out, "8080"));
  CHECK_FALSE(says(typed(more).out, "server_name patches"));
  write_contents(file, "[serve]\nlisten = [\"80\"]\ntls_only = true\n");
  CHECK(typed(words).code == 2);
  for (const std::string bad :
       {"[serve]\nport = 80\n", "[serve]\nlisten = 80\n", "[serve]\nlisten = [80]\n", "serve = 1\n",
        "[serve]\ntls_only = \"yes\"\n", "[serve]\nserver_names = [\"a b\"]\n", "[serve]\naccess_log = \"log\"\n"}) {
    INFO(bad);
    write_contents(file, bad);
    const auto done = typed(words);
    CHECK(done.code == 2);
    CHECK_FALSE(done.err.empty());
  }
}

TEST_CASE("a configuration is written over no link, pipe or folder, whatever lies where it is to go or beside it") {
  const World world;
  fill(world);
  const std::string out = world.at("site.conf"), victim = world.at("victim");
  const Words words = {"serve-config", "nginx", "--base", world.base(), "--out", out};
  const std::string good = typed({"serve-config", "nginx", "--base", world.base()}).out;
  write_contents(victim, "mine\n");
  make_symlink(victim, out);
  CHECK(typed(words).code == 2);
  patchferry::remove_file(out);
  make_symlink(world.at("nothing"), out);
  CHECK(typed(words).code == 2);
  CHECK_FALSE(patchferry::exists(world.at("nothing")));
  patchferry::remove_file(out);
  REQUIRE(::mkfifo(out.c_str(), 0600) == 0);
  CHECK(typed(words).code == 2);
  patchferry::remove_file(out);
  patchferry::make_folder(out);
  CHECK(typed(words).code == 2);
  patchferry::remove_tree(out);
  make_symlink(victim, world.at(".site.conf.partial"));
  CHECK(typed(words).code == 0);
  CHECK(contents(out) == good);
  CHECK(contents(victim) == "mine\n");
}

TEST_CASE("several configurations written at once wait for each other") {
  const World world;
  fill(world);
  const std::string out = world.at("site.conf");
  std::vector<std::unique_ptr<Process>> all;
  for (int i = 0; i < 12; ++i)
    all.push_back(std::make_unique<Process>(Words{"patchferry", "serve-config", "nginx", "--base", world.base(), "--out", out,
                                                  "--listen", std::to_string(8000 + i)}));
  for (auto& one : all) CHECK(one->wait().code == 0);
  CHECK(says(contents(out), "server {"));
}
