// SPDX-License-Identifier: Apache-2.0
#include "importer/serve_nginx.h"

#include <algorithm>
#include <array>

#include "importer/feeds.h"
#include "importer/serve_values.h"
#include "importer/url_profile.h"
#include "system/failure.h"

namespace patchferry::importer {

namespace {

/// Lines, indented by the blocks that they stand in.
class Text {
 public:
  void line(const std::string& text) { out_ += (text.empty() ? "" : std::string(depth_ * 4, ' ')) + text + "\n"; }
  void open(const std::string& head) {
    line(head + " {");
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::size_t depth_ = 0;
};

/// In quotes, since braces would end a block. No pattern of ours has a quote in it.
std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// --- URLs --------------------------------------------------------------------------------------------------------

// The whole URL is matched (\z; $ would let a last newline pass), so what a variable holds has been matched by its own pattern.
// A build id comes before a feed or a library that looks like one: `(?!…)`.
std::string kernel_url(const std::string& rest) {
  return quoted(std::string("^/((?!") + url::kUserSpace + "/)(?<patchferry_feed>" + url::kFeed + ")/)?(?<patchferry_path>" +
                url::kKhash + "/" + rest + ")\\z");
}

std::string user_url(const std::string& rest) {
  const std::string no_build_id = std::string("(?!") + url::kBuildId + "/)";
  return quoted(std::string("^/(?<patchferry_u>") + url::kUserSpace + "/)(" + no_build_id + "(?<patchferry_feed>" + url::kFeed +
                ")/(" + no_build_id + url::kLib + "/)?)?(?<patchferry_path>" + url::kBuildId + "/" + rest + ")\\z");
}

// --- parts -------------------------------------------------------------------------------------------------------

constexpr std::array<const char*, 4> kWordsOfMap = {"default", "hostnames", "include", "volatile"};

/// A name as the key of a map, where some words mean something else unless a backslash stands before them.
std::string map_key(const std::string& name) {
  const bool is_word = std::find(kWordsOfMap.begin(), kWordsOfMap.end(), name) != kWordsOfMap.end();
  return quoted((is_word ? "\\" : "") + name);
}

void write_log_format(Text& text) {
  text.line("# What clients send and what is not ASCII might not be UTF-8, which no reader of JSON would take.");
  for (const std::string name : {"request_uri", "http_user_agent", "http_if_none_match", "host"}) {
    text.open("map $" + name + " $patchferry_log_" + name);
    text.line("default $" + name + ";");
    text.line(quoted("~[^\\x20-\\x7e]") + " " + quoted("(not ASCII)") + ";");
    text.close();
  }
  text.line("# A number in JSON has no zeros in front, and nginx writes 009 for HTTP/0.9.");
  text.open("map $status $patchferry_log_status");
  text.line("default $status;");
  text.line("~^0 0;");
  text.close();
  text.line("log_format patchferry escape=json");
  text.line(
      R"(    '{"time":"$time_iso8601","remote_addr":"$remote_addr","host":"$patchferry_log_host","method":"$request_method",')");
  text.line(R"(    '"uri":"$patchferry_log_request_uri","status":$patchferry_log_status,"bytes":$bytes_sent,')");
  text.line(R"(    '"agent":"$patchferry_log_http_user_agent","if_none_match":"$patchferry_log_http_if_none_match",')");
  text.line(R"(    '"request_time":$request_time}';)");
}

void write_maps(Text& text, const std::vector<std::string>& names) {
  text.line("# What is allowed where it is not GET or HEAD that was asked.");
  text.open("map $request_method $patchferry_allow");
  text.line(R"(default "GET, HEAD";)");
  text.line(R"(GET "";)");
  text.line(R"(HEAD "";)");
  text.close();
  text.line("# A URL without a prefix follows the main feed.");
  text.open("map $patchferry_feed $patchferry_served");
  text.line("default $patchferry_feed;");
  text.line(std::string(R"("" )") + kMainFeed + ";");
  text.close();
  text.line("# The level that a link named latest leads to: the last element of its target.");
  text.open("map $realpath_root $patchferry_level");
  text.line(R"(default "";)");
  text.line(quoted(std::string("~/(?<patchferry_number>") + url::kLevel + ")\\z") + " $patchferry_number;");
  text.close();
  if (names.empty()) return;
  text.open("map $host $patchferry_host");
  text.line("hostnames;");
  text.line("default 0;");
  for (const auto& name : names) text.line(map_key(name) + " 1;");
  text.close();
}

/// As they are to be written, each once: nginx refuses what is said twice.
std::vector<std::string> distinct(const std::vector<std::string>& given, std::string (*value)(const std::string&)) {
  std::vector<std::string> out;
  for (const auto& one : given)
    if (auto text = value(one); std::find(out.begin(), out.end(), text) == out.end()) out.push_back(std::move(text));
  return out;
}

void write_listen(Text& text, const NginxSite& site) {
  // Where all names are answered, requests must come here whatever other servers there are. Where some are, two defaults on one
  // port would only be a quarrel with another site of the machine.
  const std::string whole = site.server_names.empty() ? " default_server" : "";
  for (const auto& address : distinct(site.listen, listen_value)) text.line("listen " + address + whole + ";");
  for (const auto& address : distinct(site.tls_listen, listen_value)) text.line("listen " + address + " ssl" + whole + ";");
}

void write_tls(Text& text, const NginxSite& site) {
  text.line("ssl_certificate " + path_value("the certificate", site.certificate) + ";");
  text.line("ssl_certificate_key " + path_value("the key of the certificate", site.key) + ";");
  text.line("ssl_protocols TLSv1.2 TLSv1.3;");
  text.line("ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;");
  text.line("ssl_prefer_server_ciphers off;");
  text.line("ssl_session_cache shared:patchferry:10m;");
  text.line("ssl_session_timeout 1d;");
  text.line("ssl_session_tickets off;");
}

/// `current` is resolved with each request. Only regular files are found: a folder would be answered by a redirect.
void write_root(Text& text, const std::string& current, const std::string& otherwise) {
  text.line("root " + current + ";");
  text.line("try_files /$patchferry_u$patchferry_path " + otherwise + ";");
}

/// Read anew each time. No validator goes out; the one that matches everything (RFC 9110, 13.1.2) needs none, and is not taken.
void write_pointer_headers(Text& text) {
  text.line("if ($http_if_none_match = \"*\") { return 400; }");
  text.line("types { }");
  text.line("default_type text/plain;");
  text.line("etag off;");
  text.line("if_modified_since off;");
  text.line("add_header Last-Modified \"\";");
  text.line("add_header Cache-Control no-store;");
}

void write_locations(Text& text, const NginxSite& site) {
  const std::string feed = site.feeds + "/";
  path_value("the folder of the feeds", site.feeds);
  // The braces end the variable's name, whatever follows.
  const std::string current = quoted(feed + "${patchferry_served}/current");

  text.line("# Pointers: never from a cache, and never \"not modified\".");
  for (const auto& url : {kernel_url(url::kPointer), user_url(url::kPointer)}) {
    text.open("location ~ " + url);
    write_root(text, current, "@patchferry_link");
    write_pointer_headers(text);
    text.close();
  }
  text.line("# A pointer that is a link to a level's folder (user space) is answered with what the link says: the level.");
  text.open("location @patchferry_link");
  text.line("root " + quoted(feed + "${patchferry_served}/current/${patchferry_u}${patchferry_path}") + ";");
  text.line("if (!-d $document_root) { return 404; }");
  text.line("if ($patchferry_level = \"\") { return 404; }");
  write_pointer_headers(text);
  text.line("return 200 \"$patchferry_level\\n\";");
  text.close();

  text.line("# Levels: asked for again with their ETag, since a level can be issued again.");
  const std::string file = std::string(url::kLevel) + "/" + url::kFile;
  for (const auto& url : {kernel_url(file), user_url(file)}) {
    text.open("location ~ " + url);
    write_root(text, current, "=404");
    text.line("types { }");
    text.line("default_type application/octet-stream;");
    text.line("etag on;");
    text.line("if_modified_since exact;");
    text.line("add_header Cache-Control no-cache;");
    text.close();
  }
  text.open("location /");
  text.line("return 404;");
  text.close();
}

void write_site(Text& text, const NginxSite& site) {
  const auto names = distinct(site.server_names, server_name_value);
  if (site.listen.empty() && site.tls_listen.empty()) throw UsageError("there is no address to listen on", "give --listen");
  if (!site.tls_listen.empty() && (site.certificate.empty() || site.key.empty()))
    throw UsageError("TLS needs a certificate and its key", "give --tls-cert and --tls-key");
  write_log_format(text);
  write_maps(text, names);
  text.open("server");
  write_listen(text, site);
  std::string all;
  for (const auto& name : names) all += " " + name;
  text.line("server_name" + (all.empty() ? " _" : all) + ";");
  if (!site.tls_listen.empty()) write_tls(text, site);
  text.line("access_log " + path_value("the access log", site.access_log) + " patchferry;");
  text.line("server_tokens off;");
  text.line("sendfile on;");
  text.line("tcp_nopush on;");
  text.line("gzip off;");
  text.line("autoindex off;");
  text.line(
      "# Feeds are links, and the folders that they lead to belong to whoever runs patchferry: links are followed. A cache of open");
  text.line("# files would go on showing a feed as it was before a switch.");
  text.line("disable_symlinks off;");
  text.line("open_file_cache off;");
  text.line("add_header Allow $patchferry_allow always;");
  text.line("if ($patchferry_allow) { return 405; }");
  if (!names.empty()) text.line("if ($patchferry_host = 0) { return 421; }");
  write_locations(text, site);
  text.close();
}

void write_mark(Text& text) {
  text.line(std::string(kNginxFileMark) + "; what is changed here is lost when it is written again (docs/serving.md).");
}

}  // namespace

std::string nginx_fragment(const NginxSite& site) {
  Text text;
  write_mark(text);
  write_site(text, site);
  return text.take();
}

std::string nginx_complete(const NginxSite& site, const NginxMain& main) {
  const auto in_run = [&](const std::string& name) { return path_value("the run folder", main.run_folder + "/" + name); };
  Text text;
  write_mark(text);
  if (!main.user.empty()) text.line("user " + user_value(main.user) + ";");
  text.line("worker_processes auto;");
  text.line("pid " + in_run("nginx.pid") + ";");
  text.line("error_log " + in_run("error.log") + ";");
  text.line("events { }");
  text.open("http");
  for (const std::string name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    text.line(name + "_temp_path " + in_run(name + "-temp") + ";");
  text.line("server_names_hash_bucket_size 512;");
  text.line("map_hash_bucket_size 512;");
  write_site(text, site);
  text.close();
  return text.take();
}

}  // namespace patchferry::importer
