// SPDX-License-Identifier: Apache-2.0
// From the keys and thresholds that a person names to a root document, and from a root document to words.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/root_document.h"

namespace patchferry::mirror {

struct RoleOrder {
  std::vector<PublicKey> keys;        // in any order, twice counts once
  std::optional<unsigned> threshold;  // must be there if the role has several keys
};
using Roster = std::array<RoleOrder, 3>;  // by Role

Roster roster_of(const RootDocument& root);

/// Fills keys and roles of `numbers` (version, epoch, lowest format) from the roster. What breaks a rule of the format, or lets a
/// role's threshold open, is a UsageError in the words of the options.
RootDocument compose(const RootDocument& numbers, const Roster& roster);

std::vector<PublicKey> keys_of(const RootDocument& root, Role role);

/// One line a change; against nothing: who holds which role.
std::vector<std::string> changes_of(const RootDocument* before, const RootDocument& after);

/// The fewest signatures that put `after` into force.
std::size_t fewest_signatures(const RootDocument* before, const RootDocument& after);

/// A whole number from `lowest` to `highest`, or a UsageError that names the option.
unsigned number_of(const std::string& option, const std::string& text, unsigned lowest, unsigned highest);

}  // namespace patchferry::mirror
