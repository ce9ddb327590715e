// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/contents.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "bundle-format/archive/kpatch1.h"
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
  };

  bool wants_stream() const override { return keeper_.wants_stream(); }
  void stream(ByteSpan part) override { keeper_.stream(part); }
  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    add_file(path, bytes, {});
    hasher_ = Hasher();
    text_.clear();
    is_info_ = may_be_info(path, bytes);
    is_pointer_ = may_be_pointer(path, bytes);
    is_patch_ = may_be_patch(path);
    head_.clear();
    keeper_.begin(path, bytes, offset);
  }
  bool must_read(const RelPath& path, std::uint64_t bytes) override {
    return may_be_info(path, bytes) || may_be_pointer(path, bytes);
  }
  void known_file(const RelPath& path, std::uint64_t bytes, const Digest& hash, ByteSpan head) override {
    add_file(path, bytes, hash);
    if (may_be_patch(path)) judge_patch(head);
  }
  std::size_t head_wanted(const RelPath& path) override { return may_be_patch(path) ? kKpatch1Header : 0; }
  void data(ByteSpan part) override {
    hasher_.add(part);
    if (is_info_ || is_pointer_) text_ += as_text(part);
    if (is_patch_) {
      const auto more = part.first(std::min(part.size(), kKpatch1Header - head_.size()));
      head_.insert(head_.end(), more.begin(), more.end());
    }
    keeper_.data(part);
  }
  void end_file() override {
    files.back().hash = hasher_.finish();
    if (is_info_) {
      infos.emplace(files.size() - 1, parse_kpatch_info(text_));
      hold(infos.rbegin()->second.fixes.size() * kHeldPerFix);
    }
    if (is_pointer_ && !text_.empty()) {
      hold(text_.size());
      texts.emplace(files.size() - 1, text_);
    }
    if (is_patch_) judge_patch(head_);
    keeper_.end(files.back().hash);
  }
  void pointer_link(const RelPath& path, const std::string& level) override {
    links.emplace_back(path, level);
    keeper_.holding(path.text().size() + kHeldPerFile);
  }

  /// More than any real release says of itself: an archive made to fill our memory.
  bool holds_too_much() const { return held_ > kMaxHeld; }

  // There may be very many of each: none is moved to where it has more room, which would take that memory twice.
  std::deque<File> files;
  std::deque<std::pair<RelPath, std::string>> links;
  // Of few of `files`, by their place.
  std::map<std::size_t, std::string> texts;  // of what may be a pointer, unless empty
  std::map<std::size_t, KpatchInfo> infos;   // of what is called kpatch.info
  /// What is wrong with a patch, by its place in `files`; whether it is served, and as what product's, shows at the end.
  std::vector<std::pair<std::size_t, Refusal>> flaws;

 private:
  void add_file(const RelPath& path, std::uint64_t bytes, const Digest& hash) {
    files.push_back({path, hash, bytes});
    keeper_.holding(path.text().size() + kHeldPerFile);
  }
  void hold(std::uint64_t bytes) {
    held_ += bytes;
    keeper_.holding(bytes);
  }

  bool may_be_info(const RelPath& path, std::uint64_t bytes) const {
    return !holds_too_much() && path.parts().back() == "kpatch.info" && bytes <= kMaxKpatchInfo;
  }
  bool may_be_pointer(const RelPath& path, std::uint64_t bytes) const {
    return !holds_too_much() && path.parts().size() <= 3 && bytes <= kMaxPointer;  // top folder, ident, name
  }

  // [top folder/]ident/level/kpatch.bin: so the ident is known before the top folder is.
  bool may_be_patch(const RelPath& path) const {
    if (holds_too_much() || !path.text().ends_with("/kpatch.bin")) return false;
    const auto depth = path.parts().size();
    return depth == 3 || depth == 4;
  }
  void judge_patch(ByteSpan head) {
    const File& file = files.back();
    const auto parts = file.path.parts();
    auto good = check_kpatch1(head, file.bytes, parts[parts.size() - 3]);
    if (good) return;
    flaws.emplace_back(files.size() - 1, std::move(good.error()));
    hold(kHeldPerFlaw);
  }

  static constexpr std::uint64_t kMaxHeld = 48 << 20;
  static constexpr std::uint64_t kHeldPerFile = 256;   // bytes, about, beside its name
  static constexpr std::uint64_t kHeldPerFlaw = 1024;  // bytes, about
  static constexpr std::uint64_t kHeldPerFix = 48;     // bytes, about

  FileKeeper& keeper_;
  std::uint64_t held_ = 0;
  Hasher hasher_;
  std::string text_;
  bool is_info_ = false;
  bool is_pointer_ = false;
  bool is_patch_ = false;
  Bytes head_;
};

