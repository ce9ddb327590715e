// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/disk.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <set>
#include <stdexcept>
#include <sys/stat.h>

#include "system/bytes.h"
#include "system/file.h"

namespace patchferry::test {

std::vector<Entry> read_journal(const std::string& path) {
  const auto bytes = read_whole(path, std::uint64_t{1} << 30);
  std::string_view rest = as_text(*bytes);
  std::vector<Entry> out;
  const auto take = [&](std::size_t n) {
    if (rest.size() < n) throw std::runtime_error("the journal is cut short");
    const auto part = rest.substr(0, n);
    rest.remove_prefix(n);
    return part;
  };
  while (!rest.empty()) {
    Entry entry;
    const auto head = take(sizeof(Record));
    std::copy(head.begin(), head.end(), reinterpret_cast<char*>(&entry.record));
    entry.path = take(entry.record.path_bytes);
    entry.to = take(entry.record.to_bytes);
    entry.data = take(entry.record.data_bytes);
    out.push_back(std::move(entry));
  }
  return out;
}

const char* name_of(Cut cut) {
  switch (cut) {
    case Cut::nothing_lost: return "nothing lost";
    case Cut::strict: return "only what is durable";
    case Cut::bytes_lost: return "all names, durable bytes";
    case Cut::names_lost: return "durable names, all bytes";
    case Cut::some_of_each: return "some names, some bytes";
  }
  return "";
}

const char* name_of(Call call) {
  switch (call) {
    case Call::create: return "create";
    case Call::create_unnamed: return "create unnamed";
    case Call::write: return "write";
    case Call::truncate: return "truncate";
    case Call::allocate: return "allocate";
    case Call::sync: return "sync";
    case Call::sync_all: return "sync all";
    case Call::rename: return "rename";
    case Call::link: return "link";
    case Call::symlink: return "symlink";
    case Call::unlink: return "unlink";
    case Call::rmdir: return "rmdir";
    case Call::mkdir: return "mkdir";
    case Call::mode: return "mode";
    case Call::time: return "time";
  }
  return "";
}

Disk::Disk(const std::string& folder) : nodes_(1) { load(folder); }

std::size_t Disk::load(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) throw std::runtime_error("cannot look at " + path);
  if (!S_ISDIR(st.st_mode))
    if (const auto known = by_inode_.find(st.st_ino); known != by_inode_.end()) return known->second;
  const Kind kind = S_ISDIR(st.st_mode) ? Kind::folder : S_ISLNK(st.st_mode) ? Kind::link : Kind::file;
  const std::size_t id = make(st.st_ino, kind, st.st_mode & 07777);
  if (kind == Kind::folder)
    for (const auto& name : folder_entries(path)) {
      const std::size_t inner = load(path + "/" + name);
      nodes_[id].names[name] = inner;
    }
  Node& node = nodes_[id];
  if (kind == Kind::link) node.now.bytes = *read_symlink(path);
  if (kind == Kind::file) node.now.bytes = as_text(*read_whole(path, std::uint64_t{1} << 30));
  node.now.time = st.st_mtim.tv_sec;
  node.durable = node.now;
  node.durable_names = node.names;
  node.was_synced = true;
  return id;
}

std::size_t Disk::make(std::uint64_t inode, Kind kind, std::uint32_t mode) {
  nodes_.emplace_back();
  nodes_.back().kind = kind;
  nodes_.back().now.mode = nodes_.back().durable.mode = mode;
  by_inode_[inode] = nodes_.size() - 1;
  return nodes_.size() - 1;
}

std::pair<std::size_t, std::string> Disk::place(const std::string& path) const {
  std::size_t folder = 1;
  std::size_t from = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', from)) {
    folder = nodes_[folder].names.at(path.substr(from, slash - from));
    from = slash + 1;
  }
  return {folder, path.substr(from)};
}

std::size_t Disk::node_at(const std::string& path) const {
  const auto [folder, name] = place(path);
  return nodes_[folder].names.at(name);
}

std::size_t Disk::node_of(std::uint64_t inode) const { return by_inode_.at(inode); }

