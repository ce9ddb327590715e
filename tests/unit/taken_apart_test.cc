// SPDX-License-Identifier: Apache-2.0
// The golden vector of a bundle whose archives travel taken apart (SPEC.md "Vectors"): made once, on demand, since another
// zstd compresses otherwise; always read, expanded, put together again and compared. tests/second-reader reads it as well.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <set>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/archive/recipe.h"
#include "bundle-format/bzip2/block_edges.h"
#include "bundle-format/bzip2/choices.h"
#include "bundle-format/bzip2/packing_code.h"
#include "bundle-format/packs/compress_pack.h"
#include "bundle-format/packs/expand_pack.h"
#include "bundle-format/receipt.h"
#include "tests/unit/bzip2_files.h"
#include "tests/unit/small_bundle.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kVector = PATCHFERRY_SOURCE_DIR "/tests/vectors/taken-apart";
const std::string kSite = PATCHFERRY_SOURCE_DIR "/tests/vectors/taken-apart-site";

using Contents = std::map<Digest, Bytes>;

// --- Making it -------------------------------------------------------------------------------------------------------

/// An archive of one patchset, and what makes it again.
struct MadeArchive {
  std::string name;
  Bytes tar;
  std::vector<Bytes> contents;
  Bytes file;
  Recipe recipe;
};

/// A tar stream of these contents, and its recipe, which has no packing yet.
MadeArchive archive_of(const std::string& name, std::vector<Bytes> contents) {
  MadeArchive out{name, {}, std::move(contents), {}, {}};
  TarBuilder tar;
  tar.folder("livepatch").file("livepatch/notes", "shorter than what a recipe names");
  std::vector<std::uint64_t> offsets;
  for (std::size_t i = 0; i < out.contents.size(); ++i) {
    offsets.push_back(tar.unfinished().size() + 512);
    tar.file("livepatch/" + std::to_string(i) + ".ko", as_text(out.contents[i]));
  }
  out.tar = tar.finish();
  RecipeWriter writer;
  writer.stream(out.tar);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    REQUIRE(writer.content(offsets[i], out.contents[i].size()));
    writer.hash(sha256(out.contents[i]));
  }
  out.recipe = writer.finish();
  return out;
}

/// With the packing that the reader of archives finds out.
MadeArchive found_out(MadeArchive archive, Bytes file) {
  const Unpacked off = unpacked(file, Care::every_block);
  REQUIRE(off.refused.empty());
  REQUIRE(off.plain == archive.tar);
  archive.recipe.packing = off.packing;
  archive.file = std::move(file);
  return archive;
}

/// A stream that no program makes: a block of each kind, and something in the bits behind the end.
MadeArchive by_hand(MadeArchive archive) {
  using namespace bzip2;
  for (unsigned shift = 0; shift < 8; ++shift) {
    Bytes blocks;
    std::size_t at = 0;
    const std::vector<BlockKind> kinds = {BlockKind::libbz2, BlockKind::short_runs, BlockKind::as_it_was, BlockKind::long_runs};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const std::size_t end = i + 1 == kinds.size() ? archive.tar.size() : (i + 1) * (archive.tar.size() / 4) + shift;
      const Bytes plain(archive.tar.begin() + static_cast<std::ptrdiff_t>(at),
                        archive.tar.begin() + static_cast<std::ptrdiff_t>(end));
      at = end;
      // The block is what lies between the stream's header and its end magic and CRC.
      const Bytes stream = bzip2_at_once(plain, 1);
      const ByteSpan bits = ByteSpan(stream).subspan(4);
      BlockRow row{.kind = kinds[i], .plain = plain.size()};
      const auto choice = choice_of(bits);
      REQUIRE(choice);
      Bytes as_it_was;
      if (row.kind == BlockKind::as_it_was) {
        std::uint64_t end_bit = bits.size() * 8;
        for (;; --end_bit) {
          BitReader reader(bits, end_bit - kMagicBits - kCrcBits);
          if (reader.get(kMagicBits) == kEndMagic) break;
        }
        BitWriter writer;
        row.bit_count = end_bit - kMagicBits - kCrcBits - kMagicBits;
        writer.put_bits(bits, kMagicBits, row.bit_count);
        as_it_was = writer.finish();
        row.bits = as_it_was;
      } else if (row.kind != BlockKind::libbz2) {
        row.bits = choice->bytes;
        row.bit_count = choice->bits;
      }
      PackingWriter::add_block(blocks, row);
    }
    PackingWriter writer;
    writer.other_stream(1, kinds.size(), blocks, 1);
    writer.literal(as_bytes("behind the stream"));
    archive.recipe.packing = writer.encoded();
    Packed made = packed_again(archive.recipe.packing, archive.tar);
    if (!made.refused.empty()) continue;  // it ends with a whole byte: no room for padding
    REQUIRE(unpacked(made.file).plain == archive.tar);
    archive.file = std::move(made.file);
    return archive;
  }
  FAIL("no stream by hand");
  return archive;
}

