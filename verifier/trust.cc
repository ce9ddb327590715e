// SPDX-License-Identifier: Apache-2.0
#include "verifier/trust.h"

#include <algorithm>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry {

const TrustAnchor* TrustAnchors::find(const Digest& domain) const {
  const auto found = std::find_if(anchors.begin(), anchors.end(), [&](const TrustAnchor& a) { return a.domain == domain; });
  return found == anchors.end() ? nullptr : &*found;
}

Result<PublicKey> load_public_key(const std::string& path) {
  if (!exists(path)) throw UsageError("there is no key " + path, "give the .pub file that 'patchferry keygen' wrote");
  if (is_folder(path)) throw UsageError(path + " is a folder, not a key", "give the .pub file that 'patchferry keygen' wrote");
  const auto bytes = read_whole(path, 4096);
  auto key = decode_public_key(bytes ? as_text(*bytes) : std::string_view());
  if (!key) return tl::unexpected(std::move(key.error()).in(path));
  return key;
}

Result<TrustAnchors> load_trust(const std::vector<std::string>& paths) {
  TrustAnchors anchors;
  const auto enrol = [&](const std::string& path) -> Result<void> {
    auto key = load_public_key(path);
    if (!key) return tl::unexpected(std::move(key.error()));
    const Digest domain = domain_of(single_key_root(*key));
    anchors.anchors.push_back({domain, 1, domain});
    return {};
  };
  for (const auto& path : paths) {
    if (!exists(path)) throw UsageError("there is no " + path, "give a .pub file, or the folder of trusted keys");
    if (!is_folder(path)) {
      if (auto done = enrol(path); !done) return tl::unexpected(std::move(done.error()));
      continue;
    }
    for (const auto& name : folder_entries(path))
      if (name.ends_with(".pub"))
        if (auto done = enrol(path + "/" + name); !done) return tl::unexpected(std::move(done.error()));
  }
  if (paths.empty()) throw UsageError("no trusted key was given", "give --trust KEY.pub");
  if (anchors.anchors.empty())
    throw UsageError("there is no key (*.pub) in " + paths.front(), "give a .pub file that 'patchferry keygen' wrote");
  return anchors;
}

}  // namespace patchferry
