// SPDX-License-Identifier: Apache-2.0
#include "mirror/pack.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <set>

#include "bundle-format/archive/recipe.h"
#include "bundle-format/packs/expand_pack.h"
#include "mirror/pack_plan.h"
#include "system/failure.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

/// Fills in what each patchset is the first to fix, kernels by index into one sorted list.
void describe_fixes(Store& store, const Missing& missing, Manifest& manifest) {
  std::vector<std::vector<FirstFix>> fixes;
  std::set<std::string> kernels;
  for (const auto& patchset : missing.patchsets) {
    fixes.push_back(store.first_fixes(patchset.id));
    for (const auto& fix : fixes.back()) kernels.insert(fix.kernel);
  }
  manifest.kernels.assign(kernels.begin(), kernels.end());
  for (std::size_t i = 0; i < fixes.size(); ++i) {
    auto& out = manifest.patchsets[i].fixes;
    for (const auto& fix : fixes[i]) {
      if (out.empty() || out.back().cve != fix.cve) out.push_back({fix.cve, 0, {}});
      out.back().cvss_tenths = std::max(out.back().cvss_tenths, fix.cvss_tenths);
      const auto at = std::lower_bound(manifest.kernels.begin(), manifest.kernels.end(), fix.kernel) - manifest.kernels.begin();
      out.back().kernels.push_back(static_cast<std::uint32_t>(at));
    }
  }
}

/// Contents of the recipes of what travels, and the recipes themselves.
std::vector<Member> contents_of(Store& store, const std::vector<Piece>& pieces) {
  std::vector<Member> out;
  for (const auto& piece : pieces) {
    if (!piece.travel.recipe) continue;
    Bytes text(static_cast<std::size_t>(piece.travel.recipe_bytes));
    store.contents().read(*piece.travel.recipe, text);
    const auto recipe = decode_recipe(text);
    if (!recipe) throw SystemFailure("cannot read a recipe of this store's own: " + recipe.error().text, 0);
    const std::set<Digest> needed(recipe->contents.begin(), recipe->contents.end());
    for (auto& member : store.members(piece.patchset.id))
      if (needed.count(member.content) != 0) out.push_back(std::move(member));
    out.push_back({"recipe//" + piece.patchset.name.file, *piece.travel.recipe, piece.travel.recipe_bytes});
  }
  return out;
}

/// What the site has out of the patchsets that are there, as far as this store still knows its bytes.
std::vector<Member> contents_at_site(Store& store, const Missing& missing) {
  std::vector<Member> out;
  for (const auto& patchset : missing.present)
    for (auto& member : store.members(patchset.id)) out.push_back(std::move(member));
  return out;
}

/// Makes the packs of one bundle, and the records that tell of them.
class Packing {
 public:
  Packing(Store& store, Effort effort, Packs& out)
      : store_(store), effort_(effort), out_(out), folder_(store.contents().fresh_spool("packs")) {}

  void add(const std::vector<PlannedPack>& planned) {
    std::uint64_t total = 0;
    for (const auto& pack : planned)
      for (const auto& content : pack.contents) total += content.bytes;
    Progress progress("packing", total);
    std::vector<PackRecord> records(planned.size());
    parallel_for(
        planned.size(), [&](std::size_t i) { records[i] = spool(planned[i], i, progress); }, kPacksAtOnce);
    for (std::size_t i = 0; i < planned.size(); ++i) record(planned[i], i, records[i]);
  }

  void add_verbatim(const StoredPatchset& patchset) {
    if (!travelling_.insert(patchset.archive).second) return;  // two patchsets may be one archive
    check_archive(patchset);
    const auto index = static_cast<std::uint32_t>(out_.tables.packs.size());
    out_.tables.packs.push_back({Codec::stored, out_.payload.bytes(), patchset.archive_bytes, patchset.archive_bytes});
    out_.tables.objects.push_back({patchset.archive, patchset.archive_bytes, index, 0});
    out_.payload.append(store_.archive_path(patchset.name.file), 0, patchset.archive_bytes);
  }

  void finish() {
    auto& objects = out_.tables.objects;
    std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
    for (const auto& pack : out_.tables.packs) out_.expanded_bytes += pack.expanded_bytes;
  }

 private:
  /// A pack takes up to 290 MiB at the greatest effort.
  static constexpr std::size_t kPacksAtOnce = 2;

  std::string spool_path(std::size_t index) const { return folder_ + "/" + std::to_string(index); }

  Bytes prefix_of(const PlannedPack& planned) const {
    std::uint64_t bytes = 0;
    for (const auto& base : planned.bases) bytes += base.bytes;
    Bytes prefix(static_cast<std::size_t>(bytes));
    std::span<std::byte> rest(prefix);
    for (const auto& base : planned.bases) {
      const auto part = rest.first(static_cast<std::size_t>(base.bytes));
      store_.contents().read(base.content, part);
      rest = rest.subspan(part.size());
    }
    return prefix;
  }

