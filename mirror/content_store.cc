// SPDX-License-Identifier: Apache-2.0
#include "mirror/content_store.h"

#include <algorithm>
#include <fcntl.h>

#include "system/failure.h"

namespace patchferry::mirror {

SpoolFolder::SpoolFolder(std::string path) : path_(std::move(path)) {
  remove_tree(path_);
  make_folders(path_);
}

SpoolFolder::~SpoolFolder() {
  try {
    if (!path_.empty()) remove_tree(path_);
  } catch (const SystemFailure&) {  // whoever opens the store next empties the spool
  }
}

std::string ContentStore::path(const Digest& hash) const {
  const std::string hex = to_hex(hash);
  return store_ + "/objects/" + hex.substr(0, 2) + "/" + hex;
}

void ContentStore::take_in(const std::string& folder) const {
  sync_file_system(store_);
  for (const auto& name : folder_entries(folder)) {
    if (name.starts_with('.')) continue;
    const std::string to = store_ + "/objects/" + name.substr(0, 2);
    make_folders(to);
    rename_path(folder + "/" + name, to + "/" + name);
  }
  sync_file_system(store_);
}

void ContentStore::read(const Digest& hash, std::span<std::byte> out) const {
  const Fd file = open_file(path(hash), O_RDONLY);
  if (size_of(file) != out.size()) rotten(hash);
  read_exactly(file, 0, out);
  if (sha256(out) != hash) rotten(hash);
}

void ContentStore::read(const Digest& hash, std::uint64_t bytes, const std::function<void(ByteSpan)>& out) const {
  const Fd file = open_file(path(hash), O_RDONLY);
  if (size_of(file) != bytes) rotten(hash);
  Hasher hasher;
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, 1 << 20)));
  for (std::uint64_t at = 0; at < bytes;) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes - at)));
    read_exactly(file, at, part);
    hasher.add(part);
    out(part);
    at += part.size();
  }
  if (hasher.finish() != hash) rotten(hash);
}

bool ContentStore::drop_if_rotten(const Digest& hash) const {
  if (!has(hash) || hash_file(open_file(path(hash), O_RDONLY)) == hash) return false;
  remove_file(path(hash));
  return true;
}

void ContentStore::rotten(const Digest& hash) const {
  remove_file(path(hash));
  throw SystemFailure("cannot ship " + path(hash) + ": its bytes are no longer those that were stored", 0,
                      "the disk may be failing; export again, and it is taken out of its archive anew");
}

}  // namespace patchferry::mirror
