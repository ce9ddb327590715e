// SPDX-License-Identifier: Apache-2.0
// From settings to what the text of a configuration is made of; the one part of serve_nginx.h that looks at the disk.
#include "importer/serve_nginx.h"
#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

NginxSite nginx_site(const Settings& settings) {
  const ServeSettings& serve = settings.serve;
  const std::string feeds = settings.base + "/feeds";
  if (!is_folder(feeds))
    throw UsageError("there is no base at " + settings.base, "name it with --base, or make one with 'patchferry init'");
  NginxSite site;
  site.feeds = canonical_path(feeds);
  site.server_names = serve.server_names;
  site.access_log = serve.access_log;
  if (!serve.tls_only) site.listen = serve.listen;
  const bool tls = !serve.certificate.empty() || !serve.key.empty();
  if (tls) site.tls_listen = serve.tls_listen;
  if (!tls && serve.tls_only)
    throw UsageError("TLS needs a certificate and its key", "give --tls-cert and --tls-key (tls_certificate, tls_key)");
  site.certificate = serve.certificate;
  site.key = serve.key;
  for (const auto& file : {site.certificate, site.key})
    if (!file.empty() && !exists(file)) throw UsageError("there is no file " + file, "certificate and key must be there");
  return site;
}

}  // namespace patchferry::importer
