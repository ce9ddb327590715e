// SPDX-License-Identifier: Apache-2.0
// What is left of a Disk after a power cut, and how it gets onto a real one.
#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

#include "system/bytes.h"
#include "system/failure.h"
#include "system/file.h"
#include "tests/crash/disk.h"

namespace patchferry::test {

Disk::Bytes Disk::bytes_after(const Node& node, Cut cut, std::mt19937& dice) const {
  switch (cut) {
    case Cut::nothing_lost:
    case Cut::names_lost: return node.now;
    case Cut::strict: return node.durable;
    case Cut::bytes_lost: {
      Bytes out = node.durable;
      if (!node.was_synced && dice() % 2 == 0) out.bytes.assign(node.now.bytes.size(), '\0');
      return out;
    }
    case Cut::some_of_each: {
      Bytes out = node.durable;
      for (const auto& one : node.changes)
        if (dice() % 2 == 0) change(out, one);
      return out;
    }
  }
  return {};
}

Disk::Tree Disk::after(Cut cut, std::mt19937& dice) const {
  std::vector<Names> names;
  for (const auto& node : nodes_)
    names.push_back(cut == Cut::nothing_lost || cut == Cut::bytes_lost ? node.names : node.durable_names);
  if (cut == Cut::some_of_each) {
    const std::size_t kept = dice() % (steps_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i)
      for (const auto& edit : steps_[i]) {
        if (edit.node == 0)
          names[edit.folder].erase(edit.name);
        else
          names[edit.folder][edit.name] = edit.node;
      }
  }
  std::map<std::size_t, Thing> things;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.kind == Kind::folder) {
      things[i] = {i, node.now.mode, 0, false, nullptr};
      continue;
    }
    const Bytes bytes = node.kind == Kind::link ? node.now : bytes_after(node, cut, dice);
    things[i] = {i, bytes.mode, bytes.time, node.kind == Kind::link, std::make_shared<const std::string>(bytes.bytes)};
  }
  Tree out;
  gather(names, 1, "", things, out);
  return out;
}

void Disk::gather(const std::vector<Names>& names, std::size_t folder, const std::string& beneath,
                  const std::map<std::size_t, Thing>& things, Tree& out) const {
  for (const auto& [name, node] : names[folder]) {
    const bool is_folder = nodes_[node].kind == Kind::folder;
    out[beneath + name + (is_folder ? "/" : "")] = things.at(node);
    if (is_folder) gather(names, node, beneath + name + "/", things, out);
  }
}

void lay_out(const Disk::Tree& tree, const std::string& folder) {
  for (const auto& name : folder_entries(folder)) remove_tree(folder + "/" + name);
  std::map<std::uint64_t, std::string> first;
  // A folder comes before what is in it: its path is a prefix.
  for (const auto& [path, thing] : tree) {
    const std::string to = folder + "/" + path;
    if (path.ends_with('/')) {
      make_folder(to.substr(0, to.size() - 1), 0755);
      if (::chmod(to.c_str(), thing.mode) != 0) throw_errno("set the mode of", to);
      continue;
    }
    if (const auto known = first.find(thing.file); known != first.end()) {
      if (::link(known->second.c_str(), to.c_str()) != 0) throw_errno("link", to);
      continue;
    }
    first[thing.file] = to;
    if (thing.is_link) {
      make_symlink(*thing.bytes, to);
      continue;
    }
    const Fd file = open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(file, as_bytes(*thing.bytes));
    if (::fchmod(file.get(), thing.mode) != 0) throw_errno("set the mode of", to);
    if (thing.time != 0) set_modified(to, static_cast<std::uint64_t>(thing.time));
  }
}

std::uint64_t fingerprint(const Disk::Tree& tree) {
  std::uint64_t out = 0;
  const auto add = [&](std::uint64_t value) { out = (out ^ value) * 0x9E3779B97F4A7C15ULL + (out >> 29U); };
  for (const auto& [path, thing] : tree) {
    add(std::hash<std::string>()(path));
    add(thing.file);
    add(thing.mode);
    if (thing.bytes) add(std::hash<std::string>()(*thing.bytes));
  }
  return out;
}

}  // namespace patchferry::test
