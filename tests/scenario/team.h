// SPDX-License-Identifier: Apache-2.0
// The people of docs/trust.md, each with a key: ann, ben and cem keep the root (2 of 3 sign), ria, rob and roy release (2 of
// 3), hal makes head tokens. Their site is `plant`; it is enrolled with their root documents.
#pragma once

#include "tests/scenario/world.h"

namespace patchferry::test {

class Team {
 public:
  /// In the world's folder: <name>.key, <name>.pub, trust/ with document 1 in force, and the base plant/.
  explicit Team(const World& world);

  std::string key(const std::string& name) const { return world_.at(name + ".key"); }
  std::string pub(const std::string& name) const { return world_.at(name + ".pub"); }
  std::string trust() const { return world_.at("trust"); }
  std::string plant() const { return world_.at("plant"); }
  void keygen(const std::string& name) const;

  /// `patchferry trust rotate`, signed by ann and ben: in force at once.
  void rotate(const Words& change) const;
  /// Everything in the store for site plant1, into usb-<n>/; the words of the command but for --full.
  Outcome try_export(const std::vector<std::string>& signers, const Words& more = {"--full"}, const std::string& trust = "trust",
                     const std::string& store = "store") const;
  /// Its folder; fails the test if there is none.
  std::string export_signed(const std::vector<std::string>& signers, const Words& more = {"--full"},
                            const std::string& trust = "trust", const std::string& store = "store") const;
  /// At the plant, with --json.
  Outcome import(const Words& bundle, const char* command = "import") const;
  Outcome verify(const std::string& bundle) const;
  /// Of `base`, written to <base>.receipt.
  std::string receipt_of(const std::string& base) const;
  /// Of the only domain that `base` believes, as its receipt tells.
  unsigned root_version_at(const std::string& base) const;

 private:
  const World& world_;
  mutable unsigned sticks_ = 0;
};

}  // namespace patchferry::test
