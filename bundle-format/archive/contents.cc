// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/contents.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "bundle-format/archive/layout_profile.h"

namespace patchferry {

namespace {

/// Hashes every file and remembers the small ones whose text matters; places are known only once the top folder is.
class Collector : public MemberSink {
 public:
  explicit Collector(FileKeeper& keeper) : keeper_(keeper) {}

  struct File {
    RelPath path;
    Digest hash{};
    std::uint64_t bytes = 0;
    std::string text;                // of what may be a pointer
    std::optional<KpatchInfo> info;  // of a kpatch.info
  };

  void begin_file(const RelPath& path, std::uint64_t bytes) override {
    files.push_back({path, {}, bytes, {}, {}});
    hasher_ = Hasher();
    text_.clear();
    const std::string name = path.parts().back();
    const bool room = !holds_too_much();
    is_info_ = room && name == "kpatch.info" && bytes <= kMaxKpatchInfo;
    is_pointer_ = room && path.parts().size() <= 3 && bytes <= kMaxPointer;  // top folder, ident, name
    keeper_.begin(bytes);
  }
  void data(ByteSpan part) override {
    hasher_.add(part);
    if (is_info_ || is_pointer_) text_ += as_text(part);
    keeper_.data(part);
  }
  void end_file() override {
    files.back().hash = hasher_.finish();
    if (is_info_) files.back().info = parse_kpatch_info(text_);
    if (is_info_) held_ += files.back().info->fixes.size() * kHeldPerFix;
    if (is_pointer_) held_ += text_.size();
    if (is_pointer_) files.back().text = std::move(text_);
    keeper_.end(files.back().hash);
  }
  void pointer_link(const RelPath& path, const std::string& level) override { links.emplace_back(path, level); }

  /// More than any real release says of itself: an archive made to fill our memory.
  bool holds_too_much() const { return held_ > kMaxHeld; }

  std::vector<File> files;
  std::vector<std::pair<RelPath, std::string>> links;

 private:
  static constexpr std::uint64_t kMaxHeld = 64 << 20;
  static constexpr std::uint64_t kHeldPerFix = 48;  // bytes, about

  FileKeeper& keeper_;
  std::uint64_t held_ = 0;
  Hasher hasher_;
  std::string text_;
  bool is_info_ = false;
  bool is_pointer_ = false;
};

PatchsetContents place_all(const Collector& found, const std::string& product, const std::string& top_folder) {
  std::map<std::pair<std::string, std::uint64_t>, Level> levels;
  PatchsetContents out;
  for (const auto& file : found.files) {
    const auto path = beneath_top(file.path, top_folder);
    if (!path) continue;
    const Place place = place_of(product, *path);
    if (place.kind == Place::Kind::pointer && file.bytes <= kMaxPointer)
      out.pointers.push_back({place.ident, place.name, false, file.text});
    if (place.kind != Place::Kind::level_file) continue;
    Level& level = levels[{place.ident, place.level}];
    level.ident = place.ident;
    level.level = place.level;
    level.files.push_back({place.name, file.hash, file.bytes});
    if (place.name == "kpatch.info" && file.info) level.info = *file.info;
  }
  for (const auto& [linked, text] : found.links) {
    const auto path = beneath_top(linked, top_folder);
    if (!path) continue;
    const Place place = place_of(product, *path);
    if (place.kind == Place::Kind::pointer) out.pointers.push_back({place.ident, place.name, true, text});
  }
  for (auto& [key, level] : levels) {
    std::sort(level.files.begin(), level.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    out.levels.push_back(std::move(level));
  }
  std::sort(out.pointers.begin(), out.pointers.end(),
            [](const auto& a, const auto& b) { return std::tie(a.ident, a.name) < std::tie(b.ident, b.name); });
  return out;
}

}  // namespace

Digest Level::digest() const {
  Hasher hasher;
  for (const auto& file : files) {
    hasher.add(as_bytes(file.name + "\n"));
    hasher.add(file.hash);
  }
  return hasher.finish();
}

Result<PatchsetContents> read_contents(const Fd& archive, const ArchiveName& name, const ArchiveLimits& limits,
                                       FileKeeper& keeper, const std::function<void(std::uint64_t)>& on_read) {
  Collector found(keeper);
  auto facts = read_archive(archive, name.compression, limits, found, on_read);
  if (!facts) return tl::unexpected(std::move(facts.error()));
  if (found.holds_too_much())
    return refuse(RefusalKind::too_large, "its pointer files and CVE lists are larger than any release needs",
                  "do not use it; ask the vendor");
  PatchsetContents out = place_all(found, name.patchset.product, facts->top_folder);
  out.expanded_bytes = facts->expanded_bytes;
  out.files = facts->files;
  return out;
}

}  // namespace patchferry
