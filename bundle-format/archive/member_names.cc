// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/member_names.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <unistd.h>

#include "bundle-format/archive/layout_profile.h"
#include "system/failure.h"

namespace patchferry {

tl::unexpected<Refusal> hostile(std::string_view name, const char* what) {
  return refuse(RefusalKind::hostile_member, fmt::format("'{}' {}", printable(name), what), kHostileHint);
}

std::string name_hint() {
  return fmt::format("names are letters, digits and ._+-, at most {} bytes and {} folders deep", kMaxName, kMaxDepth);
}

namespace {

constexpr std::uint64_t kMaxNameBytes = 24 << 20;  // all names of an archive, folders included

Result<void> too_many() {
  return refuse(RefusalKind::too_large, fmt::format("more than {} members, or too long names", kMaxMembers));
}

bool has_dot_dot(std::string_view path) {
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (path.substr(0, slash) == "..") return true;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return false;
}

}  // namespace

Result<std::optional<RelPath>> path_of(std::string_view name, bool folder) {
  if (name.empty()) return hostile(name, "is a member without a name");
  if (name.front() == '/') return hostile(name, "is an absolute path");
  if (has_dot_dot(name)) return hostile(name, "leads out of the archive");
  std::string_view bare = name;
  if (folder && bare == ".") return std::optional<RelPath>();
  if (bare.starts_with("./")) bare.remove_prefix(2);
  if (folder && bare.ends_with('/')) bare.remove_suffix(1);
  if (folder && bare.empty()) return std::optional<RelPath>();
  auto path = RelPath::parse(bare);
  if (!path)
    return refuse(RefusalKind::bad_name, fmt::format("'{}' is not a name that a patchset may use", printable(name)), name_hint());
  return path;
}

Result<void> MemberNames::add(const RelPath& path, bool folder) {
  if (++members_ > kMaxMembers) return too_many();
  const std::string& spelled = path.text();
  const std::string folded = path.folded();
  for (auto slash = spelled.find('/'); slash != std::string::npos; slash = spelled.find('/', slash + 1))
    if (auto r = note(std::string_view(spelled).substr(0, slash), std::string_view(folded).substr(0, slash), true, false); !r)
      return r;
  if (auto r = note(spelled, folded, folder, true); !r) return r;
  note_top(spelled.substr(0, spelled.find('/')));
  return {};
}

std::string MemberNames::top_folder() const {
  if (members_ == 0 || !one_top_ || !seen_.at(hash_of(RelPath::parse(top_)->folded())).folder) return {};
  const auto probe = RelPath::parse(top_ + "/latest");
  if (probe && place_of("user", *probe).kind == Place::Kind::pointer) return {};
  return top_;
}

MemberNames::NameHash MemberNames::hash_of(std::string_view name) {
  using Key = std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES>;
  static const Key key = [] {  // nobody can make names of one hash without it
    Key out{};
    if (::getentropy(out.data(), out.size()) != 0) throw_errno("draw random numbers for", "names of members");
    return out;
  }();
  std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> hash{};
  crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(name.data()), name.size(), key.data());
  NameHash out{};
  static_assert(sizeof out == sizeof hash);
  std::memcpy(out.data(), hash.data(), sizeof out);
  return out;
}

Result<void> MemberNames::note(std::string_view spelled, std::string_view folded, bool folder, bool listed) {
  const NameHash hash = hash_of(folded);
  const std::uint64_t spelled_hash = spelled == folded ? hash[1] : hash_of(spelled)[1];
  const auto [it, fresh] = seen_.try_emplace(hash);
  Seen& seen = it->second;
  if (fresh) {
    seen.spelled = spelled_hash;
    seen.folder = folder;
    seen.listed = listed;
    name_bytes_ += folded.size() + (spelled == folded ? 0 : spelled.size());
    // Folders that are only implied count as well, or a small archive could fill the memory with them.
    if (seen_.size() > kMaxMembers || name_bytes_ > kMaxNameBytes) return too_many();
    return {};
  }
  if (seen.spelled != spelled_hash) return hostile(spelled, "and another member differ in upper and lower case only");
  if (seen.folder != folder) return hostile(spelled, "is both a file and a folder");
  if (seen.listed && listed) return hostile(spelled, "is in the archive twice");
  seen.listed = seen.listed || listed;
  return {};
}

void MemberNames::note_top(std::string first) {
  if (members_ == 1)
    top_ = std::move(first);
  else if (first != top_)
    one_top_ = false;
}
}  // namespace patchferry
