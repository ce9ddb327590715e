// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/dissect.h"

#include <fcntl.h>
#include <utility>

#include "bundle-format/archive/content_keeper.h"

namespace patchferry {

namespace {

/// A content smaller than what naming it costs stays in the recipe.
constexpr std::uint64_t kSmallest = 96;

/// Keeps every file, and writes the recipe of the stream beside.
class Dissector : public ContentKeeper {
 public:
  Dissector(std::string folder, std::function<bool(const Digest&)> is_kept, LargeTurn& turn)
      : ContentKeeper(std::move(folder), std::move(is_kept)), turn_(turn) {}

  bool wants_stream() const override { return true; }
  void stream(ByteSpan part) override {
    if (gave_up_) return;
    writer_.stream(part);
    if (writer_.held() > told_) turn_.holds(writer_.held() - std::exchange(told_, writer_.held()));
    if (!writer_.is_too_large()) return;
    gave_up_ = true;
    writer_ = RecipeWriter();
  }
  void begin(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    ContentKeeper::begin(path, bytes, offset);
    files.push_back({path, {}, bytes});
    turn_.holds(path.text().size() + sizeof(Dissected::File));
    in_recipe_ = !gave_up_ && offset && bytes >= kSmallest && writer_.content(*offset, bytes);
  }
  void end(const Digest& hash) override {
    ContentKeeper::end(hash);
    files.back().content = hash;
    if (in_recipe_) writer_.hash(hash);
  }

  void holding(std::uint64_t bytes) override { turn_.holds(bytes); }

  /// Nullopt: too large.
  std::optional<Recipe> recipe() {
    if (gave_up_) return std::nullopt;
    return writer_.finish();
  }

  std::vector<Dissected::File> files;

 private:
  LargeTurn& turn_;
  RecipeWriter writer_;
  std::uint64_t told_ = 0;  // of what the writer holds
  bool gave_up_ = false;
  bool in_recipe_ = false;
};

}  // namespace

/// From what was seen of an archive to a recipe that is proven, or the reason why there is none.
class Prover {
 public:
  Prover(const ArchiveWork& work, const Fd& archive, const Digest& hash, OpenContent open)
      : work_(work), archive_(archive), hash_(hash), open_(std::move(open)) {}

  /// Nullopt: there is none, and why() says why. Refused: taking a second look, or making it again, showed more than that.
  Result<std::optional<ProvenRecipe>> prove(Recipe recipe, std::optional<Bytes> packing) {
    for (const bool again : {false, true}) {
      if (again) {
        auto careful = work_.careful_packing(archive_, {});
        if (!careful && is_attack(careful.error())) return tl::unexpected(std::move(careful.error()));
        packing = careful ? std::move(*careful) : std::nullopt;
      }
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
      Bytes text;
      if (recipe.literals.size() + recipe.packing.size() <= kMaxRecipe)
        text = encode_recipe(recipe);  // else it would be larger still
      if (text.empty() || text.size() > kMaxRecipe) {
        why_ = "its recipe would be too large";
        return std::nullopt;
      }
      const auto same = makes_the_archive(text);
      if (!same) return tl::unexpected(same.error());
      if (*same) return ProvenRecipe(std::move(text));
    }
    why_ = "making it again gave other bytes";
    return std::nullopt;
  }

  const std::string& why() const { return why_; }

 private:
  Result<bool> makes_the_archive(ByteSpan text) const {
    const auto recipe = decode_recipe(text);
    if (!recipe) return false;
    const auto made = rebuild_archive(work_, *recipe, open_, [](ByteSpan) {});
    if (!made && is_attack(made.error())) return tl::unexpected(made.error());
    return made && *made == hash_;
  }

  /// No mere sign that its compressor is unknown.
  static bool is_attack(const Refusal& refusal) {
    return refusal.kind == RefusalKind::unpacker_crashed || refusal.kind == RefusalKind::too_large;
  }

  const ArchiveWork& work_;
  const Fd& archive_;
  const Digest& hash_;
  OpenContent open_;
  std::string why_;
};

Result<Dissected> dissect(const ArchiveWork& work, const Fd& archive, const ArchiveName& name, const Digest& hash,
                          const ArchiveLimits& limits, const std::string& folder,
                          const std::function<std::string(const Digest&)>& path_of_kept, LargeTurn& turn, const OnRead& on_read) {
  std::optional<Bytes> packing;
  Dissector dissector(
      folder, [&](const Digest& content) { return exists(path_of_kept(content)); }, turn);
  auto contents = read_contents(work, archive, name, limits, dissector, on_read, &packing);
  if (!contents) return tl::unexpected(std::move(contents.error()));

  Dissected out;
  out.contents = std::move(*contents);
  out.files = std::move(dissector.files);
  auto recipe = dissector.recipe();
  if (packing) turn.holds(packing->size());
  if (name.compression != Compression::bzip2)
    out.why_none = "only bzip2 can be made again";
  else if (!recipe)
    out.why_none = "its recipe would be too large";
  if (!out.why_none.empty()) return out;

  const OpenContent open = [&](const Digest& content, std::uint64_t) -> Result<Fd> {
    const std::string fresh = folder + "/" + to_hex(content);
    return open_file(exists(fresh) ? fresh : path_of_kept(content), O_RDONLY);
  };
  Prover prover(work, archive, hash, open);
  auto proven = prover.prove(std::move(*recipe), std::move(packing));
  if (!proven) return tl::unexpected(std::move(proven.error()));
  out.recipe = std::move(*proven);
  out.why_none = prover.why();
  return out;
}

}  // namespace patchferry
