// SPDX-License-Identifier: Apache-2.0
// kc.eportal sync-nginx-conf: the web server's configuration, written anew where the vendor's tool would do it.
#include "importer/commands.h"
#include "importer/eportal/words.h"

namespace patchferry::importer::eportal {

/// What it is to be like, and where, stands in [serve] of the configuration.
int sync_nginx_conf(const Call&) { return reload_as_configured(); }

}  // namespace patchferry::importer::eportal
