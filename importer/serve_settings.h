// SPDX-License-Identifier: Apache-2.0
// How feeds are served, as an administrator has written it down: the table [serve] of the configuration.
#pragma once

#include <string>
#include <vector>

namespace patchferry::importer {

/// Values as they were written; what they may be is checked when they become part of a web server's configuration (serve_values.h).
struct ServeSettings {
  std::vector<std::string> listen = {"80"};
  std::vector<std::string> tls_listen = {"443"};  // counts only with a certificate
  bool tls_only = false;                          // nothing on `listen`
  std::vector<std::string> server_names;
  std::string certificate;
  std::string key;
  std::string access_log = "/var/log/nginx/patchferry.log";
  std::string nginx_conf = "/etc/nginx/conf.d/patchferry.conf";  // where the machine's nginx reads it
};

}  // namespace patchferry::importer
