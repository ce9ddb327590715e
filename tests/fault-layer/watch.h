// SPDX-License-Identifier: Apache-2.0
// The layer's inside: which calls are watched, what becomes of each, the journal. names.cc, data.cc and descriptors.cc have the calls themselves.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>

#include "tests/fault-layer/journal.h"

namespace patchferry::test {

/// The next definition of a function, behind ours.
void* behind(const char* name);

/// A call of the C library, as it would be without the layer: REAL(open)(path, flags, mode).
#define REAL(name)                                                                                    \
  ([]() noexcept {                                                                                    \
    static const auto found = reinterpret_cast<decltype(&::name)>(::patchferry::test::behind(#name)); \
    return found;                                                                                     \
  }())

bool is_on();

/// `path`, looked up from the folder `at`, relative to the watched folder; empty if it lies outside. Its last part is not followed.
std::string watched_path(int at, const char* path);

/// Tells of a descriptor that has come from open(), or from dup(): whether it is watched is found out.
void opened(int fd);
void duplicated(int from, int to);
void closed(int fd);
/// The inode of a descriptor beneath the watched folder; 0 for others.
std::uint64_t watched(int fd);

/// One counted call, from before it is made until it is written down. Nothing else that is counted goes on meanwhile.
class Counted {
 public:
  explicit Counted(Call call);
  ~Counted();
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  /// errno is set: the call is not to be made.
  bool fails() const { return error_ != 0; }
  /// What of `wanted` a write may do.
  std::size_t part_of(std::size_t wanted);
  struct Told {
    std::uint64_t node = 0;
    std::uint64_t offset = 0;
    std::uint32_t mode = 0;
    std::string path = {};
    std::string to = {};
    const void* data = nullptr;
    std::size_t bytes = 0;
  };
  void note(const Told& told) { note(call_, told); }
  void note(Call call, const Told& told);

 private:
  const Call call_;
  std::uint64_t number_ = 0;
  int error_ = 0;
  bool halved_ = false;
};

/// With "interrupt": -1 and errno, or what of `wanted` may be done. Of `wanted`, all else.
ssize_t interrupted(std::size_t wanted);

}  // namespace patchferry::test
