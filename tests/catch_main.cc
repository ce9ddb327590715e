// SPDX-License-Identifier: Apache-2.0
// Catch2's main takes seconds to compile: once, for every test program. As the programs do, a test program serves as its own unpacker,
// and is deaf to SIGPIPE.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <csignal>

#include "unpacker/unpacker.h"

int main(int argc, char** argv) {
  if (const auto code = patchferry::unpacker::run_if_called(argc, argv)) return *code;
  std::signal(SIGPIPE, SIG_IGN);
  return Catch::Session().run(argc, argv);
}
