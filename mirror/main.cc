// SPDX-License-Identifier: Apache-2.0
// patchferry-mirror: the internet side.
#include <sodium.h>

#include "mirror/commands.h"
#include "terminal/command.h"

namespace {

using namespace patchferry::mirror;

constexpr patchferry::Command kCommands[] = {
    {"keygen", "make a key pair for signing bundles", cmd_keygen},
    {"mirror add", "take archives into a store", cmd_mirror_add},
    {"mirror list", "show what a store holds", cmd_mirror_list},
    {"export", "build a signed bundle of what a site lacks", cmd_export},
};

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return patchferry::kFailed;
  return patchferry::run_program(
      {"patchferry", kCommands, "Patchferry, internet side: keep archives, and ship what a site lacks."}, argc, argv);
}
