// SPDX-License-Identifier: Apache-2.0
#include "importer/serve_settings.h"

#include "importer/config_values.h"
#include "system/failure.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

constexpr const char* kServeKeys = "listen, tls_listen, tls_only, server_names, tls_certificate, tls_key, access_log, nginx_conf";

}  // namespace

ServeSettings serve_settings(const std::string& path, const toml::node& value) {
  const toml::table* table = value.as_table();
  if (table == nullptr) throw UsageError(path + ": serve must be a table", "begin it with a line [serve]");
  ServeSettings out;
  for (const auto& [key, given] : *table) {
    if (key.str() == "listen") {
      out.listen = texts_of(path, "listen", given);
    } else if (key.str() == "tls_listen") {
      out.tls_listen = texts_of(path, "tls_listen", given);
    } else if (key.str() == "tls_only") {
      out.tls_only = flag_of(path, "tls_only", given);
    } else if (key.str() == "server_names") {
      out.server_names = texts_of(path, "server_names", given);
    } else if (key.str() == "tls_certificate") {
      out.certificate = text_of(path, "tls_certificate", given);
    } else if (key.str() == "tls_key") {
      out.key = text_of(path, "tls_key", given);
    } else if (key.str() == "access_log") {
      out.access_log = text_of(path, "access_log", given);
    } else if (key.str() == "nginx_conf") {
      out.nginx_conf = text_of(path, "nginx_conf", given);
    } else {
      throw UsageError(path + " holds an unknown key '" + printable(key.str()) + "' in [serve]",
                       std::string("the keys are ") + kServeKeys);
    }
  }
  return out;
}

}  // namespace patchferry::importer
