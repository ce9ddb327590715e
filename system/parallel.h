// SPDX-License-Identifier: Apache-2.0
// Independent work on all cores. Memory: what one call of `work` holds, times the cores.
#pragma once

#include <cstddef>
#include <functional>

namespace patchferry {

/// Calls work(0) … work(count-1), each once, on at most `cores()` threads. The first exception stops the handing
/// out of further work and is thrown again here after all threads have ended.
/// `at_most`: threads, where each takes much memory; 0: as many as there are cores.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work, std::size_t at_most = 0);

/// Usable processors (PATCHFERRY_CORES overrides), at least 1.
std::size_t cores();

}  // namespace patchferry
