// SPDX-License-Identifier: Apache-2.0
// The payload of a bundle in the making: runs of files of the store, one after the other. Read by offset, from any
// thread; nothing is held but the list.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "system/bytes.h"

namespace patchferry {

class PayloadSource {
 public:
  void append(std::string path, std::uint64_t offset, std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }
  /// Fills `out` from `offset`; throws SystemFailure if a file has become shorter.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  struct Run {
    std::uint64_t begin;  // in the payload
    std::string path;
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  std::vector<Run> runs_;
  std::uint64_t bytes_ = 0;
};

}  // namespace patchferry
