// SPDX-License-Identifier: Apache-2.0
// A row of bundles, and the bases that some of them are imported into, in some order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/scenario/world.h"

namespace patchferry::test {

using Readers = std::map<std::string, std::string>;

std::string release_name(unsigned number);

/// A store whose bundle n brings release n, and the bases that they are imported into: in memory where that can be had,
/// for thousands of imports wait for nothing but their disk.
class Series {
 public:
  Series() {
    make_folder(world_.at("bases"));
    if (MemoryFileSystem::why_not().empty()) memory_.emplace(world_.at("bases"), "size=64m");
    patchferry::remove_file(world_.base() + "/reserve");  // no copy needs 8 MiB for a day that does not come here
    copy_tree(world_.base(), fresh());
    remove_file(fresh() + "/reserve");  // as where there is little room
  }

  const World& world() const { return world_; }
  const std::vector<std::string>& bundles() const { return bundles_; }
  std::string fresh() const { return world_.at("bases/fresh"); }

  /// One more release and the bundle that brings it.
  void ship(const Words& basis) {
    const auto number = static_cast<unsigned>(bundles_.size() + 1);
    world_.release_kernels(release_name(number), {{1, number}}, 300);
    bundles_.push_back(world_.export_more(basis));
  }
  /// `count` of them, each building on all before it.
  void ship_increments(unsigned count) {
    ship({"--full"});
    while (bundles_.size() < count) ship({"--assume-delivered", "0"});
  }

  Outcome import(const std::string& base, unsigned number) const {
    return world_.import_into(base, {bundles_.at(number - 1), "--json"});
  }

 private:
  World world_;
  std::optional<MemoryFileSystem> memory_;
  std::vector<std::string> bundles_;
};

/// A base of its own, copied from another.
class Copy {
 public:
  explicit Copy(const Series& series, const std::string& from) : path_(series.world().at("bases/copy")) {
    while (exists(path_)) path_ += "y";
    copy_tree(from, path_);
  }
  ~Copy() { remove_tree(path_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::uint64_t sequence_of(const std::string& base);
/// The first `count` releases of a series.
std::vector<std::string> names_of(unsigned count);

/// That it was refused because bundle `wanted` and no lower one must be brought first.
void check_incomplete(const Outcome& done, unsigned wanted);
void check_refused_as(const Outcome& done, const std::string& kind);
void check_imported(const Outcome& done);

using Order = std::vector<unsigned>;
std::string text_of(const Order& order);

}  // namespace patchferry::test
