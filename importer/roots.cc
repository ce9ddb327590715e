// SPDX-License-Identifier: Apache-2.0
#include "importer/roots.h"

#include <algorithm>
#include <fmt/format.h>

#include "bundle-format/words.h"
#include "importer/ledger.h"
#include "importer/ledger_copy.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "verifier/root_files.h"

namespace patchferry::importer {

namespace {

std::string root_path(const std::string& base, const Digest& domain) {
  return base + "/trust/" + to_hex(ByteSpan(domain).first(8)) + ".root";
}

void record_floor(Database& db, const Digest& domain, std::uint32_t version, const Digest& document) {
  Query(db, "INSERT OR REPLACE INTO root(domain, version, document) VALUES(?1,?2,?3)").bind(domain, version, document).run();
}

}  // namespace

namespace {

struct EnrolledFile {
  std::string path;
  Bytes bytes;
};

EnrolledFile enrolled_file(const std::string& base, const TrustAnchor& anchor) {
  const PublicKey& key = anchor.root.keys.front();
  if (!anchor.is_one_key() || !anchor.chain.front().envelope.empty())
    return {root_path(base, anchor.domain), encode_root_chain(anchor.chain)};
  const std::string text = encode_public_key(key);
  const ByteSpan bytes = as_bytes(text);
  return {base + "/trust/" + fingerprint(key) + ".pub", Bytes(bytes.begin(), bytes.end())};
}

}  // namespace

void write_enrolled(const std::string& base, Database& db, const TrustAnchor& anchor) {
  const EnrolledFile file = enrolled_file(base, anchor);
  write_file(file.path, file.bytes);
  record_floor(db, anchor.domain, anchor.version, anchor.document);
}

bool holds_only(const std::string& base, const TrustAnchors& trusted) {
  if (!is_folder(base + "/trust")) return true;
  const auto names = folder_entries(base + "/trust");
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(trusted.anchors.begin(), trusted.anchors.end(), [&](const TrustAnchor& anchor) {
      const EnrolledFile file = enrolled_file(base, anchor);
      const std::string own = file_name_of(file.path);
      if (name == "." + own + ".partial") return true;  // is written anew
      const std::string path = base + "/trust/" + name;
      return name == own && is_regular(path) && read_whole(path, file.bytes.size()) == file.bytes;
    });
  });
}

bool enrol(Site& site, const TrustAnchor& anchor) {
  if (anchors(site).find(anchor.domain) != nullptr) return false;
  Transaction transaction(site.db());
  write_enrolled(site.base(), site.db(), anchor);
  site.audit({.what = "trust", .detail = "enrolled: " + to_hex(anchor.domain) + ", " + describe(anchor)});
  transaction.commit();
  write_copy(site);
  return true;
}

void disown(Site& site, const TrustAnchor& anchor) {
  Transaction transaction(site.db());
  record_floor(site.db(), anchor.domain, anchor.version, anchor.document);
  Query(site.db(), "UPDATE root SET disowned=1 WHERE domain=?1").bind(anchor.domain).run();
  site.audit({.what = "trust", .detail = "no longer believed: " + to_hex(anchor.domain) + ", " + describe(anchor)});
  transaction.commit();
  write_copy(site);
  // The database has the word; the files go so that nobody wonders. There may be both, the key that was enrolled and the
  // documents that followed.
  for (const auto& name : folder_entries(site.path("trust"))) {
    const std::string path = site.path("trust/" + name);
    const auto held = load_trust({path});
    if (held && held->find(anchor.domain) != nullptr) remove_file(path);
  }
  sync_folder(site.path("trust"));
}

std::string name_of(const TrustAnchor& anchor) {
  const auto first = decode_root(anchor.chain.front().document);
  return first ? founder_of(*first) : fingerprint(anchor.domain);
}

std::string words_of(const TrustAnchor& anchor) {
  return anchor.is_one_key() ? key_words(anchor.root.keys.front()) : patchferry::words_of(anchor.domain, 12);
}

std::string describe(const TrustAnchor& anchor) {
  if (anchor.is_one_key()) return "bundles signed by " + name_of(anchor);
  const RoleKeys& release = anchor.root.role(Role::release);
  return fmt::format("trust domain {}: root document {} is in force, bundles need {} of {} signatures", name_of(anchor),
                     anchor.version, release.threshold, release.keys.size());
}

TrustAnchors anchors(Site& site) {
  auto enrolled = load_trust({site.path("trust")});
  if (!enrolled)
    throw SystemFailure("cannot use " + enrolled.error().where + ": " + enrolled.error().text, 0, "put the enrolled file back");
  // What the database has seen is a floor, even if the file with the documents was put back from a backup.
  Query floors(site.db(), "SELECT domain, version, document, disowned FROM root");
  while (floors.step()) {
    const Digest domain = floors.array<32>(0);
    if (floors.integer(3) != 0) {
      std::erase_if(enrolled->anchors, [&](const TrustAnchor& anchor) { return anchor.domain == domain; });
      continue;
    }
    for (auto& anchor : enrolled->anchors)
      if (anchor.domain == domain && anchor.version < floors.number(1)) {
        anchor.version = static_cast<std::uint32_t>(floors.number(1));
        anchor.document = floors.array<32>(2);
      }
  }
  std::sort(enrolled->anchors.begin(), enrolled->anchors.end(), [](const auto& a, const auto& b) { return a.domain < b.domain; });
  return std::move(*enrolled);
}

Result<bool> advance(Site& site, const std::vector<SignedRoot>& chain) {
  const TrustAnchors known = anchors(site);
  const Digest domain = sha256(chain.front().document);
  const TrustAnchor* anchor = known.find(domain);
  const auto root = walk_root_chain(chain, anchor != nullptr ? domain : Digest{});
  if (!root) return tl::unexpected(root.error());
  if (auto good = check_progress(*anchor, chain); !good) return tl::unexpected(std::move(good.error()));
  const bool moved = root->version > anchor->version;
  if (!moved && anchor->root.version == anchor->version) return false;  // else its file was lost or put back

  write_file(root_path(site.base(), domain), encode_root_chain(chain), 0644);
  Transaction transaction(site.db());
  record_floor(site.db(), domain, root->version, sha256(chain.back().document));
  if (moved)
    site.audit({.what = "trust",
                .detail = fmt::format("root document {} of domain {} is in force (it was {})", root->version,
                                      to_hex(ByteSpan(domain).first(8)), anchor->version)});
  // What a key has said that is trusted no more is forgotten: it may have been a thief's.
  const auto& heads = anchor->root.role(Role::head).keys;
  if (std::any_of(heads.begin(), heads.end(), [&](std::uint8_t i) { return !root->holds(Role::head, anchor->root.keys[i]); }))
    Query(site.db(), "DELETE FROM head WHERE domain=?1").bind(domain).run();
  transaction.commit();
  write_copy(site);
  return moved;
}

}  // namespace patchferry::importer
