// SPDX-License-Identifier: Apache-2.0
// What the fault layer writes down, and what it shares with whoever starts it. Read by tests/crash.
//
// A journal is a row of records: a Record, then `path`, `to` and `data`, of the lengths that it says. Paths are relative to
// the watched folder. A node is an inode number; one that is used again begins with a new create, mkdir or symlink.
#pragma once

#include <atomic>
#include <cstdint>

namespace patchferry::test {

enum class Call : std::uint32_t {
  create,          // path, node, mode
  create_unnamed,  // node, mode: O_TMPFILE
  write,           // node, offset, data
  truncate,        // node, offset: the new size
  allocate,        // node, offset: at least this size
  sync,            // node: fsync, fdatasync
  sync_all,        // syncfs
  rename,          // path, to; mode: flags of renameat2
  link,            // node, to
  symlink,         // path, node, to: the target
  unlink,          // path
  rmdir,           // path
  mkdir,           // path, node, mode
  mode,            // node, mode
  time,            // node, offset: seconds since 1970
};

struct Record {
  std::uint64_t number;  // of the call, counted from 1
  std::uint64_t node;
  std::uint64_t offset;
  std::uint64_t data_bytes;
  Call call;
  std::uint32_t mode;
  std::uint32_t path_bytes;
  std::uint32_t to_bytes;
};

/// Mapped by the layer in the program and all that it starts, so that there is one count.
struct Counts {
  std::atomic<std::uint64_t> calls;
  std::atomic<std::uint64_t> faults;  // how often a call was made to fail, or cut short
  std::atomic<std::uint32_t> lock;
};

/// The environment that the layer reads. Without kRoot and kCounts it does nothing.
inline constexpr const char* kRoot = "PATCHFERRY_FAULT_ROOT";        // the watched folder, an absolute path without links
inline constexpr const char* kCounts = "PATCHFERRY_FAULT_COUNTS";    // a file of sizeof(Counts), zeroed
inline constexpr const char* kJournal = "PATCHFERRY_FAULT_JOURNAL";  // where to write the journal; none if it is missing
inline constexpr const char* kAt = "PATCHFERRY_FAULT_AT";            // the call that it is about
/// "kill": SIGKILL before the call. "ENOSPC", "EIO": it fails, if such a call can fail so. "half": a write does half of it.
/// "interrupt": from that call on, reads and writes are interrupted (EINTR), and then do half of what was asked, in turn.
inline constexpr const char* kDo = "PATCHFERRY_FAULT_DO";
inline constexpr const char* kStays = "PATCHFERRY_FAULT_STAYS";  // "1": and all calls after it

}  // namespace patchferry::test
