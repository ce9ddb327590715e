// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/root_document.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace patchferry {

namespace {

constexpr std::string_view kMagic = "PFROOTDC";
constexpr std::uint16_t kRootFormat = 1;

tl::unexpected<Refusal> malformed(const std::string& why) { return refuse(RefusalKind::malformed, "the root document " + why); }

/// The rules that hold for every document, whoever wrote it.
Result<void> check_rules(const RootDocument& root) {
  if (root.version == 0 || root.epoch == 0 || root.lowest_format == 0) return malformed("has a zero version, epoch or format");
  if (root.keys.empty() || root.keys.size() > kMaxRootKeys) return malformed("has no keys, or too many");
  for (std::size_t i = 1; i < root.keys.size(); ++i)
    if (!(root.keys[i - 1] < root.keys[i])) return malformed("has keys that are not sorted, or twice the same");
  std::set<std::uint8_t> used;
  for (const Role which : kRoles) {
    const RoleKeys& role = root.role(which);
    if (role.keys.empty() || role.threshold == 0 || role.threshold > role.keys.size() || role.keys.size() > kMaxSignatures)
      return malformed(fmt::format("gives the role '{}' an impossible threshold", name_of(which)));
    for (std::size_t i = 0; i < role.keys.size(); ++i) {
      if (role.keys[i] >= root.keys.size()) return malformed("names a key that it does not hold");
      if (i > 0 && role.keys[i - 1] >= role.keys[i]) return malformed("names keys that are not sorted");
      if (!used.insert(role.keys[i]).second && root.keys.size() != 1) return malformed("gives one key two roles");
    }
  }
  if (used.size() != root.keys.size()) return malformed("holds a key without a role");
  return {};
}

}  // namespace

const char* name_of(Role role) {
  switch (role) {
    case Role::root: return "root";
    case Role::release: return "release";
    case Role::head: return "head";
  }
  return "?";
}

RootDocument single_key_root(const PublicKey& key) {
  RootDocument root;
  root.keys = {key};
  for (auto& role : root.roles) role = RoleKeys{1, {0}};
  return root;
}

Bytes encode_root(const RootDocument& root) {
  ByteWriter w;
  w.raw(as_bytes(kMagic));
  w.u16(kRootFormat);
  w.u16(root.lowest_format);
  w.u32(root.version);
  w.u32(root.epoch);
  w.u32(static_cast<std::uint32_t>(root.keys.size()));
  for (const auto& key : root.keys) {
    w.u16(static_cast<std::uint16_t>(key.algorithm));
    w.u16(kPublicKeySize);
    w.raw(key.bytes);
  }
  for (const auto& role : root.roles) {
    w.u8(role.threshold);
    w.u8(static_cast<std::uint8_t>(role.keys.size()));
    for (const auto index : role.keys) w.u8(index);
  }
  return w.take();
}

Result<RootDocument> decode_root(ByteSpan bytes) {
  ByteReader r(bytes);
  if (as_text(r.raw(8)) != kMagic) return malformed("does not begin with its magic");
  if (r.u16() != kRootFormat)
    return refuse(RefusalKind::unknown_format, "the root document is of a newer format", "update patchferry on this side");
  RootDocument root;
  root.lowest_format = r.u16();
  root.version = r.u32();
  root.epoch = r.u32();
  const std::size_t count = r.u32();
  if (r.failed() || count > kMaxRootKeys) return malformed("has too many keys, or ends too early");
  for (std::size_t i = 0; i < count; ++i) {
    if (r.u16() != static_cast<std::uint16_t>(Algorithm::ed25519) || r.u16() != kPublicKeySize)
      return refuse(RefusalKind::unknown_format, "the root document holds a key of an algorithm that this program does not know",
                    "update patchferry on this side");
    root.keys.push_back({Algorithm::ed25519, r.array<kPublicKeySize>()});
  }
  for (auto& role : root.roles) {
    role.threshold = r.u8();
    const std::size_t keys = r.u8();
    for (std::size_t i = 0; i < keys && !r.failed(); ++i) role.keys.push_back(r.u8());
  }
  if (r.failed()) return malformed("ends too early");
  if (r.left() != 0) return malformed("has something after its end");
  if (auto rules = check_rules(root); !rules) return tl::unexpected(rules.error());
  return root;
}

Digest domain_of(const RootDocument& root) { return sha256(encode_root(root)); }

Bytes encode_root_chain(const std::vector<SignedRoot>& chain) {
  ByteWriter w;
  for (const auto& link : chain) {
    const Bytes envelope = encode_envelope(link.envelope);
    w.u32(static_cast<std::uint32_t>(envelope.size()));
    w.u32(static_cast<std::uint32_t>(link.document.size()));
    w.raw(envelope);
    w.raw(link.document);
  }
  return w.take();
}

