// SPDX-License-Identifier: Apache-2.0
// Catch2's main takes seconds to compile: once, for every test program.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