  PackRecord spool(const PlannedPack& planned, std::size_t index, Progress& progress) const {
    PackRecord pack{Codec::zstd, 0, 0, 0};
    for (const auto& content : planned.contents) pack.expanded_bytes += content.bytes;
    const Bytes prefix = prefix_of(planned);
    const Fd file = open_file(spool_path(index), O_RDWR | O_CREAT | O_TRUNC, 0600);
    {
      PackWriter writer(effort_, prefix, pack.expanded_bytes, file);
      for (const auto& content : planned.contents)
        store_.contents().read(content.content, content.bytes, [&](ByteSpan part) {
          writer.add(part);
          progress.add(part.size());
        });
      pack.stored_bytes = writer.finish();
    }
    check(planned, pack, prefix, file);
    return pack;
  }

  /// What the site will do, done here.
  static void check(const PlannedPack& planned, const PackRecord& pack, ByteSpan prefix, const Fd& file) {
    const auto wrong = [&] {
      throw SystemFailure("cannot expand " + file.path() + " again to what went into it", 0, "memory or disk may be failing");
    };
    auto content = planned.contents.begin();
    std::uint64_t done = 0;
    Hasher hasher;
    const auto compare = [&](ByteSpan part) {
      while (!part.empty() && content != planned.contents.end()) {
        const auto here = part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), content->bytes - done)));
        hasher.add(here);
        done += here.size();
        part = part.subspan(here.size());
        if (done < content->bytes) break;
        if (hasher.finish() != content->content) wrong();
        hasher = Hasher();
        done = 0;
        ++content;
      }
    };
    const auto stored = [&](std::uint64_t at, std::span<std::byte> out) { read_exactly(file, at, out); };
    if (!expand_pack(pack, stored, prefix, compare) || content != planned.contents.end()) wrong();
  }

  void record(const PlannedPack& planned, std::size_t index, PackRecord pack) {
    const auto number = static_cast<std::uint32_t>(out_.tables.packs.size());
    pack.payload_offset = out_.payload.bytes();
    std::uint64_t offset = 0;
    for (const auto& content : planned.contents) {
      out_.tables.objects.push_back({content.content, content.bytes, number, offset});
      offset += content.bytes;
    }
    for (const auto& base : planned.bases) out_.tables.bases.push_back({number, base.content, base.bytes});
    out_.payload.append(spool_path(index), 0, pack.stored_bytes);
    out_.tables.packs.push_back(pack);
  }

  void check_archive(const StoredPatchset& p) const {
    const std::string path = store_.archive_path(p.name.file);
    const char* hint = "give the vendor's archive to 'patchferry mirror add' once more, then export again";
    if (!exists(path)) throw SystemFailure("cannot ship " + path + ": it is not there any more", ENOENT, hint);
    if (hash_file(open_file(path, O_RDONLY)) != p.archive)
      throw SystemFailure("cannot ship " + path + ": its bytes are no longer those that were added", 0,
                          std::string("the disk may be failing; ") + hint);
  }

  Store& store_;
  const Effort effort_;
  Packs& out_;
  const std::string folder_;
  std::set<Digest> travelling_;
};

void describe_archives(const std::vector<Piece>& pieces, Packs& out) {
  auto& recipes = out.tables.recipes;
  for (const auto& [p, travel] : pieces) {
    ManifestPatchset entry;
    entry.name = p.name;
    entry.archive = p.archive;
    entry.archive_bytes = p.archive_bytes;
    entry.expanded_bytes = p.expanded_bytes;
    entry.first_seen = p.first_seen;
    out.manifest.patchsets.push_back(std::move(entry));
    out.expanded_bytes += p.expanded_bytes;
    if (travel.recipe)
      recipes.push_back({p.archive, *travel.recipe, RebuildBy::recipe, p.archive_bytes});
    else
      recipes.push_back({p.archive, p.archive, RebuildBy::verbatim, p.archive_bytes});
  }
  std::sort(recipes.begin(), recipes.end(), [](const auto& a, const auto& b) { return a.archive < b.archive; });
  recipes.erase(std::unique(recipes.begin(), recipes.end()), recipes.end());
}

}  // namespace

Packs pack(Store& store, const Missing& missing, const std::vector<Piece>& pieces, Effort effort) {
  Packs out;
  Packing packing(store, effort, out);
  packing.add(plan_packs(contents_of(store, pieces), contents_at_site(store, missing)));
  for (const auto& piece : pieces)
    if (!piece.travel.recipe) packing.add_verbatim(piece.patchset);
  packing.finish();
  describe_archives(pieces, out);
  describe_fixes(store, missing, out.manifest);
  return out;
}

SpooledPacks::~SpooledPacks() {
  try {
    remove_tree(store_.spool());
  } catch (const SystemFailure&) {  // the next run empties it
  }
}

}  // namespace patchferry::mirror
