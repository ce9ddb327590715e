// SPDX-License-Identifier: Apache-2.0
// replay FOLDER: gives every file of the folder to a fuzz target, and every prefix of the small ones, so that a
// compiler without libFuzzer runs the seeds as an ordinary test.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "system/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kSmall = 4096;
constexpr std::uint64_t kMaxSeed = 16 << 20;

// A copy of its own, of just that size: the sanitizer sees the first byte read behind it.
void feed(patchferry::ByteSpan bytes) {
  const patchferry::Bytes copy(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size());
}

int replay(const std::string& folder) {
  const auto names = patchferry::folder_entries(folder);
  for (const auto& name : names) {
    const auto seed = patchferry::read_whole(folder + "/" + name, kMaxSeed);
    if (!seed) {
      std::fprintf(stderr, "%s is too large for a seed\n", name.c_str());
      return 1;
    }
    std::printf("%s\n", name.c_str());
    std::fflush(stdout);
    feed(*seed);
    if (seed->size() < kSmall)
      for (std::size_t n = 0; n < seed->size(); ++n) feed(patchferry::ByteSpan(*seed).first(n));
  }
  if (names.empty()) std::fprintf(stderr, "there are no seeds in %s\n", folder.c_str());
  return names.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  try {
    return replay(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 3;
  }
}