Result<std::vector<SignedRoot>> decode_root_chain(ByteSpan bytes) {
  std::vector<SignedRoot> chain;
  ByteReader r(bytes);
  while (r.left() > 0) {
    if (chain.size() == kMaxRootChain) return refuse(RefusalKind::too_large, "the root chain is too long");
    const std::size_t envelope_bytes = r.u32();
    const std::size_t document_bytes = r.u32();
    const ByteSpan envelope_part = r.raw(envelope_bytes);
    const ByteSpan document = r.raw(document_bytes);
    if (r.failed()) return refuse(RefusalKind::malformed, "the root chain ends too early");
    auto envelope = decode_envelope(envelope_part);
    if (!envelope) return tl::unexpected(std::move(envelope.error()));
    chain.push_back({Bytes(document.begin(), document.end()), std::move(*envelope)});
  }
  if (chain.empty()) return refuse(RefusalKind::malformed, "the root chain is empty");
  return chain;
}

Result<void> check_signatures(const RootDocument& root, Role role, DocumentType type, ByteSpan body, const Envelope& envelope) {
  const RoleKeys& holders = root.role(role);
  for (const auto& one : envelope) {  // decode_envelope has made sure that no key stands here twice
    const auto holder =
        std::find_if(holders.keys.begin(), holders.keys.end(), [&](std::uint8_t i) { return id_of(root.keys[i]) == one.key; });
    if (holder == holders.keys.end())
      return refuse(RefusalKind::unknown_key,
                    fmt::format("a signature is by a key ({}) that the role '{}' does not hold",
                                to_hex(ByteSpan(one.key).first(4)), name_of(role)),
                    "it was not made by those whom you enrolled; do not use it");
    if (!verifies(root.keys[*holder], type, body, one.signature))
      return refuse(RefusalKind::bad_signature,
                    fmt::format("the signature by key {} does not fit", fingerprint(root.keys[*holder])),
                    "the bytes were altered after signing; do not use them, and ask for a fresh copy");
  }
  if (envelope.size() < holders.threshold)
    return refuse(
        RefusalKind::threshold,
        fmt::format("{} of the {} signatures that the role '{}' needs", envelope.size(), holders.threshold, name_of(role)),
        "have another key holder sign it");
  return {};
}

Result<RootDocument> walk_root_chain(const std::vector<SignedRoot>& chain, const Digest& enrolled) {
  const auto bad_root = [](std::size_t version, const std::string& why) {
    return refuse(RefusalKind::bad_root, fmt::format("root document {}: {}", version, why),
                  "do not use this bundle; ask those who sign for it");
  };
  RootDocument current;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (i == 0 && sha256(chain[0].document) != enrolled)
      return refuse(RefusalKind::untrusted, "it was not signed under a key that is enrolled here",
                    "give the right --trust, or have the key enrolled by a person who has compared its fingerprint");
    auto next = decode_root(chain[i].document);
    if (!next) return bad_root(i + 1, next.error().text);
    if (next->version != i + 1) return bad_root(i + 1, "it has another version number");
    if (i > 0) {
      if (next->epoch < current.epoch || next->lowest_format < current.lowest_format)
        return bad_root(i + 1, "it goes back in epoch or format");
      if (current.version + 1 != next->version) return bad_root(i + 1, "a version is left out");
    }
    for (const auto& one : chain[i].envelope) {
      const auto holds = [&](const RootDocument& judge) {
        const auto& keys = judge.role(Role::root).keys;
        return std::any_of(keys.begin(), keys.end(), [&](std::uint8_t k) { return id_of(judge.keys[k]) == one.key; });
      };
      if (!holds(*next) && !(i > 0 && holds(current))) return bad_root(i + 1, "somebody has signed it who keeps no root key");
    }
    // Signers are counted per document, so that one who has left may still sign the handover to those who come.
    const auto signed_by = [&](const RootDocument& judge) {
      Envelope own;
      for (const auto& one : chain[i].envelope) {
        const auto& keys = judge.role(Role::root).keys;
        if (std::any_of(keys.begin(), keys.end(), [&](std::uint8_t k) { return id_of(judge.keys[k]) == one.key; }))
          own.push_back(one);
      }
      return check_signatures(judge, Role::root, DocumentType::root, chain[i].document, own);
    };
    if (auto ok = signed_by(*next); !ok) return bad_root(i + 1, ok.error().text);
    if (i > 0)
      if (auto ok = signed_by(current); !ok) return bad_root(i + 1, "by its predecessor: " + ok.error().text);
    current = std::move(*next);
  }
  return current;
}

}  // namespace patchferry