/// One of level 1 whose last byte is the one that fills the block, made at once.
MadeArchive just_full(const std::string& name) {
  for (const std::size_t size : {99588U, 99845U, 100100U})
    for (std::size_t run = 0; run < 256; ++run) {
      Bytes content = repeated("full ", size);
      std::fill_n(content.begin() + 1000, run, std::byte{'f'});
      MadeArchive archive = archive_of(name, {content});
      bzip2::BlockEdges edges(1);
      if (edges.take(archive.tar) + 1 != archive.tar.size()) continue;
      Bytes file = bzip2_at_once(archive.tar, 1);
      return found_out(std::move(archive), std::move(file));
    }
  FAIL("no archive that just fills a block");
  return {};
}

Bytes operator+(const Bytes& a, const Bytes& b) { return joined(a, b); }
Bytes part(const Bytes& of, std::size_t from, std::size_t bytes) {
  const auto first = of.begin() + static_cast<std::ptrdiff_t>(from);
  return {first, first + static_cast<std::ptrdiff_t>(bytes)};
}

Bytes at_site() { return words(3000, 1); }

/// Oldest first; the last travels as it is.
std::vector<MadeArchive> make_archives() {
  const Bytes first = words(2500, 2);
  std::vector<MadeArchive> out;
  MadeArchive one = archive_of("K20260105_01.tar.bz2", {first});
  Bytes file = bzip2_in_pieces(one.tar, 9, 5000);
  out.push_back(found_out(std::move(one), std::move(file)));

  MadeArchive several = archive_of("K20260112_01.tar.bz2",
                                   {part(first, 0, 1700) + words(300, 3) + part(first, 1700, 800), part(at_site(), 200, 2500)});
  const Bytes t = several.tar;
  file = bzip2_in_pieces(part(t, 0, 2000), 9, 5000) + bzip2_in_pieces(part(t, 2000, 2000), 9, 5000) +
         bzip2_in_pieces(part(t, 4000, t.size() - 4000), 5, 5000) + bzip2_in_pieces({}, 9, 1);
  out.push_back(found_out(std::move(several), std::move(file)));

  MadeArchive other = archive_of("U20260119_01.tar.bz2", {words(3000, 4) + repeated("x", 1000), first, at_site()});
  file = made_by("lbzip2 -n1 -c {in} > {out}", other.tar);
  out.push_back(found_out(std::move(other), std::move(file)));

  out.push_back(by_hand(archive_of("U20260120_01-db.tar.bz2", {part(at_site(), 0, 1000) + repeated("y", 600) + words(1500, 5)})));
  out.push_back(just_full("K20260126_01.tar.bz2"));

  MadeArchive whole = archive_of("K20260127_01.tgz", {words(400, 6)});
  whole.file = made_by("gzip -nc {in} > {out}", whole.tar);  // libarchive's says when it was made
  out.push_back(std::move(whole));
  return out;
}

class PackInTheMaking {
 public:
  PackInTheMaking(Tables& tables, const TempFolder& files) : tables_(tables), files_(files) {}
  void object(const Bytes& content) {
    const Digest hash = sha256(content);
    if (!seen_.insert(hash).second) return;
    tables_.objects.push_back({hash, content.size(), static_cast<std::uint32_t>(tables_.packs.size()), plain_.size()});
    plain_ = plain_ + content;
  }
  void end(Codec codec, const std::vector<Bytes>& bases, PayloadSource& payload) {
    const auto index = static_cast<std::uint32_t>(tables_.packs.size());
    const std::string path = files_ / ("pack" + std::to_string(index));
    Bytes prefix;
    for (const auto& base : bases) {
      prefix = prefix + base;
      tables_.bases.push_back({index, sha256(base), base.size()});
    }
    std::uint64_t stored = plain_.size();
    if (codec == Codec::zstd) {
      const Fd file = open_file(path, O_RDWR | O_CREAT, 0600);
      PackWriter writer(Effort::max, prefix, plain_.size(), file);
      writer.add(plain_);
      stored = writer.finish();
    } else {
      spit(path, plain_);
    }
    tables_.packs.push_back({codec, payload.bytes(), stored, plain_.size()});
    payload.append(path, 0, stored);
    plain_.clear();
  }

 private:
  Tables& tables_;
  const TempFolder& files_;
  Bytes plain_;
  std::set<Digest> seen_;
};

