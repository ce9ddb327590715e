// SPDX-License-Identifier: Apache-2.0
// The configuration with which a stock nginx serves the feeds of a base (docs/serving.md): text made of a struct, nothing else.
//
// A new feed, a switch, a rollback need no new configuration: the feed is taken out of the URL, and `current` is a link. Whatever
// stands in the struct is checked before it becomes text, so that no name or path can end a directive and begin another.
#pragma once

#include <string>
#include <vector>

#include "importer/settings.h"

namespace patchferry::importer {

struct NginxSite {
  std::string feeds;                      // the folder that holds the feeds, canonical
  std::vector<std::string> listen;        // plain HTTP: "80", "192.0.2.1:80", "[::]:80"
  std::vector<std::string> tls_listen;    // HTTPS; needs certificate and key
  std::vector<std::string> server_names;  // host names that are answered; empty: all
  std::string certificate;                // absolute paths
  std::string key;
  std::string access_log;
};

/// What the configuration of this site says. UsageError if there is no base, or it asks for TLS without a certificate that is there.
NginxSite nginx_site(const Settings& settings);

/// What a complete nginx.conf has beside the site.
struct NginxMain {
  std::string run_folder;  // pid, error log and temporary files; absolute
  std::string user;        // empty: whom nginx was built for
};

/// The line that every such file begins with, by which we know our own.
constexpr const char* kNginxFileMark = "# Written by patchferry serve-config nginx";

/// To be included in the http block of a machine's configuration (conf.d). UsageError if a value cannot stand in a configuration.
std::string nginx_fragment(const NginxSite& site);

/// A configuration that needs no other: nginx -c FILE.
std::string nginx_complete(const NginxSite& site, const NginxMain& main);

}  // namespace patchferry::importer
