// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/dissect.h"

#include <fcntl.h>

#include "bundle-format/archive/archive_source.h"
#include "bundle-format/archive/content_keeper.h"
#include "bundle-format/archive/rebuild.h"
#include "bundle-format/bzip2/unpacking.h"

namespace patchferry {

namespace {

/// A content smaller than what naming it costs stays in the recipe.
constexpr std::uint64_t kSmallest = 96;

/// Keeps every file, and writes the recipe of the stream beside.
class Dissector : public ContentKeeper {
 public:
  using ContentKeeper::ContentKeeper;

  void stream(ByteSpan part) override {
    if (gave_up_) return;
    writer_.stream(part);
    if (!writer_.is_too_large()) return;
    gave_up_ = true;
    writer_ = RecipeWriter();
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

  std::vector<Dissected::File> files;

 private:
  RecipeWriter writer_;
  bool gave_up_ = false;
  bool in_recipe_ = false;
};

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

}  // namespace

/// From what was seen of an archive to a recipe that is proven, or the reason why there is none.
class Prover {
 public:
  Prover(const Fd& archive, const Digest& hash, OpenContent open) : archive_(archive), hash_(hash), open_(std::move(open)) {}

  std::optional<ProvenRecipe> prove(Recipe recipe, std::optional<Bytes> packing) {
    for (const bool again : {false, true}) {
      if (again) packing = careful_packing(archive_);
      if (!packing) {
        why_ = "nothing is known that compresses as its compressor did";
        return std::nullopt;
      }
      // Blocks of an unknown kind travel as they are: with many of them, nothing would be won.
      if (packing->size() > size_of(archive_) / 2 && again) {
        why_ = "most of it is compressed in a way that is not known";
        return std::nullopt;
      }
      recipe.packing = std::move(*packing);
      Bytes text = encode_recipe(recipe);
      if (text.size() > kMaxRecipe) {
        why_ = "its recipe would be too large";
        return std::nullopt;
      }
      if (makes_the_archive(text)) return ProvenRecipe(std::move(text));
    }
    why_ = "making it again gave other bytes";
    return std::nullopt;
  }

  const std::string& why() const { return why_; }

 private:
  bool makes_the_archive(ByteSpan text) const {
    const auto recipe = decode_recipe(text);
    if (!recipe) return false;
    const auto made = rebuild_archive(*recipe, open_, [](ByteSpan) {});
    return made && *made == hash_;
  }

  const Fd& archive_;
  const Digest& hash_;
  OpenContent open_;
  std::string why_;
};

Result<Dissected> dissect(const Fd& archive, const ArchiveName& name, const Digest& hash, const ArchiveLimits& limits,
                          const std::string& folder, const std::function<std::string(const Digest&)>& path_of_kept,
                          const std::function<void(std::uint64_t)>& on_read) {
  auto source = open_archive(archive, name.compression, on_read);
  if (!source) return tl::unexpected(std::move(source.error()));
  Dissector dissector(folder, [&](const Digest& content) { return exists(path_of_kept(content)); });
  auto contents = read_contents(**source, name, limits, dissector);
  if (!contents) return tl::unexpected(std::move(contents.error()));

  Dissected out;
  out.contents = std::move(*contents);
  out.files = std::move(dissector.files);
  auto recipe = dissector.recipe();
  if (name.compression != Compression::bzip2)
    out.why_none = "only bzip2 can be made again";
  else if (!recipe)
    out.why_none = "its recipe would be too large";
  if (!out.why_none.empty()) return out;

  const OpenContent open = [&](const Digest& content, std::uint64_t) -> Result<Fd> {
    const std::string fresh = folder + "/" + to_hex(content);
    return open_file(exists(fresh) ? fresh : path_of_kept(content), O_RDONLY);
  };
  Prover prover(archive, hash, open);
  out.recipe = prover.prove(std::move(*recipe), (*source)->packing());
  out.why_none = prover.why();
  return out;
}

}  // namespace patchferry
