// SPDX-License-Identifier: Apache-2.0
#include "importer/expand.h"

#include <algorithm>
#include <fcntl.h>
#include <thread>
#include <tuple>
#include <unistd.h>

#include "bundle-format/packs/expand_pack.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/ordered_work.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr std::size_t kOnTheirWay = 4 << 20;  // bytes between the thread that expands and the one that hashes and writes
constexpr const char* kSignedSo = "it was signed so: the exporter must check its store, and make a fresh bundle";

/// Bytes that nobody wants any more: the one that hashes them has found something wrong.
struct Unwanted {};

/// Cuts a pack's bytes into objects, each written where it belongs once, and hashed.
class Cutter {
 public:
  struct Piece {
    const ObjectRecord* object;
    std::string path;  // "": passed over
  };
  explicit Cutter(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Result<void> add(ByteSpan bytes) {
    while (next_ < pieces_.size()) {
      const ObjectRecord& object = *pieces_[next_].object;
      if (at_ < object.offset) {  // what lies between objects
        const auto gap = static_cast<std::size_t>(std::min<std::uint64_t>(object.offset - at_, bytes.size()));
        at_ += gap;
        bytes = bytes.subspan(gap);
        if (at_ < object.offset) return {};
      }
      if (at_ == object.offset) begin();
      const auto part =
          bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(object.offset + object.bytes - at_, bytes.size())));
      if (file_.valid()) {
        hasher_.add(part);
        write_all(file_, part);
      }
      at_ += part.size();
      bytes = bytes.subspan(part.size());
      if (at_ < object.offset + object.bytes) return {};
      if (auto good = end(); !good) return good;
      ++next_;
    }
    at_ += bytes.size();
    return {};
  }

 private:
  void begin() {
    const Piece& piece = pieces_[next_];
    if (piece.path.empty()) return;
    hasher_ = Hasher();
    file_ = open_file(piece.path, O_WRONLY | O_CREAT | O_TRUNC, 0444);
  }

  Result<void> end() {
    if (!file_.valid()) return {};
    file_ = Fd();
    if (hasher_.finish() == pieces_[next_].object->hash) return {};
    return refuse(RefusalKind::damaged,
                  "object " + to_hex(pieces_[next_].object->hash) + " of the bundle has other bytes than its hash says",
                  kSignedSo);
  }

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  std::uint64_t at_ = 0;  // in the expanded pack
  Hasher hasher_;
  Fd file_;
};

/// Hashes and writes on another core, while the next bytes are expanded on this one.
class CuttingThread {
 public:
  explicit CuttingThread(Cutter cutter) : cutter_(std::move(cutter)), thread_([this] { run(); }) {}
  ~CuttingThread() {
    if (thread_.joinable()) {
      parts_.abandon();
      thread_.join();
    }
  }
  CuttingThread(const CuttingThread&) = delete;
  CuttingThread& operator=(const CuttingThread&) = delete;

  void add(ByteSpan part) {
    if (!parts_.push(Bytes(part.begin(), part.end()))) throw Unwanted();
  }
  /// All of it has been added, or nothing more will be. Throws what writing threw.
  Result<void> finish() {
    parts_.close();
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(good_);
  }

 private:
  void run() {
    try {
      // An empty part lets empty objects at the very beginning, or in a pack of nothing, be made.
      good_ = cutter_.add({});
      while (good_) {
        const auto part = parts_.pop();
        if (!part) return;
        good_ = cutter_.add(*part);
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
    parts_.abandon();
  }

  PartQueue parts_{kOnTheirWay};
  Cutter cutter_;
  Result<void> good_;
  std::exception_ptr failure_;
  std::thread thread_;
};

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

Result<Bytes> PackExpander::prefix_of(std::uint32_t pack) const {
  Bytes out;
  for (const auto& base : bases_of(staged_.tables, pack)) {
    const auto path = objects_.find(base.object, base.bytes);
    if (!path) return not_here(base.object);
    const std::size_t begin = out.size();
    out.resize(begin + static_cast<std::size_t>(base.bytes));  // together at most kMaxPrefix
    read_exactly(open_file(*path, O_RDONLY), 0, std::span(out).subspan(begin));
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
  const auto stored = [&](std::uint64_t offset, std::span<std::byte> out) {
    read_exactly(payload, record.payload_offset + offset, out);
  };
  CuttingThread cutting{Cutter(std::move(pieces))};
  Result<void> good;
  try {
    good = expand_pack(record, stored, *prefix, [&](ByteSpan part) {
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
