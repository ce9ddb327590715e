// SPDX-License-Identifier: Apache-2.0
#include "verifier/trust.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fmt/format.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry {

const TrustAnchor* TrustAnchors::find(const Digest& domain) const {
  const auto found = std::find_if(anchors.begin(), anchors.end(), [&](const TrustAnchor& a) { return a.domain == domain; });
  return found == anchors.end() ? nullptr : &*found;
}

Result<void> check_progress(const TrustAnchor& known, const std::vector<SignedRoot>& chain) {
  if (chain.size() < known.version)
    return refuse(RefusalKind::old_root,
                  fmt::format("it was signed under root document {}, and document {} is in force", chain.size(), known.version),
                  "ask for one that is signed under the present keys");
  if (sha256(chain[known.version - 1].document) != known.document)
    return refuse(RefusalKind::fork, fmt::format("it carries another root document {} than the one known here", known.version),
                  "somebody has signed two: keep the medium, and tell those who keep the root keys");
  return {};
}

Result<PublicKey> load_public_key(const std::string& path) {
  if (!exists(path)) throw UsageError("there is no key " + path, "give the .pub file that 'patchferry keygen' wrote");
  if (is_folder(path)) throw UsageError(path + " is a folder, not a key", "give the .pub file that 'patchferry keygen' wrote");
  const auto bytes = read_whole(path, 4096);
  auto key = decode_public_key(bytes ? as_text(*bytes) : std::string_view());
  if (!key) return tl::unexpected(std::move(key.error()).in(path));
  return key;
}

bool is_root_file(const std::string& path) {
  if (path.ends_with(".pfr") || path.ends_with(".root")) return true;
  // By whatever name: lengths, and then an envelope, or a document that nobody has signed.
  std::array<std::byte, 16> head{};
  const Fd file = open_file(path, O_RDONLY);
  if (!S_ISREG(stat_of(file).st_mode)) return false;  // what is read from a pipe is gone for whoever reads it next
  const std::size_t size = read_up_to(file, 0, head);
  const auto text = as_text(ByteSpan(head).first(size));
  return text.size() == head.size() && (text.substr(8, 4) == "PFSI" || text.substr(8) == "PFROOTDC");
}

namespace {

/// Gathers chains, one a domain.
class Enrolment {
 public:
  Result<void> take(const std::string& path) {
    if (is_trust_folder(path)) return take_chain(path);
    if (!is_folder(path)) return is_root_file(path) ? take_chain(path) : take_key(path);
    for (const auto& name : folder_entries(path)) {
      const std::string entry = path + "/" + name;
      if (!(name.ends_with(".pub") || name.ends_with(".root") || name.ends_with(".pfr") || is_trust_folder(entry))) continue;
      if (!is_regular(entry) && !is_folder(entry))
        return tl::unexpected(Refusal{RefusalKind::not_regular, "it is a link, pipe or device, not a file",
                                      "copy the keys again, as ordinary files", entry});
      if (auto done = take(entry); !done) return done;
    }
    return {};
  }

  TrustAnchors anchors() { return std::move(anchors_); }

 private:
  Result<void> take_key(const std::string& path) {
    auto key = load_public_key(path);
    if (!key) return tl::unexpected(std::move(key.error()));
    return add({SignedRoot{encode_root(single_key_root(*key)), {}}}, path);
  }

  Result<void> take_chain(const std::string& path) {
    auto chain = load_root_chain(path);
    if (!chain) return tl::unexpected(std::move(chain.error()));
    return add(std::move(*chain), path);
  }

  Result<void> add(std::vector<SignedRoot> chain, const std::string& path) {
    auto root = decode_root(chain.back().document);
    if (!root) return tl::unexpected(std::move(root.error()).in(path));
    TrustAnchor fresh{sha256(chain.front().document), root->version, sha256(chain.back().document), std::move(chain),
                      std::move(*root)};
    for (auto& known : anchors_.anchors) {
      if (known.domain != fresh.domain) continue;
      const std::size_t both = std::min(known.chain.size(), fresh.chain.size());
      for (std::size_t i = 0; i < both; ++i)
        if (known.chain[i].document != fresh.chain[i].document)
          return tl::unexpected(Refusal{RefusalKind::fork,
                                        fmt::format("it holds another root document {} than the one before it", i + 1),
                                        "somebody has signed two: keep both, and tell those who keep the root keys", path});
      // The longer one; of two single documents the one that is signed.
      if (fresh.version > known.version || (fresh.version == known.version && known.chain.front().envelope.empty()))
        known = std::move(fresh);
      return {};
    }
    anchors_.anchors.push_back(std::move(fresh));
    return {};
  }

  TrustAnchors anchors_;
};

}  // namespace

Result<TrustAnchors> load_trust(const std::vector<std::string>& paths) {
  if (paths.empty()) throw UsageError("no trusted key was given", "give --trust KEY.pub, or the folder of the root documents");
  Enrolment enrolment;
  for (const auto& path : paths) {
    if (!exists(path)) throw UsageError("there is no " + path, "give a .pub file, or the folder of root documents");
    if (auto done = enrolment.take(path); !done) return tl::unexpected(std::move(done.error()));
  }
  TrustAnchors anchors = enrolment.anchors();
  if (anchors.anchors.empty())
    throw UsageError("there is no key (*.pub) and no root document in " + paths.front(),
                     "give a .pub file that 'patchferry keygen' wrote, or the folder that 'patchferry trust create' wrote");
  return anchors;
}

}  // namespace patchferry
