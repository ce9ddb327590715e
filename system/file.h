// SPDX-License-Identifier: Apache-2.0
// Open files and folders: move-only handles that put their path into every error.
//
// `Fd` owns a descriptor. Every function throws SystemFailure naming operation, path and errno, unless it says
// otherwise. Reads and writes loop over short counts and EINTR. Durability: what `sync_file`/`sync_folder` have
// returned from survives a power cut.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

#include "system/bytes.h"

namespace patchferry {

class Fd {
 public:
  Fd() = default;
  Fd(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Fd(Fd&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }
  /// Gives the descriptor away; the caller closes it.
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
  std::string path_;
};

Fd open_file(const std::string& path, int flags, mode_t mode = 0644);
Fd open_folder(const std::string& path);
/// Opens `name` (one component) in `folder`; never follows a link.
Fd open_at(const Fd& folder, const std::string& name, int flags, mode_t mode = 0644);

struct stat stat_of(const Fd& file);
std::uint64_t size_of(const Fd& file);
std::uint64_t size_of(const std::string& path);
bool exists(const std::string& path);
bool is_folder(const std::string& path);
/// A regular file, and no link to one.
bool is_regular(const std::string& path);

/// Fills `out` from the current position; returns how much there was before the end of the file.
std::size_t read_up_to(const Fd& file, std::span<std::byte> out);
/// Fills `out` from `offset`; returns how much there was.
std::size_t read_up_to(const Fd& file, std::uint64_t offset, std::span<std::byte> out);
/// Reads exactly `out.size()` bytes at `offset`; a file that ends before is a SystemFailure (for files of our own).
void read_exactly(const Fd& file, std::uint64_t offset, std::span<std::byte> out);
void write_all(const Fd& file, ByteSpan bytes);
void write_all(const Fd& file, std::uint64_t offset, ByteSpan bytes);

/// Copies from the current position of `from` to its end.
void copy_bytes(const Fd& from, const Fd& to);

/// The whole of a file no longer than `limit`; nullopt if it is longer.
std::optional<Bytes> read_whole(const std::string& path, std::uint64_t limit);

void sync_file(const Fd& file);
void sync_folder(const std::string& path);
/// Everything written so far to the file system that holds `path` is durable afterwards (one call for many files).
void sync_file_system(const std::string& path);

void make_folder(const std::string& path, mode_t mode = 0755);   // fails if it exists
void make_folders(const std::string& path, mode_t mode = 0755);  // and its parents; fine if they exist
void rename_path(const std::string& from, const std::string& to);
void set_modified(const std::string& path, std::uint64_t seconds_since_1970);
void remove_file(const std::string& path);  // fine if it is not there
void remove_tree(const std::string& path);  // fine if it is not there; follows no link
void make_symlink(const std::string& target, const std::string& path);
/// Atomically makes `path` a symbolic link to `target`, replacing what link was there.
void replace_symlink(const std::string& target, const std::string& path);
std::string canonical_path(const std::string& path);               // absolute, all links followed
std::optional<std::string> read_symlink(const std::string& path);  // nullopt if `path` is not a link
/// Entry names of a folder without "." and "..", sorted.
std::vector<std::string> folder_entries(const std::string& path);

std::uint64_t free_bytes(const std::string& path);
std::string parent_of(const std::string& path);
std::string file_name_of(const std::string& path);

}  // namespace patchferry
