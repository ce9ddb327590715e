// SPDX-License-Identifier: Apache-2.0
// patchferry-verify: the standalone checker. One job, so no subcommands; --inspect as first argument makes it print
// what a bundle says of itself (that is what `patchferry inspect` runs).
#include <cstring>
#include <sodium.h>

#include "terminal/command.h"
#include "terminal/interruption.h"
#include "verifier/commands.h"

int main(int argc, char** argv) {
  if (sodium_init() < 0) return patchferry::kFailed;
  patchferry::tell_when_interrupted("patchferry");
  if (argc > 1 && std::strcmp(argv[1], "--inspect") == 0) {
    argv[1] = argv[0];
    return patchferry::run_guarded(patchferry::cmd_inspect, argc - 1, argv + 1);
  }
  return patchferry::run_guarded(patchferry::cmd_verify, argc, argv);
}
