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

bool RootDocument::holds(Role which, const PublicKey& key) const {
  const auto& holders = role(which).keys;
  return std::any_of(holders.begin(), holders.end(), [&](std::uint8_t i) { return keys[i] == key; });
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
  w.raw(root.previous);
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
  root.previous = r.array<32>();
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

Digest hash_of(const RootDocument& root) { return sha256(encode_root(root)); }
Digest domain_of(const RootDocument& root) { return hash_of(root); }

namespace {

void write_link(ByteWriter& w, ByteSpan envelope, ByteSpan document) {
  w.u32(static_cast<std::uint32_t>(envelope.size()));
  w.u32(static_cast<std::uint32_t>(document.size()));
  w.raw(envelope);
  w.raw(document);
}

Result<std::vector<SignedRoot>> decode_links(ByteSpan bytes, bool draft_at_end) {
  std::vector<SignedRoot> chain;
  ByteReader r(bytes);
  while (r.left() > 0) {
    if (chain.size() == kMaxRootChain) return refuse(RefusalKind::too_large, "the root chain is too long");
    const std::size_t envelope_bytes = r.u32();
    const std::size_t document_bytes = r.u32();
    const ByteSpan envelope_part = r.raw(envelope_bytes);
    const ByteSpan document = r.raw(document_bytes);
    if (r.failed()) return refuse(RefusalKind::malformed, "the root chain ends too early");
    SignedRoot link{Bytes(document.begin(), document.end()), {}};
    if (!draft_at_end || envelope_bytes != 0 || r.left() != 0) {
      auto envelope = decode_envelope(envelope_part);
      if (!envelope) return tl::unexpected(std::move(envelope.error()));
      link.envelope = std::move(*envelope);
    }
    chain.push_back(std::move(link));
  }
  if (chain.empty()) return refuse(RefusalKind::malformed, "the root chain is empty");
  return chain;
}

const PublicKey* holder_of(const RootDocument& root, Role role, const KeyId& id) {
  for (const auto index : root.role(role).keys)
    if (id_of(root.keys[index]) == id) return &root.keys[index];
  return nullptr;
}

}  // namespace

std::string founder_of(const RootDocument& first) {
  return fingerprint(first.keys.size() == 1 ? id_of(first.keys.front()) : domain_of(first));
}

Bytes encode_root_chain(const std::vector<SignedRoot>& chain) {
  ByteWriter w;
  for (const auto& link : chain) write_link(w, encode_envelope(link.envelope), link.document);
  return w.take();
}

Result<std::vector<SignedRoot>> decode_root_chain(ByteSpan bytes) { return decode_links(bytes, false); }

Bytes encode_root_file(const SignedRoot& link) {
  ByteWriter w;
  write_link(w, link.envelope.empty() ? Bytes() : encode_envelope(link.envelope), link.document);
  return w.take();
}

Result<std::vector<SignedRoot>> decode_root_file(ByteSpan bytes) { return decode_links(bytes, true); }

Result<void> check_signatures(const RootDocument& root, Role role, DocumentType type, ByteSpan body, const Envelope& envelope) {
  const RoleKeys& holders = root.role(role);
  std::set<KeyId> counted;
  for (const auto& one : envelope) {
    const PublicKey* holder = holder_of(root, role, one.key);
    if (holder == nullptr)
      return refuse(
          RefusalKind::unknown_key,
          fmt::format("a signature is by a key ({}) that the role '{}' does not hold", fingerprint(one.key), name_of(role)),
          "it was not made by those whom you enrolled; do not use it");
    if (!counted.insert(one.key).second)
      return refuse(RefusalKind::malformed, fmt::format("key {} signs twice", fingerprint(one.key)),
                    "a key counts once, however often it signs; do not use it");
    if (!verifies(*holder, type, body, one.signature))
      return refuse(RefusalKind::bad_signature, fmt::format("the signature by key {} does not fit", fingerprint(*holder)),
                    "the bytes were altered after signing; do not use them, and ask for a fresh copy");
  }
  if (counted.size() < holders.threshold) {
    std::string others;
    for (const auto index : holders.keys)
      if (counted.count(id_of(root.keys[index])) == 0) others += (others.empty() ? "" : ", ") + fingerprint(root.keys[index]);
    return refuse(
        RefusalKind::threshold,
        fmt::format("it has {} of the {} signatures that the role '{}' needs", counted.size(), holders.threshold, name_of(role)),
        "have it signed, with 'patchferry sign', by the holder of one of these keys: " + others);
  }
  return {};
}

std::string need_text(const RootNeed& need) {
  std::string keys;
  for (const auto& key : need.by) keys += (keys.empty() ? "" : ", ") + fingerprint(key);
  return fmt::format("{} more of the root keys of document {}: {}", need.signatures, need.document, keys);
}

Result<RootStanding> standing_of(const SignedRoot& link, const RootDocument* before) {
  auto decoded = decode_root(link.document);
  if (!decoded) return tl::unexpected(std::move(decoded.error()));
  RootStanding out;
  out.root = std::move(*decoded);
  const auto bad_root = [](const std::string& why) { return refuse(RefusalKind::bad_root, why); };
  if (const std::uint32_t expected = before == nullptr ? 1 : before->version + 1; out.root.version != expected)
    return bad_root(fmt::format("it is document {} where document {} is due", out.root.version, expected));
  if (out.root.previous != (before == nullptr ? Digest{} : hash_of(*before)))
    return bad_root("it follows another document than the one before it here");
  if (before != nullptr && out.root.epoch < before->epoch) return bad_root("it goes back in epoch");
  if (before != nullptr && out.root.lowest_format < before->lowest_format) return bad_root("it goes back in its lowest format");

  std::set<KeyId> signers;
  for (const auto& one : link.envelope) {
    // One who leaves may sign the handover, and so may one who comes.
    const PublicKey* holder = holder_of(out.root, Role::root, one.key);
    if (holder == nullptr && before != nullptr) holder = holder_of(*before, Role::root, one.key);
    if (holder == nullptr)
      return refuse(RefusalKind::unknown_key,
                    fmt::format("somebody ({}) has signed it who keeps no root key", fingerprint(one.key)));
    if (!signers.insert(one.key).second)
      return refuse(RefusalKind::malformed, fmt::format("key {} signs it twice", fingerprint(one.key)));
    if (!verifies(*holder, DocumentType::root, link.document, one.signature))
      return refuse(RefusalKind::bad_signature, fmt::format("the signature by key {} does not fit", fingerprint(*holder)));
    out.signers.push_back(*holder);
  }
  // Counted by each document's own keepers and its own threshold.
  for (const RootDocument* judge : {static_cast<const RootDocument*>(&out.root), before}) {
    if (judge == nullptr) continue;
    RootNeed need{judge->version, judge->role(Role::root).threshold, {}};
    for (const auto index : judge->role(Role::root).keys)
      if (signers.count(id_of(judge->keys[index])) == 0)
        need.by.push_back(judge->keys[index]);
      else if (need.signatures > 0)
        --need.signatures;
    if (need.signatures > 0) out.needs.push_back(std::move(need));
  }
  return out;
}

Result<RootDocument> walk_root_chain(const std::vector<SignedRoot>& chain, const Digest& enrolled) {
  if (chain.empty()) return refuse(RefusalKind::malformed, "the root chain is empty");
  if (sha256(chain.front().document) != enrolled)
    return refuse(RefusalKind::untrusted, "it was not signed under a key that is enrolled here",
                  "give the right --trust, or have the key enrolled by a person who has compared its fingerprint");
  RootDocument current;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const auto bad_root = [&](const std::string& why) {
      return refuse(RefusalKind::bad_root, fmt::format("root document {}: {}", i + 1, why),
                    "do not use this bundle; ask those who sign for it");
    };
    auto standing = standing_of(chain[i], i == 0 ? nullptr : &current);
    if (!standing) return bad_root(standing.error().text);
    if (!standing->complete()) return bad_root("it needs " + need_text(standing->needs.front()));
    current = std::move(standing->root);
  }
  return current;
}

}  // namespace patchferry
