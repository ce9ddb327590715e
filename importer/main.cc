// SPDX-License-Identifier: Apache-2.0
// patchferry-site: the air-gapped side. It never touches the network. Called kc.eportal, it speaks the vendor's grammar.
#include <sodium.h>
#include <sys/stat.h>

#include "importer/cleaning/cleaning_commands.h"
#include "importer/commands.h"
#include "importer/eportal/eportal.h"
#include "importer/keeping/commands.h"
#include "importer/reports/commands.h"
#include "terminal/command.h"
#include "terminal/interruption.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace {

using namespace patchferry::importer;

constexpr patchferry::Command kCommands[] = {
    {"init", "make a base directory and enrol the keys that it trusts", cmd_init},
    {"adopt", "take over the arch/ folder of an existing ePortal", cmd_adopt},
    {"archives", "make again what is missing in arch/", cmd_archives},
    {"diff", "show what a bundle would change", cmd_diff},
    {"import", "verify a bundle, store its archives, deploy them into feeds", cmd_import},
    {"deploy", "store archives that came without a bundle, and deploy them", cmd_deploy},
    {"enable", "put patchsets into a feed", cmd_enable},
    {"disable", "take patchsets out of a feed, and keep them out", cmd_disable},
    {"enable-upto", "put a patchset and all older ones into a feed", cmd_enable_upto},
    {"undeploy-downto", "take a patchset and all newer ones out of a feed", cmd_undeploy_downto},
    {"clean", "take away what is obsolete", cmd_clean},
    {"check", "read everything again, and find what has changed on the disk", cmd_check},
    {"pin", "keep patchsets, however obsolete they become", cmd_pin},
    {"unpin", "let pinned patchsets go", cmd_unpin},
    {"approve", "let feeds that need approval take patchsets", cmd_approve},
    {"reject", "keep the rules of feeds from taking patchsets", cmd_reject},
    {"feed add", "make a feed", cmd_feed_add},
    {"feed change", "say whether a feed fills itself, and by which rules", cmd_feed_change},
    {"feed remove", "remove a feed", cmd_feed_remove},
    {"feed promote", "put into one feed what another has", cmd_feed_promote},
    {"feed list", "list the feeds and their generations", cmd_feed_list},
    {"feed diff", "show what a feed would gain and lose if it became like another", cmd_feed_diff},
    {"feed history", "show what changed in each generation of a feed", cmd_feed_history},
    {"feed rollback", "let a feed show again what it showed before", cmd_feed_rollback},
    {"list", "show patchsets and their state in each feed", cmd_list},
    {"show", "show one patchset in full: kernels, CVEs, changes, feeds", cmd_show},
    {"log", "show, export or check the audit log", cmd_log},
    {"receipt", "write what this site has, for the next export", cmd_receipt},
    {"serve-config", "write the configuration with which a web server shows the feeds", cmd_serve_config},
    {"tick", "let feeds take what their rules allow by now", cmd_tick},
    {"status", "show how fresh, full and busy this site is", cmd_status},
    {"backup", "write the site into one file", keeping::cmd_backup},
    {"restore", "make a site of what backup wrote", keeping::cmd_restore},
    {"doctor", "look for what is wrong with this site", cmd_doctor},
    {"head take", "take the number of the newest bundle from a signed token", cmd_head_take},
    {"trust add", "enrol another key or trust domain", cmd_trust_add},
    {"trust remove", "believe a key or trust domain no longer", cmd_trust_remove},
    {"trust update", "take newer root documents without a bundle", cmd_trust_update},
    {"trust stream add", "accept the bundles of another store", cmd_trust_stream_add},
    {"trust stream remove", "accept the bundles of a store no longer", cmd_trust_stream_remove},
    {"trust stream list", "list the stores whose bundles are accepted", cmd_trust_stream_list},
};

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = patchferry::unpacker::run_if_called(argc, argv)) return *code;
  if (sodium_init() < 0) return patchferry::kFailed;
  patchferry::unpacker::on_lacking(patchferry::warn_of_lacking);
  // A web server of another user reads the feeds; what is secret (site.key, quarantine) has modes of its own.
  ::umask(022);
  if (eportal::is_meant(argc, argv)) return eportal::run(argc, argv);
  patchferry::tell_when_interrupted("patchferry");
  return patchferry::run_program({"patchferry", kCommands, "Patchferry, air-gapped side: bring bundles in, and serve them."},
                                 argc, argv);
}