std::optional<Refusal> flaw_of(const Collector& found, const std::string& product, const std::string& top_folder) {
  for (const auto& [index, refusal] : found.flaws) {
    const RelPath& path = found.files[index].path;
    const auto beneath = beneath_top(path, top_folder);
    if (!beneath || !is_kpatch1_place(product, place_of(product, *beneath))) continue;
    Refusal out = refusal;
    out.text = "'" + path.text() + "' " + refusal.text;
    return out;
  }
  return std::nullopt;
}

/// Takes texts and CVE lists out of `found`.
PatchsetContents place_all(Collector& found, const std::string& product, const std::string& top_folder) {
  std::map<std::pair<std::string, std::uint64_t>, Level> levels;
  PatchsetContents out;
  for (std::size_t i = 0; i < found.files.size(); ++i) {
    const auto& file = found.files[i];
    const auto path = beneath_top(file.path, top_folder);
    if (!path) continue;
    const Place place = place_of(product, *path);
    if (place.kind == Place::Kind::pointer && file.bytes <= kMaxPointer) {
      const auto text = found.texts.find(i);
      out.pointers.push_back({place.ident, place.name, false, text == found.texts.end() ? "" : std::move(text->second)});
    }
    if (place.kind != Place::Kind::level_file) continue;
    Level& level = levels[{place.ident, place.level}];
    level.ident = place.ident;
    level.level = place.level;
    level.files.push_back({place.name, file.hash, file.bytes});
    if (place.name != "kpatch.info") continue;
    if (const auto info = found.infos.find(i); info != found.infos.end()) level.info = std::move(info->second);
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

std::vector<Content> contents_of(const Collector& found) {
  std::vector<Content> out;
  out.reserve(found.files.size());
  for (const auto& file : found.files) out.push_back({file.hash, file.bytes});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  out.erase(std::unique(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.hash == b.hash; }), out.end());
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

namespace {

Result<PatchsetContents> place(Collector& found, const ArchiveName& name, const Result<ArchiveFacts>& facts) {
  if (!facts) return tl::unexpected(facts.error());
  if (found.holds_too_much())
    return refuse(RefusalKind::too_large, "its pointer files and CVE lists are larger than any release needs",
                  "do not use it; ask the vendor");
  if (auto flaw = flaw_of(found, name.patchset.product, facts->top_folder)) return tl::unexpected<Refusal>(std::move(*flaw));
  PatchsetContents out = place_all(found, name.patchset.product, facts->top_folder);
  out.expanded_bytes = facts->expanded_bytes;
  out.files = facts->files;
  out.all = contents_of(found);
  return out;
}

}  // namespace

Result<PatchsetContents> read_contents(const ArchiveWork& work, TarSource& source, const ArchiveName& name,
                                       const ArchiveLimits& limits, FileKeeper& keeper) {
  Collector found(keeper);
  return place(found, name, work.read_tar(source, limits.expanded_bytes, found));
}

Result<PatchsetContents> read_contents(const ArchiveWork& work, const Fd& archive, const ArchiveName& name,
                                       const ArchiveLimits& limits, FileKeeper& keeper, const OnRead& on_read,
                                       std::optional<Bytes>* packing) {
  Collector found(keeper);
  return place(found, name, work.read_archive(archive, name.compression, limits, found, on_read, packing));
}

}  // namespace patchferry
