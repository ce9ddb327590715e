// SPDX-License-Identifier: Apache-2.0
#include "importer/expand.h"

#include <algorithm>
#include <fcntl.h>
#include <tuple>
#include <unistd.h>

#include "importer/cutting.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/memory_file.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace patchferry::importer {

namespace {

tl::unexpected<Refusal> not_here(const Digest& hash) {
  return refuse(
      RefusalKind::incomplete, "the bundle builds on a content that is not here: object " + to_hex(hash),
      "import the bundles before it first; if they are, 'patchferry archives' puts back what it finds in arch/, and a bundle "
      "made by a new receipt, or with 'patchferry export --full', brings the rest");
}

}  // namespace

PackExpander::PackExpander(const Site& site, const StagedBundle& staged, const std::string& work)
    : site_(site),
      staged_(staged),
      work_(work),
      objects_(site, work + "/objects"),
      wanted_(staged.tables.packs.size()),
      expanded_(staged.tables.packs.size()) {
  for (const auto& object : staged.tables.objects) by_pack_[object.pack].push_back(&object);
}

Result<void> PackExpander::want(const Digest& hash, std::uint64_t bytes) {
  if (objects_.find(hash, bytes)) return {};
  const ObjectRecord* object = find_object(staged_.tables, hash);
  if (object == nullptr || object->bytes != bytes) return not_here(hash);
  wanted_[object->pack] = true;
  return {};
}

Result<void> PackExpander::want_archive(const Digest& hash, std::uint64_t bytes, const std::string& file) {
  const ObjectRecord* object = find_object(staged_.tables, hash);
  if (object == nullptr || object->bytes != bytes)
    return refuse(RefusalKind::incomplete, "the bundle does not hold the archive " + file,
                  "ask for a bundle made with 'patchferry export --full'");
  archives_[hash].push_back(work_ + "/arch/" + file);
  wanted_[object->pack] = true;
  return {};
}

Result<void> PackExpander::add_bases() {
  // A base lies in an earlier pack, so that one walk from the end finds them all.
  for (std::size_t pack = wanted_.size(); pack-- > 0;) {
    if (!wanted_[pack] || expanded_[pack]) continue;
    for (const auto& base : bases_of(staged_.tables, static_cast<std::uint32_t>(pack)))
      if (auto good = want(base.object, base.bytes); !good) return good;
  }
  return {};
}

Result<std::uint64_t> PackExpander::bytes_needed() {
  if (auto good = add_bases(); !good) return tl::unexpected(std::move(good.error()));
  std::uint64_t bytes = 0;
  for (const auto& object : staged_.tables.objects)
    if (wanted_[object.pack] && !expanded_[object.pack] && !place_for(object).empty()) bytes += object.bytes;
  return bytes;
}

Result<void> PackExpander::run() {
  if (auto good = add_bases(); !good) return good;
  std::uint64_t total = 0;
  for (std::size_t pack = 0; pack < wanted_.size(); ++pack)
    if (wanted_[pack] && !expanded_[pack]) total += staged_.tables.packs[pack].expanded_bytes;
  Progress progress("expanding", total);
  for (std::size_t pack = 0; pack < wanted_.size(); ++pack) {
    if (!wanted_[pack] || expanded_[pack]) continue;
    if (auto good = expand(static_cast<std::uint32_t>(pack), [&](std::uint64_t n) { progress.add(n); }); !good) return good;
    expanded_[pack] = true;
  }
  // The vendor may have given one archive two names.
  for (const auto& [hash, paths] : archives_)
    for (std::size_t i = 1; i < paths.size(); ++i)
      if (!exists(paths[i]) && ::link(paths[0].c_str(), paths[i].c_str()) != 0) throw_errno("link " + paths[0] + " to", paths[i]);
  return {};
}

Result<std::vector<const ObjectRecord*>> PackExpander::objects_in(std::uint32_t pack) const {
  const auto found = by_pack_.find(pack);
  std::vector<const ObjectRecord*> out = found == by_pack_.end() ? std::vector<const ObjectRecord*>() : found->second;
  // Empty objects first: they take no bytes, and may lie where another one begins.
  std::sort(out.begin(), out.end(),
            [](const auto* a, const auto* b) { return std::tie(a->offset, a->bytes) < std::tie(b->offset, b->bytes); });
  for (std::size_t i = 1; i < out.size(); ++i)
    if (out[i]->offset - out[i - 1]->offset < out[i - 1]->bytes)
      return refuse(RefusalKind::malformed, "two objects of a pack lie one upon the other", kSignedSo);
  return out;
}

std::string PackExpander::place_for(const ObjectRecord& object) const {
  if (const auto archive = archives_.find(object.hash); archive != archives_.end()) return archive->second.front();
  const RecipeRecord* recipe = find_recipe(staged_.tables, object.hash);
  if (recipe != nullptr && recipe->by == RebuildBy::verbatim) return "";  // want_archive() has not named it
  if (objects_.find(object.hash, object.bytes)) return "";
  return work_ + "/objects/" + to_hex(object.hash);
}

Result<Fd> PackExpander::prefix_of(std::uint32_t pack) const {
  Fd out = memory_file("the bases of a pack");
  for (const auto& base : bases_of(staged_.tables, pack)) {
    const auto path = objects_.find(base.object, base.bytes);
    if (!path) return not_here(base.object);
    copy_bytes(open_file(*path, O_RDONLY), out);  // together at most kMaxPrefix
  }
  return out;
}

Result<void> PackExpander::check_bases(std::uint32_t pack) const {
  for (const auto& base : bases_of(staged_.tables, pack)) {
    const std::string path = site_.object_path(base.object);
    if (!objects_.in_base(base.object, base.bytes) || hash_file(open_file(path, O_RDONLY)) == base.object) continue;
    return refuse(
        RefusalKind::damaged, "a content that the bundle builds on has changed on this disk: " + path,
        "is the disk failing? Take that file away; 'patchferry archives' puts it back if it is in arch/, and a bundle made by a "
        "new receipt, or with 'patchferry export --full', does if it is not");
  }
  return {};
}

Result<void> PackExpander::expand(std::uint32_t pack, const std::function<void(std::uint64_t)>& on_bytes) {
  const PackRecord& record = staged_.tables.packs[pack];
  const auto objects = objects_in(pack);
  if (!objects) return tl::unexpected(objects.error());
  std::vector<Cutter::Piece> pieces;
  for (const auto* object : *objects) pieces.push_back({object, place_for(*object)});
  const auto prefix = prefix_of(pack);
  if (!prefix) return tl::unexpected(prefix.error());

  const Fd payload = open_file(staged_.payload, O_RDONLY);
  CuttingThread cutting{Cutter(std::move(pieces))};
  Result<void> good;
  try {
    good = unpacker::expand_pack(record, payload, *prefix, size_of(*prefix), [&](ByteSpan part) {
      cutting.add(part);
      on_bytes(part.size());
    });
  } catch (const Unwanted&) {
  }
  if (auto cut = cutting.finish(); good) good = std::move(cut);
  // Whose fault it was: a base that has rotted gives wrong bytes as well.
  if (!good)
    if (auto bases = check_bases(pack); !bases) return bases;
  return good;
}

}  // namespace patchferry::importer
