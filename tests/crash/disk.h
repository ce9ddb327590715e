// SPDX-License-Identifier: Apache-2.0
// A file system in memory, that knows of each file and folder what a power cut would leave of it.
//
// It is filled with a folder as it lies on the disk (all of that is durable), then told of one call after the other, by the
// journal of tests/fault-layer. As strict as POSIX: bytes are durable by a sync of their file, a name by a sync of its
// folder, and everything by syncfs. A name of a folder that is not durable hides all beneath it. Files are inodes with any
// number of names. A rename, an exchange too, is one step; it drags along what had to come before it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/fault-layer/journal.h"

namespace patchferry::test {

struct Entry {  // of a journal
  Record record;
  std::string path, to, data;
};

std::vector<Entry> read_journal(const std::string& path);

/// What is left after a power cut.
enum class Cut {
  nothing_lost,  // a kill: the kernel lives
  strict,        // durable names, durable bytes
  bytes_lost,    // all names, durable bytes: files that never were synced are empty, or zeros
  names_lost,    // durable names, all bytes
  some_of_each,  // the first few of the names that are not durable, and any of the writes
};
inline constexpr Cut kCuts[] = {Cut::nothing_lost, Cut::strict, Cut::bytes_lost, Cut::names_lost, Cut::some_of_each};
const char* name_of(Cut cut);
const char* name_of(Call call);

class Disk {
 public:
  /// `folder` as it is now. Times of files are kept to the second.
  explicit Disk(const std::string& folder);
  void apply(const Entry& entry);

  /// A tree: path → what is there. Folders end with a slash.
  struct Thing {
    std::uint64_t file = 0;  // files of one number are one inode
    std::uint32_t mode = 0;
    std::int64_t time = 0;
    bool is_link = false;
    std::shared_ptr<const std::string> bytes;  // or where the link leads
  };
  using Tree = std::map<std::string, Thing>;
  Tree after(Cut cut, std::mt19937& dice) const;

 private:
  enum class Kind { file, folder, link };
  struct Bytes {
    std::string bytes;
    std::uint32_t mode = 0;
    std::int64_t time = 0;
  };
  using Names = std::map<std::string, std::size_t>;
  struct Change {  // of a file's bytes, not yet durable
    Call call;
    std::uint64_t offset;
    std::string data;
    std::uint32_t mode;
  };
  struct Node {
    Kind kind = Kind::file;
    Bytes now, durable;
    bool was_synced = false;
    std::vector<Change> changes;  // from durable to now
    Names names, durable_names;
  };
  struct Edit {
    std::size_t folder;
    std::string name;
    std::size_t node;  // 0: the name goes
  };
  using Step = std::vector<Edit>;

  std::size_t load(const std::string& path);
  std::size_t make(std::uint64_t inode, Kind kind, std::uint32_t mode);
  std::pair<std::size_t, std::string> place(const std::string& path) const;
  std::size_t node_at(const std::string& path) const;
  std::size_t node_of(std::uint64_t inode) const;
  void change(std::uint64_t inode, Change change);
  static void change(Bytes& bytes, const Change& change);
  void step(Step step);
  void rename(const Entry& entry);
  void sync(std::size_t node);
  void sync_names(std::size_t folder);
  void sync_all();
  Bytes bytes_after(const Node& node, Cut cut, std::mt19937& dice) const;
  void gather(const std::vector<Names>& names, std::size_t folder, const std::string& beneath,
              const std::map<std::size_t, Thing>& things, Tree& out) const;

  std::vector<Node> nodes_;  // [0] is none, [1] the root
  std::map<std::uint64_t, std::size_t> by_inode_;
  std::vector<Step> steps_;  // of names, not yet durable, in order
};

/// Makes `folder`, which is emptied first, that tree.
void lay_out(const Disk::Tree& tree, const std::string& folder);
/// What two trees that are alike have in common, and no others.
std::uint64_t fingerprint(const Disk::Tree& tree);

}  // namespace patchferry::test
