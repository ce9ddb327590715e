// SPDX-License-Identifier: Apache-2.0
// What feeds must show, said once more and in the simplest way: no database, no links, no changes since; each generation
// is worked out anew from the states of all patchsets. Release order and product are written down by hand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace patchferry::test {

/// Path → bytes.
using Files = std::map<std::string, std::string>;

struct MadeUpPointer {
  std::string name;
  std::string text;
  bool is_link = false;
};

struct MadeUpPatchset {
  std::string name;
  std::string product;
  std::map<std::string, std::map<std::uint64_t, Files>> levels;  // served folder → level → its files
  std::map<std::string, std::vector<MadeUpPointer>> pointers;    // by served folder
};

/// In release order. They overlap: levels that come twice, with the same bytes and with others; pointers of the vendor's in
/// several forms, and none.
const std::vector<MadeUpPatchset>& made_up_patchsets();

class FeedsModel {
 public:
  static constexpr std::uint64_t kKept = 3;
  static constexpr std::uint64_t kSeconds = 600;

  /// Of a patchset in a feed; no entry: nobody has decided.
  enum class State { undeployed, enabled, disabled };

  struct Generation {
    std::uint64_t number = 0;
    std::map<std::size_t, State> states;
    Files shown;
  };
  struct Feed {
    std::uint64_t changes = 0;
    std::map<std::size_t, State> states;
    std::map<std::size_t, std::optional<State>> rolled_out;  // by the site's rollback, from this; nobody has decided since
    std::map<std::uint64_t, std::uint64_t> changes_at;       // generation's number → changes
    std::map<std::uint64_t, Generation> generations;         // by number
    std::uint64_t current = 0;

    struct Level {
      std::size_t patchset = 0;
      Files files;
    };
    struct Lingering {
      Level level;
      std::uint64_t since = 0, at = 0;
    };
    using Place = std::pair<std::string, std::uint64_t>;  // served folder, level
    std::map<Place, Level> enabled;                       // by the newest generation
    std::map<Place, Lingering> lingering;
  };

  std::map<std::string, Feed> feeds;
  std::set<std::size_t> here;
  std::set<std::size_t> withdrawn;

  /// True if that changes anything.
  bool set(const std::string& feed, std::size_t patchset, State state);

  /// What every other feed has disabled begins disabled.
  void add(const std::string& name);
  void store(std::size_t patchset) { here.insert(patchset); }
  void deploy(const std::vector<std::string>& into, const std::vector<std::size_t>& patchsets, bool enable);
  /// False, and nothing is changed, if one of them is withdrawn.
  bool enable(const std::vector<std::string>& in, const std::vector<std::size_t>& patchsets);
  void disable(const std::vector<std::string>& in, const std::vector<std::size_t>& patchsets);
  void enable_upto(const std::vector<std::string>& in, std::size_t patchset);
  void undeploy_downto(const std::vector<std::string>& in, std::size_t patchset);
  void update(const std::string& feed);
  void copy(const std::string& from, const std::string& to);
  void withdraw(std::size_t patchset);
  void roll_out(std::size_t patchset);
  void roll_in(std::size_t patchset);
  /// The generation that a rollback without a number goes to.
  std::optional<std::uint64_t> before_last_change(const std::string& feed) const;
  void roll_back(const std::string& feed, std::uint64_t generation);

  /// True if states have changed since the newest generation.
  bool is_behind(const std::string& feed) const;
  /// Makes a generation.
  void publish(const std::string& feed, std::uint64_t number, std::uint64_t time);

 private:
  bool is_of_product(std::size_t patchset, std::size_t of) const;
  bool is(const Feed& feed, std::size_t patchset, State state) const;
  void decide(Feed& feed, std::size_t patchset, State state);
};

}  // namespace patchferry::test
