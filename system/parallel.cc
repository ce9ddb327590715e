// SPDX-License-Identifier: Apache-2.0
#include "system/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace patchferry {

std::size_t cores() {
  if (const char* wanted = std::getenv("PATCHFERRY_CORES")) {
    const long n = std::strtol(wanted, nullptr, 10);
    if (n >= 1 && n <= 256) return static_cast<std::size_t>(n);
  }
  static const std::size_t here = std::max(1U, std::thread::hardware_concurrency());  // asks the kernel by a file
  return here;
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work, std::size_t at_most) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard hold(failure_mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(count, at_most == 0 ? cores() : std::min(at_most, cores())); ++i)
    threads.emplace_back(run);
  run();
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace patchferry