void write_vector() {
  const TempFolder files;
  const std::vector<MadeArchive> archives = make_archives();
  const SigningKey key = test_key(1);
  Draft draft;
  Bytes root = encode_root(single_key_root(key.public_key()));
  const Signature signature = key.sign(DocumentType::root, root);
  draft.root_chain = {{root, {{id_of(key.public_key()), Bytes(signature.begin(), signature.end())}}}};
  Statement& s = draft.statement;
  s.trust_domain = sha256(root);
  s.audience = audience_of("plant1");
  s.stream.bytes.fill(std::byte{0x51});
  s.sequence = 9;
  s.created = 1767607200;
  s.bundle.bytes.fill(std::byte{0xba});
  Manifest& m = draft.manifest;
  m.site = "plant1";
  m.sequence = s.sequence;
  m.needs = {{"K20251201_01", sha256(as_bytes("an archive that bundle 8 brings")), 8}};
  std::vector<ReceiptPatchset> state = {{m.needs[0].name, m.needs[0].archive}};
  s.state_before = state_of(state);
  for (const auto& archive : archives) {
    ManifestPatchset p;
    p.name = *parse_archive_name(archive.name);
    p.archive = sha256(archive.file);
    p.archive_bytes = archive.file.size();
    p.expanded_bytes = archive.tar.size();
    p.first_seen = 1767607200;
    state.push_back({p.name.patchset.text, p.archive});
    s.expanded_bytes += p.archive_bytes + 2 * p.expanded_bytes;
    m.patchsets.push_back(std::move(p));
  }
  std::sort(m.patchsets.begin(), m.patchsets.end(),
            [](const auto& a, const auto& b) { return a.name.patchset < b.name.patchset; });
  s.state_after = state_of(std::move(state));

  Tables& tables = draft.tables;
  PackInTheMaking pack(tables, files);
  pack.object(archives[0].contents[0]);
  pack.object(archives[4].contents[0]);
  pack.end(Codec::zstd, {}, draft.payload);
  for (const auto& archive : archives) {
    const bool is_last = &archive == &archives.back();
    const Bytes recipe = is_last ? archive.file : encode_recipe(archive.recipe);
    tables.recipes.push_back(
        {sha256(archive.file), sha256(recipe), is_last ? RebuildBy::verbatim : RebuildBy::recipe, archive.file.size()});
    if (is_last) pack.end(Codec::zstd, {at_site(), archives[0].contents[0]}, draft.payload);
    pack.object(recipe);
    for (const auto& content : archive.contents)
      if (!is_last && content != at_site()) pack.object(content);
  }
  pack.end(Codec::stored, {}, draft.payload);
  std::sort(tables.objects.begin(), tables.objects.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  std::sort(tables.recipes.begin(), tables.recipes.end(), [](const auto& a, const auto& b) { return a.archive < b.archive; });

  auto layout = lay_out(std::move(draft), 0);
  REQUIRE(layout);
  const Signature one = key.sign(DocumentType::bundle, encode_statement(layout->statement));
  SignedBundle bundle{std::move(*layout), encode_envelope({{id_of(key.public_key()), Bytes(one.begin(), one.end())}})};
  remove_tree(kVector);
  make_folder(kVector);
  write_volumes(bundle, kVector);
  remove_tree(kSite);
  make_folder(kSite);
  spit(kSite + "/" + to_hex(sha256(at_site())), at_site());
}

// --- Reading it ------------------------------------------------------------------------------------------------------

class Everything : public BodySink {
 public:
  void tables_part(ByteSpan bytes) override { tables = joined(tables, bytes); }
  void tables_good() override { good = true; }
  void block(std::uint32_t, std::uint64_t, ByteSpan bytes) override { payload = joined(payload, bytes); }
  Bytes tables;
  Bytes payload;
  bool good = false;
};

struct ReadVector {
  Manifest manifest;
  Bytes table_text;
  Tables tables;
  Contents contents;  // the site's and the bundle's
};

ReadVector read_vector() {
  Findings findings;
  auto bundle = examine(open_media({kVector}, findings), Judge{trust_in(1)}, findings);
  REQUIRE(bundle);
  Everything body;
  REQUIRE(read_bodies(*bundle, body, findings));
  REQUIRE(findings.empty());
  REQUIRE(body.good);
  const Manifest& m = *bundle->manifest();
  ReadVector out{m, body.tables, {}, {}};
  const ByteSpan all(out.table_text);
  const auto tables = decode_tables({all.first(m.objects_bytes), all.subspan(m.objects_bytes, m.recipes_bytes),
                                     all.subspan(m.objects_bytes + m.recipes_bytes, m.packs_bytes), all.last(m.bases_bytes)},
                                    body.payload.size(), bundle->statement().expanded_bytes);
  REQUIRE(tables);
  out.tables = *tables;
  for (const auto& name : folder_entries(kSite)) {
    const Bytes content = slurp(kSite + "/" + name);
    CHECK(to_hex(sha256(content)) == name);
    out.contents[sha256(content)] = content;
  }
  for (std::uint32_t i = 0; i < tables->packs.size(); ++i) {
    const PackRecord& pack = tables->packs[i];
    Bytes prefix;
    for (const auto& base : bases_of(*tables, i)) {
      REQUIRE(out.contents.contains(base.object));
      prefix = joined(prefix, out.contents[base.object]);
    }
    Bytes plain;
    REQUIRE(expand_pack(
        pack,
        [&](std::uint64_t at, std::span<std::byte> into) {
          std::copy_n(body.payload.begin() + static_cast<std::ptrdiff_t>(pack.payload_offset + at), into.size(), into.begin());
        },
        prefix, [&](ByteSpan bytes) { plain = joined(plain, bytes); }));
    for (const auto& object : tables->objects) {
      if (object.pack != i) continue;
      const Bytes content = part(plain, object.offset, object.bytes);
      REQUIRE(sha256(content) == object.hash);
      out.contents[object.hash] = content;
    }
  }
  return out;
}

Recipe recipe_in(const ReadVector& read, const RecipeRecord& record) {
  auto recipe = decode_recipe(read.contents.at(record.recipe));
  REQUIRE(recipe);
  return *recipe;
}

}  // namespace

