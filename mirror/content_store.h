// SPDX-License-Identifier: Apache-2.0
// What is inside the store's archives, each content once, by its hash; recipes among them.
//
//   STORE/objects/ab/ab12…   mode 0444
//   STORE/spool/             what is being made; whoever holds the store's lock may empty it
//
// A content is found by its name, so its bytes are durable before it has that name. They are hashed again when they are
// used: one that has rotted is taken away, and comes back out of its archive at the next export.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>

#include "bundle-format/hash.h"
#include "system/file.h"

namespace patchferry::mirror {

/// A folder for what is being made; taken away with this.
class SpoolFolder {
 public:
  explicit SpoolFolder(std::string path);
  ~SpoolFolder();
  SpoolFolder(SpoolFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SpoolFolder& operator=(SpoolFolder&&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ContentStore {
 public:
  /// `store`: its folder.
  explicit ContentStore(std::string store) : store_(std::move(store)) {}

  std::string path(const Digest& hash) const;
  bool has(const Digest& hash) const { return exists(path(hash)); }
  /// An empty spool/<name>/.
  SpoolFolder fresh_spool(const std::string& name) const { return SpoolFolder(store_ + "/spool/" + name); }
  /// What a killed command has left there.
  void empty_spool() const { remove_tree(store_ + "/spool"); }
  /// Moves the contents in `folder`, each named by its hash, to where they belong; durable.
  void take_in(const std::string& folder) const;

  /// All of it into `out`, exactly as long as it is. Checked: bytes that have changed are a SystemFailure, and gone.
  void read(const Digest& hash, std::span<std::byte> out) const;
  /// In parts, checked at the end; throws likewise.
  void read(const Digest& hash, std::uint64_t bytes, const std::function<void(ByteSpan)>& out) const;

  /// True if it was there under its name with other bytes; it is gone then.
  bool drop_if_rotten(const Digest& hash) const;

 private:
  [[noreturn]] void rotten(const Digest& hash) const;

  std::string store_;
};

}  // namespace patchferry::mirror
