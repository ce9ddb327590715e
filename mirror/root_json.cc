// SPDX-License-Identifier: Apache-2.0
#include "mirror/root_json.h"

#include <nlohmann/json.hpp>

#include "bundle-format/words.h"

namespace patchferry::mirror {

namespace {

nlohmann::json fingerprints(const std::vector<PublicKey>& keys) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& key : keys) out.push_back(fingerprint(key));
  return out;
}

nlohmann::json needs_of(const RootStanding& standing) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& need : standing.needs)
    out.push_back({{"document", need.document}, {"signatures", need.signatures}, {"keys", fingerprints(need.by)}});
  return out;
}

}  // namespace

nlohmann::json draft_json(const RootDraft& draft) {
  const RootDocument* before = draft.before ? &*draft.before : nullptr;
  return {{"path", draft.path},
          {"version", draft.standing.root.version},
          {"domain", to_hex(draft.domain)},
          {"fingerprint", fingerprint(draft.domain)},
          {"words", words_of(sha256(draft.link.document), 12)},
          {"complete", draft.standing.complete()},
          {"signed", fingerprints(draft.standing.signers)},
          {"needs", needs_of(draft.standing)},
          {"changes", changes_of(before, draft.standing.root)}};
}

nlohmann::json root_json(const std::string& path, const SignedRoot& link, const RootStanding& standing) {
  nlohmann::json roles = nlohmann::json::object();
  for (const Role which : kRoles)
    roles[name_of(which)] = {{"threshold", standing.root.role(which).threshold},
                             {"keys", fingerprints(keys_of(standing.root, which))}};
  return {{"path", path},
          {"version", standing.root.version},
          {"epoch", standing.root.epoch},
          {"lowest_format", standing.root.lowest_format},
          {"sha256", to_hex(sha256(link.document))},
          {"roles", roles},
          {"signed", fingerprints(standing.signers)},
          {"needs", needs_of(standing)},
          {"complete", standing.complete()}};
}

}  // namespace patchferry::mirror
