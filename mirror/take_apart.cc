// SPDX-License-Identifier: Apache-2.0
#include "mirror/take_apart.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "bundle-format/archive/archive_source.h"
#include "bundle-format/archive/content_keeper.h"
#include "bundle-format/archive/layout_profile.h"
#include "bundle-format/archive/rebuild.h"
#include "bundle-format/bzip2/unpacking.h"
#include "mirror/likeness.h"

namespace patchferry::mirror {

namespace {

/// A content smaller than what naming it costs stays in the recipe.
constexpr std::uint64_t kSmallest = 96;

/// Keeps every file, and writes the recipe of the stream beside.
class Dissector : public ContentKeeper {
 public:
  Dissector(const std::string& folder, const ContentStore& store)
      : ContentKeeper(folder, [&store](const Digest& hash) { return store.has(hash); }) {}

  struct File {
    RelPath path;
    Digest content{};
    std::uint64_t bytes = 0;
  };

  void stream(ByteSpan part) override {
    if (!gave_up_) writer_.stream(part);
    gave_up_ = gave_up_ || writer_.is_too_large();
  }
  void begin(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    ContentKeeper::begin(path, bytes, offset);
    files.push_back({path, {}, bytes});
    in_recipe_ = !gave_up_ && offset && bytes >= kSmallest && writer_.content(*offset, bytes);
  }
  void end(const Digest& hash) override {
    ContentKeeper::end(hash);
    files.back().content = hash;
    if (in_recipe_) writer_.hash(hash);
  }

  /// Nullopt: too large.
  std::optional<Recipe> recipe() {
    if (gave_up_) return std::nullopt;
    return writer_.finish();
  }

  std::vector<File> files;

 private:
  RecipeWriter writer_;
  bool gave_up_ = false;
  bool in_recipe_ = false;
};

std::vector<Member> members_of(const Dissector& found, const PatchsetContents& contents, const ArchiveName& name) {
  const Likeness likeness(name.patchset.product, contents);
  std::vector<Member> out;
  for (const auto& file : found.files) out.push_back({likeness.key(file.path), file.content, file.bytes});
  return out;
}

/// The packing with every block looked at, which tells what each encoder chose; nullopt if nobody knows.
std::optional<Bytes> careful_packing(const Fd& archive) {
  Bzip2Unpacker unpacker(archive, Care::every_block);
  for (;;) {
    const auto part = unpacker.next();
    if (!part) return std::nullopt;
    if (part->empty()) break;
  }
  Bytes packing = unpacker.packing();
  if (packing.empty()) return std::nullopt;
  return packing;
}

/// Making it again gives the very archive.
bool is_proven(const Recipe& recipe, const Digest& hash, const OpenContent& open) {
  const auto made = rebuild_archive(recipe, open, [](ByteSpan) {});
  return made && *made == hash;
}

/// Where a content is before it is taken in.
OpenContent opener(const std::string& folder, const ContentStore& store) {
  return [folder, &store](const Digest& hash, std::uint64_t) -> Result<Fd> {
    const std::string fresh = folder + "/" + to_hex(hash);
    return open_file(exists(fresh) ? fresh : store.path(hash), O_RDONLY);
  };
}

struct Proof {
  std::optional<Recipe> recipe;
  std::string why;
};

/// The recipe that was proven, or why there is none.
Proof prove(std::optional<Recipe> recipe, std::optional<Bytes> packing, const Fd& archive, const ArchiveName& name,
            const Digest& hash, const OpenContent& open) {
  if (name.compression != Compression::bzip2) return {std::nullopt, "only bzip2 can be made again"};
  if (!recipe || !packing) return {std::nullopt, "its recipe would be too large"};
  recipe->packing = std::move(*packing);
  if (!is_proven(*recipe, hash, open)) {
    packing = careful_packing(archive);
    if (!packing) return {std::nullopt, "nothing is known that compresses as its compressor did"};
    recipe->packing = std::move(*packing);
    if (!is_proven(*recipe, hash, open)) return {std::nullopt, "making it again gave other bytes"};
  }
  // Blocks of an unknown kind travel as they are: with many of them, nothing would be won.
  const std::uint64_t size = size_of(archive);
  if (recipe->packing.size() > size / 2) return {std::nullopt, "most of it is compressed in a way that is not known"};
  return {std::move(recipe), ""};
}

}  // namespace

Result<TakenApart> take_apart(const Fd& archive, const ArchiveName& name, const Digest& hash, const ArchiveLimits& limits,
                              const ContentStore& store, const std::function<void(std::uint64_t)>& on_read) {
  auto source = open_archive(archive, name.compression, on_read);
  if (!source) return tl::unexpected(std::move(source.error()));
  const std::string folder = store.fresh_spool("taking-apart");
  Dissector dissector(folder, store);
  auto contents = read_contents(**source, name, limits, dissector);
  if (!contents) return tl::unexpected(std::move(contents.error()));

  TakenApart out;
  out.members = members_of(dissector, *contents, name);
  out.contents = std::move(*contents);
  Proof proof = prove(dissector.recipe(), (*source)->packing(), archive, name, hash, opener(folder, store));
  out.travel.why = std::move(proof.why);
  if (proof.recipe) {
    const Bytes text = encode_recipe(*proof.recipe);
    out.travel.recipe = sha256(text);
    out.travel.recipe_bytes = text.size();
    const Fd file = open_file(folder + "/" + to_hex(*out.travel.recipe), O_WRONLY | O_CREAT | O_TRUNC, 0444);
    write_all(file, text);
  }
  store.take_in(folder);
  return out;
}

}  // namespace patchferry::mirror
