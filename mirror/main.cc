// SPDX-License-Identifier: Apache-2.0
// patchferry-mirror: the internet side.
#include <sodium.h>

#include "mirror/commands.h"
#include "terminal/command.h"
#include "terminal/interruption.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace {

using namespace patchferry::mirror;

constexpr patchferry::Command kCommands[] = {
    {"keygen", "make a key pair for signing bundles", cmd_keygen},
    {"mirror add", "take archives into a store", cmd_mirror_add},
    {"mirror list", "show what a store holds", cmd_mirror_list},
    {"mirror withdraw", "mark patchsets that the vendor has taken back", cmd_mirror_withdraw},
    {"mirror site add", "say by which key a site is known", cmd_mirror_site_add},
    {"mirror site list", "show the sites that a store ships to", cmd_mirror_site_list},
    {"export", "build a signed bundle of what a site lacks", cmd_export},
    {"sign", "add a signature to a bundle, an archive or a root document", cmd_sign},
    {"head make", "say, signed, which bundle is the newest for a site", cmd_head_make},
    {"permit make", "allow a site to go back to an older bundle", cmd_permit_make},
    {"trust create", "make the first root document: who may sign what", cmd_trust_create},
    {"trust rotate", "make the next root document: change keys and thresholds", cmd_trust_rotate},
    {"trust show", "show root documents, and who must still sign", cmd_trust_show},
    {"trust words", "show keys and root documents as words to compare", cmd_trust_words},
};

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = patchferry::unpacker::run_if_called(argc, argv)) return *code;
  if (sodium_init() < 0) return patchferry::kFailed;
  patchferry::unpacker::on_lacking(patchferry::warn_of_lacking);
  patchferry::tell_when_interrupted("patchferry");
  return patchferry::run_program(
      {"patchferry", kCommands, "Patchferry, internet side: keep archives, and ship what a site lacks."}, argc, argv);
}
