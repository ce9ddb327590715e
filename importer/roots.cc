// SPDX-License-Identifier: Apache-2.0
#include "importer/roots.h"

#include <algorithm>
#include <fmt/format.h>

#include "importer/ledger.h"
#include "importer/ledger_copy.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "verifier/root_files.h"

namespace patchferry::importer {

namespace {

std::string root_path(const Site& site, const Digest& domain) {
  return site.path("trust/" + to_hex(ByteSpan(domain).first(8)) + ".root");
}

Result<void> gather(const std::string& path, std::vector<Site::RootChain>& out) {
  if (is_folder(path) && !is_trust_folder(path)) {
    for (const auto& name : folder_entries(path)) {
      const std::string entry = path + "/" + name;
      if (name.ends_with(".pub") || name.ends_with(".root") || name.ends_with(".pfr") || is_trust_folder(entry))
        if (auto done = gather(entry, out); !done) return done;
    }
    return {};
  }
  if (is_folder(path) || is_root_file(path)) {
    auto chain = load_root_chain(path);
    if (!chain) return tl::unexpected(std::move(chain.error()));
    out.push_back(std::move(*chain));
    return {};
  }
  const auto key = load_public_key(path);
  if (!key) return tl::unexpected(key.error());
  out.push_back({SignedRoot{encode_root(single_key_root(*key)), {}}});
  return {};
}

/// False if the database was put back, or the file was, or an earlier run ended between the two.
bool is_kept(Site& site, const Digest& domain, std::size_t version) {
  if (version == 1) return true;  // as it was enrolled
  Query seen(site.db(), "SELECT 1 FROM root WHERE domain=?1 AND version=?2");
  if (!seen.bind(domain, static_cast<std::uint64_t>(version)).step()) return false;
  const std::string path = root_path(site, domain);
  if (!exists(path)) return false;
  const auto chain = load_root_chain(path);
  return chain && chain->size() == version;
}

}  // namespace

Result<std::vector<Site::RootChain>> read_enrolled(const std::vector<std::string>& paths) {
  if (auto good = load_trust(paths); !good) return tl::unexpected(std::move(good.error()));
  std::vector<Site::RootChain> out;
  for (const auto& path : paths)
    if (auto done = gather(path, out); !done) return tl::unexpected(std::move(done.error()));
  return out;
}

TrustAnchors anchors(Site& site) {
  auto enrolled = load_trust({site.path("trust")});
  if (!enrolled)
    throw SystemFailure("cannot use " + enrolled.error().where + ": " + enrolled.error().text, 0, "put the enrolled file back");
  // What the database has seen is a floor, even if the file with the documents was put back from a backup.
  Query floors(site.db(), "SELECT domain, version, document FROM root");
  while (floors.step())
    for (auto& anchor : enrolled->anchors)
      if (anchor.domain == floors.array<32>(0) && anchor.version < floors.number(1))
        anchor = {anchor.domain, static_cast<std::uint32_t>(floors.number(1)), floors.array<32>(2)};
  std::sort(enrolled->anchors.begin(), enrolled->anchors.end(), [](const auto& a, const auto& b) { return a.domain < b.domain; });
  return *enrolled;
}

std::vector<NoticeJudge::Domain> domains(Site& site) {
  const TrustAnchors known = anchors(site);
  std::vector<NoticeJudge::Domain> out;
  const auto add = [&](const Digest& domain, RootDocument root) {
    const TrustAnchor* anchor = known.find(domain);
    if (anchor != nullptr && anchor->version == root.version) out.push_back({domain, std::move(root)});
  };
  for (const auto& name : folder_entries(site.path("trust"))) {
    const std::string path = site.path("trust/" + name);
    if (name.ends_with(".pub")) {
      if (const auto key = load_public_key(path)) add(domain_of(single_key_root(*key)), single_key_root(*key));
    } else if (name.ends_with(".root")) {
      const auto chain = load_root_chain(path);
      if (!chain) continue;  // anchors() has refused it by name
      if (auto root = decode_root(chain->back().document)) add(sha256(chain->front().document), std::move(*root));
    }
  }
  return out;
}

Result<bool> advance(Site& site, const std::vector<SignedRoot>& chain) {
  const TrustAnchors known = anchors(site);
  const Digest domain = sha256(chain.front().document);
  const TrustAnchor* anchor = known.find(domain);
  const auto root = walk_root_chain(chain, anchor != nullptr ? domain : Digest{});
  if (!root) return tl::unexpected(root.error());
  if (auto good = check_progress(*anchor, chain); !good) return tl::unexpected(std::move(good.error()));
  const bool moved = root->version > anchor->version;
  if (!moved && is_kept(site, domain, root->version)) return false;

  write_file(root_path(site, domain), encode_root_chain(chain), 0644);
  Transaction transaction(site.db());
  record_root(site, domain, root->version, sha256(chain.back().document));
  if (moved)
    site.audit({.what = "trust",
                .detail = fmt::format("root document {} of domain {} is in force (it was {})", root->version,
                                      to_hex(ByteSpan(domain).first(8)), anchor->version)});
  transaction.commit();
  write_copy(site);
  return moved;
}

}  // namespace patchferry::importer