void Disk::change(Bytes& bytes, const Change& change) {
  const std::uint64_t end = change.offset + change.data.size();
  switch (change.call) {
    case Call::truncate: bytes.bytes.resize(change.offset); break;
    case Call::mode: bytes.mode = change.mode; break;
    case Call::time: bytes.time = static_cast<std::int64_t>(change.offset); break;
    case Call::allocate: bytes.bytes.resize(std::max<std::uint64_t>(bytes.bytes.size(), change.offset)); break;
    default:
      if (bytes.bytes.size() < end) bytes.bytes.resize(end);
      bytes.bytes.replace(change.offset, change.data.size(), change.data);
  }
}

void Disk::change(std::uint64_t inode, Change c) {
  Node& node = nodes_[node_of(inode)];
  change(node.now, c);
  node.changes.push_back(std::move(c));
}

void Disk::step(Step step) {
  for (const auto& edit : step) {
    Names& names = nodes_[edit.folder].names;
    if (edit.node == 0)
      names.erase(edit.name);
    else
      names[edit.name] = edit.node;
  }
  steps_.push_back(std::move(step));
}

void Disk::rename(const Entry& entry) {
  if (entry.path.empty() || entry.to.empty()) throw std::runtime_error("a rename into or out of the watched folder");
  const auto from = place(entry.path);
  const auto to = place(entry.to);
  const std::size_t moved = nodes_[from.first].names.at(from.second);
  if (entry.record.mode == RENAME_EXCHANGE)
    return step({{to.first, to.second, moved}, {from.first, from.second, nodes_[to.first].names.at(to.second)}});
  const auto there = nodes_[to.first].names.find(to.second);
  if (there != nodes_[to.first].names.end() && there->second == moved) return;  // two names of one file: nothing happens
  step({{from.first, from.second, 0}, {to.first, to.second, moved}});
}

void Disk::apply(const Entry& e) {
  const Record& r = e.record;
  const auto name = [&](const std::string& path, std::size_t node) {
    const auto where = place(path);
    step({{where.first, where.second, node}});
  };
  switch (r.call) {
    case Call::create: return name(e.path, make(r.node, Kind::file, r.mode));
    case Call::create_unnamed: make(r.node, Kind::file, r.mode); return;
    case Call::mkdir: return name(e.path, make(r.node, Kind::folder, r.mode));
    case Call::symlink: {
      const std::size_t node = make(r.node, Kind::link, 0777);
      nodes_[node].now.bytes = nodes_[node].durable.bytes = e.to;  // it lies in the inode, and so comes with its name
      return name(e.path, node);
    }
    case Call::link: return name(e.to, node_of(r.node));
    case Call::unlink:
    case Call::rmdir: node_at(e.path); return name(e.path, 0);
    case Call::rename: return rename(e);
    case Call::sync: return sync(node_of(r.node));
    case Call::sync_all: return sync_all();
    case Call::mode:
    case Call::time:
    case Call::truncate:
    case Call::allocate:
    case Call::write: return change(r.node, {r.call, r.offset, e.data, r.mode});
  }
}

void Disk::sync(std::size_t id) {
  Node& node = nodes_[id];
  node.durable = node.now;
  node.changes.clear();
  node.was_synced = true;
  if (node.kind == Kind::folder) sync_names(id);
}

void Disk::sync_names(std::size_t folder) {
  // From the newest to the oldest: what it needs of before comes along.
  std::set<std::pair<std::size_t, std::string>> touched;
  std::vector<bool> goes(steps_.size());
  for (std::size_t i = steps_.size(); i-- > 0;) {
    const auto& step = steps_[i];
    goes[i] = std::any_of(step.begin(), step.end(), [&](const Edit& edit) {
      return edit.folder == folder || touched.count({edit.folder, edit.name}) != 0;
    });
    if (!goes[i]) continue;
    for (const auto& edit : step) touched.insert({edit.folder, edit.name});
  }
  std::vector<Step> rest;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!goes[i]) {
      rest.push_back(std::move(steps_[i]));
      continue;
    }
    for (const auto& edit : steps_[i]) {
      Names& names = nodes_[edit.folder].durable_names;
      if (edit.node == 0)
        names.erase(edit.name);
      else
        names[edit.name] = edit.node;
    }
  }
  steps_ = std::move(rest);
}

void Disk::sync_all() {
  for (auto& node : nodes_) {
    node.durable = node.now;
    node.changes.clear();
    node.was_synced = true;
    node.durable_names = node.names;
  }
  steps_.clear();
}

}  // namespace patchferry::test