TEST_CASE("the golden vector of archives that travel taken apart: each is put together again, byte for byte") {
  if (std::getenv("PATCHFERRY_WRITE_VECTORS") != nullptr) write_vector();
  const ReadVector read = read_vector();
  CHECK(memory_needed(read.tables) == read.manifest.memory);
  REQUIRE(read.manifest.patchsets.size() == 6);
  const OpenContent open = [&](const Digest& hash, std::uint64_t bytes) -> Result<Fd> {
    const auto found = read.contents.find(hash);
    if (found == read.contents.end() || found->second.size() != bytes) return refuse(RefusalKind::incomplete, "not here");
    return memory_file(found->second);
  };
  for (const auto& patchset : read.manifest.patchsets) {
    INFO(patchset.name.patchset.text);
    const RecipeRecord* record = find_recipe(read.tables, patchset.archive);
    REQUIRE(record != nullptr);
    CHECK(record->archive_bytes == patchset.archive_bytes);
    if (record->by == RebuildBy::verbatim) continue;  // an object, so its hash was compared
    const Recipe recipe = recipe_in(read, *record);
    CHECK(recipe.stream_bytes() == patchset.expanded_bytes);
    std::uint64_t bytes = 0;
    const auto rebuilt =
        rebuild_archive(plain_archive_work(), recipe, open, [&](ByteSpan bytes_of) { bytes += bytes_of.size(); });
    REQUIRE(rebuilt);
    CHECK(*rebuilt == patchset.archive);
    CHECK(bytes == patchset.archive_bytes);
  }
}

TEST_CASE("the golden vector of archives taken apart has a row and a block of every kind, and bases of both kinds") {
  const ReadVector read = read_vector();
  std::set<std::string> seen;
  for (const auto& record : read.tables.recipes) {
    if (record.by == RebuildBy::verbatim) {
      seen.insert("verbatim");
      continue;
    }
    const Recipe recipe = recipe_in(read, record);
    for (const auto& content : recipe.contents)
      seen.insert(find_object(read.tables, content) != nullptr ? "content of the bundle" : "content of the site");
    bzip2::PackingReader reader(recipe.packing);
    for (;;) {
      const auto row = reader.next();
      REQUIRE(row);
      if (!*row) break;
      switch ((*row)->kind) {
        case bzip2::Row::Kind::libbz2_streams:
          seen.insert((*row)->at_once ? "at once" : (*row)->count > 1 ? "several alike" : "in pieces");
          if ((*row)->plain == 0) seen.insert("empty stream");
          break;
        case bzip2::Row::Kind::literal: seen.insert("bytes behind"); break;
        case bzip2::Row::Kind::other_stream:
          for (std::uint64_t i = 0; i < (*row)->count; ++i) {
            const auto block = reader.next_block();
            REQUIRE(block);
            seen.insert("block " + std::to_string(static_cast<unsigned>(block->kind)));
          }
          const auto padding = reader.padding();
          REQUIRE(padding);
          if (*padding != 0) seen.insert("padding");
          break;
      }
    }
  }
  for (const auto& base : read.tables.bases)
    seen.insert(find_object(read.tables, base.object) != nullptr ? "base of the bundle" : "base of the site");
  for (const auto& pack : read.tables.packs) seen.insert(pack.codec == Codec::zstd ? "zstd" : "stored");
  CHECK(seen == std::set<std::string>{"verbatim", "at once", "several alike", "in pieces", "empty stream", "bytes behind",
                                      "block 1", "block 2", "block 3", "block 4", "padding", "base of the bundle",
                                      "base of the site", "content of the bundle", "content of the site", "zstd", "stored"});
}
