// SPDX-License-Identifier: Apache-2.0
// Root documents as JSON (docs/commands.md). Keys are interface.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "mirror/root_roles.h"
#include "mirror/sign_root.h"

namespace patchferry::mirror {

/// A document that is being made or signed: with its changes.
nlohmann::json draft_json(const RootDraft& draft);
/// One document of a chain: with its roles.
nlohmann::json root_json(const std::string& path, const SignedRoot& link, const RootStanding& standing);

}  // namespace patchferry::mirror
