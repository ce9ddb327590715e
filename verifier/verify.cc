// SPDX-License-Identifier: Apache-2.0
#include "verifier/verify.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <unistd.h>

#include "bundle-format/readme.h"
#include "system/rel_path.h"

namespace patchferry {

namespace {

constexpr const char* kFreshCopy = "do not use this copy; bring a fresh one from the exporter";

/// The metadata region of one volume, in private memory.
struct Metadata {
  Preamble preamble;
  Bytes bytes;  // the whole region

  ByteSpan part(std::size_t offset, std::size_t size) const { return ByteSpan(bytes).subspan(offset, size); }
  ByteSpan envelope() const { return part(kPreambleSize, preamble.envelope_bytes); }
  ByteSpan statement() const { return part(kPreambleSize + preamble.envelope_bytes, kStatementSize); }
  ByteSpan root_chain() const {
    return part(kPreambleSize + preamble.envelope_bytes + kStatementSize, preamble.root_chain_bytes);
  }
  ByteSpan volume_table() const {
    return part(bytes.size() - preamble.leaves_bytes - preamble.volume_table_bytes, preamble.volume_table_bytes);
  }
  ByteSpan leaves() const { return part(bytes.size() - preamble.leaves_bytes, preamble.leaves_bytes); }
};

/// Steps 1 and 2: lengths first, then one read into private memory.
Result<Metadata> read_metadata(const MediumVolume& volume) {
  Metadata out;
  out.bytes.resize(kPreambleSize);
  if (read_up_to(volume.file, std::span(out.bytes)) != kPreambleSize)
    return refuse(RefusalKind::cut, "it is shorter than the first bytes of a volume", kFreshCopy);
  auto preamble = decode_preamble(out.bytes);
  if (!preamble) return tl::unexpected(std::move(preamble.error()));
  out.preamble = *preamble;
  const std::uint64_t needed = out.preamble.metadata_bytes();
  if (volume.sized && size_of(volume.file) < needed)
    return refuse(RefusalKind::cut, "it ends within its description", kFreshCopy);
  out.bytes.resize(static_cast<std::size_t>(needed));
  if (read_up_to(volume.file, std::span(out.bytes).subspan(kPreambleSize)) != needed - kPreambleSize)
    return refuse(RefusalKind::cut, "it ends within its description", kFreshCopy);
  return out;
}

}  // namespace

/// One run of examine(): volume by volume, then what only all of them together can tell.
class Verification {
 public:
  Verification(const Judge& judge, Findings& findings, bool believe_anything)
      : judge_(judge), findings_(findings), believe_anything_(believe_anything) {}

  std::optional<ExaminedBundle> run(Medium medium) {
    for (auto& volume : medium.volumes) take(std::move(volume));
    if (!have_) return std::nullopt;
    if (bundle_.manifest_ || bundle_.statement_.is_encrypted())
      for (const auto& readme : medium.readmes)
        if (readme.text != readme_text(bundle_.manifest_ ? bundle_.manifest_->site : "", bundle_.statement_))
          add(refuse(RefusalKind::altered_readme, "it is not the text that the signed bundle gives",
                     "somebody has edited it; believe nothing that it says"),
              readme.path);
    return std::move(bundle_);
  }

  const RootDocument& first_root() const { return first_root_; }

 private:
  void add(tl::unexpected<Refusal> refusal, const std::string& where) {
    findings_.push_back(std::move(refusal.value()).in(where));
  }

  void take(MediumVolume volume) {
    const std::string where = volume.file.path();
    auto metadata = read_metadata(volume);
    if (!metadata) return add(tl::unexpected(std::move(metadata.error())), where);
    if (auto good = judge_volume(*metadata, volume); !good) add(tl::unexpected(std::move(good.error())), where);
  }

  /// Steps 3 to 7 for one volume; keeps its body for later if all is well.
  Result<void> judge_volume(const Metadata& metadata, MediumVolume& volume) {
    auto chain = decode_root_chain(metadata.root_chain());
    if (!chain) return tl::unexpected(std::move(chain.error()));
    auto root = walk(*chain);
    if (!root) return tl::unexpected(std::move(root.error()));
    auto envelope = decode_envelope(metadata.envelope());
    if (!envelope) return tl::unexpected(std::move(envelope.error()));
    if (auto good = check_signatures(*root, Role::release, DocumentType::bundle, metadata.statement(), *envelope); !good) {
      if (!judge_.partly_signed || good.error().kind != RefusalKind::threshold) return tl::unexpected(std::move(good.error()));
      add(tl::unexpected(std::move(good.error())), volume.file.path());  // and the rest is still worth judging
    }
    auto statement = decode_statement(metadata.statement());
    if (!statement) return tl::unexpected(std::move(statement.error()));
    const Statement& s = *statement;
    if (s.trust_domain != sha256(chain->front().document) || s.root_version != root->version || s.epoch != root->epoch)
      return refuse(RefusalKind::bad_root, "it carries other root documents than it was signed under", kFreshCopy);
    if (kFormatVersion < root->lowest_format)
      return refuse(RefusalKind::old_format,
                    fmt::format("it is written in format {}, and the root documents accept none older than {}", kFormatVersion,
                                root->lowest_format),
                    "ask for a bundle made by a newer patchferry; this side may need the newer one as well");

    const Digest hash = sha256(metadata.statement());
    if (have_ && hash != bundle_.statement_hash_)
      return refuse(RefusalKind::foreign_volume,
                    fmt::format("it is volume {} of another bundle (sequence {}, not {})", metadata.preamble.volume, s.sequence,
                                bundle_.statement_.sequence),
                    "give the volumes of one bundle at a time");
    if (!have_) {
      if (auto good = take_bundle(s, hash, std::move(*root), std::move(*chain), std::move(*envelope)); !good) return good;
    }
    return judge_place(metadata, volume, s);
  }

  /// The first statement that passes is the bundle's, whatever is wrong with the volume that brought it.
  Result<void> take_bundle(const Statement& s, const Digest& hash, RootDocument root, std::vector<SignedRoot> chain,
                           Envelope envelope) {
    bundle_.statement_ = s;
    bundle_.statement_hash_ = hash;
    bundle_.root_ = std::move(root);
    bundle_.root_chain_ = std::move(chain);
    bundle_.envelope_ = std::move(envelope);
    bundle_.judged_by_ledger_ = judge_.ledger != nullptr;
    have_ = true;
    if (judge_.ledger != nullptr)
      for (auto& refusal : check_ledger(s, hash, *judge_.ledger)) add(tl::unexpected(std::move(refusal)), kWholeBundle);
    if (s.is_encrypted() && judge_.key != nullptr) {
      bundle_.content_key_ = judge_.key->open(*s.sealed_key);
      if (!bundle_.content_key_)
        add(refuse(RefusalKind::wrong_key, "it is encrypted to another key than this site's",
                   "ask for one made with '--encrypt-to' and the site.pub that lies in this base"),
            kWholeBundle);
    }
    return {};
  }

  /// Step 7: what the statement binds by hash, and the volume's place and size.
  Result<void> judge_place(const Metadata& metadata, MediumVolume& volume, const Statement& s) {
    const std::uint32_t number = metadata.preamble.volume;
    if (number > s.volumes)
      return refuse(RefusalKind::damaged, "it gives a volume number that the bundle does not have", kFreshCopy);
    if (sha256(metadata.volume_table()) != s.volume_table_hash)
      return refuse(RefusalKind::damaged, "its volume table is damaged", kFreshCopy);
    auto table = decode_volume_table(metadata.volume_table(), s);
    if (!table) return tl::unexpected(std::move(table.error()));
    const VolumeRecord& record = (*table)[number - 1];
    if (metadata.preamble.leaves_bytes != blocks_of(record.payload_bytes, s.block_log2) * 32 ||
        hash_leaves(s.bundle, number, metadata.leaves()) != record.leaves_hash)
      return refuse(RefusalKind::damaged, "its list of block hashes is damaged, or it is not the volume that it says",
                    kFreshCopy);
    if (bundle_.volumes_.count(number) != 0)
      return refuse(RefusalKind::repeated_volume, fmt::format("volume {} is here twice", number),
                    "take one of the two copies away");
    if (bundle_.table_.empty()) bundle_.table_ = *table;
    const std::uint64_t expected = volume_file_bytes(metadata.preamble, s, record);
    const std::uint64_t size = volume.sized ? size_of(volume.file) : expected;
    if (size < expected) {
      // What there is of it is still worth judging: it may be damaged as well.
      add(refuse(RefusalKind::cut, fmt::format("it ends after {} of {} bytes", size, expected), kFreshCopy), volume.file.path());
      present_but_bad(number, volume);
      return {};
    }
    if (size > expected)
      add(refuse(RefusalKind::extended, fmt::format("it has {} bytes more than were signed", size - expected), kFreshCopy),
          volume.file.path());
    if (carries_manifest(number, s.volumes))
      if (auto good = take_manifest(volume.file); !good) {
        present_but_bad(number, volume);
        return good;
      }
    bundle_.volumes_[number] = {std::move(volume.file),
                                believe_anything_ ? Bytes() : Bytes(metadata.leaves().begin(), metadata.leaves().end()),
                                volume.sized};
    return {};
  }

  /// The volume counts as here, so that it is not reported missing as well; its body is not read.
  void present_but_bad(std::uint32_t number, MediumVolume& volume) {
    bundle_.volumes_[number] = {Fd(-1, volume.file.path()), {}, volume.sized};
  }

  Result<void> take_manifest(const Fd& file) {
    std::string text(static_cast<std::size_t>(bundle_.statement_.manifest_bytes), '\0');
    if (read_up_to(file, std::as_writable_bytes(std::span(text))) != text.size())
      return refuse(RefusalKind::cut, "it ends within its manifest", kFreshCopy);
    return bundle_.supply_manifest(std::move(text));
  }

  Result<RootDocument> walk(const std::vector<SignedRoot>& chain) {
    if (chain.front().document.empty()) return refuse(RefusalKind::malformed, "its root chain is empty");
    const Digest first = sha256(chain.front().document);
    const TrustAnchor* anchor = judge_.anchors.find(first);
    auto root = walk_root_chain(chain, anchor != nullptr || believe_anything_ ? first : Digest{});
    if (root && anchor != nullptr)
      if (auto good = check_progress(*anchor, chain); !good) return tl::unexpected(std::move(good.error()));
    if (root && believe_anything_) {
      auto document = decode_root(chain.front().document);
      if (document) first_root_ = *document;
    }
    return root;
  }

  const Judge& judge_;
  Findings& findings_;
  bool believe_anything_;
  bool have_ = false;
  ExaminedBundle bundle_;
  RootDocument first_root_;
};

Result<void> ExaminedBundle::supply_manifest(std::string text) {
  if (text.size() != statement_.manifest_bytes || sha256(as_bytes(text)) != statement_.manifest_hash)
    return refuse(RefusalKind::damaged, "its manifest is damaged", kFreshCopy);
  if (!manifest_text_.empty()) return {};
  manifest_text_ = std::move(text);
  if (statement_.is_encrypted() && !content_key_) return {};
  std::optional<Bytes> plain;
  if (content_key_) {
    plain = decrypt_chunk(*content_key_, {ChunkPlace::Part::manifest, 0, 0}, as_bytes(manifest_text_));
    if (!plain) return refuse(RefusalKind::malformed, "its manifest does not decrypt", kFreshCopy);
  }
  auto manifest = decode_manifest(plain ? as_text(*plain) : std::string_view(manifest_text_), statement_);
  if (!manifest) return tl::unexpected(std::move(manifest.error()));
  manifest_ = std::move(*manifest);
  return {};
}

std::vector<std::uint32_t> ExaminedBundle::missing() const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t number = 1; number <= statement_.volumes; ++number)
    if (volumes_.count(number) == 0) out.push_back(number);
  return out;
}

std::optional<ExaminedBundle> examine(Medium medium, const Judge& judge, Findings& findings) {
  return Verification(judge, findings, false).run(std::move(medium));
}

std::optional<VerifiedBundle> accept(ExaminedBundle&& examined, const Findings& findings) {
  assert(examined.judged_by_ledger_);
  if (!findings.empty() || !examined.judged_by_ledger_) return std::nullopt;
  return VerifiedBundle(std::move(examined));
}

std::optional<Claims> read_claims(Medium medium, Findings& findings) {
  Judge nobody;
  nobody.partly_signed = true;  // it is looked at before all have signed, too
  Verification verification(nobody, findings, true);
  auto bundle = verification.run(std::move(medium));
  drop_threshold(findings);
  if (!bundle) return std::nullopt;
  auto missing = bundle->missing();
  return Claims{bundle->statement(), verification.first_root(), std::move(*bundle).manifest(), std::move(missing)};
}

void drop_threshold(Findings& findings) {
  std::erase_if(findings, [](const Refusal& finding) { return finding.kind == RefusalKind::threshold; });
}

void report_missing(const ExaminedBundle& bundle, const std::vector<std::uint32_t>& missing, Findings& findings) {
  for (const auto number : missing) {
    const std::string name = volume_file_name(bundle.statement().bundle, number);
    findings.push_back(Refusal{RefusalKind::missing_volume,
                               fmt::format("volume {} of {} is not here", number, bundle.statement().volumes),
                               "bring the medium that holds " + name, name});
  }
}

namespace {

/// Reads one volume's tables and blocks from where its file stands.
class BodyReader {
 public:
  BodyReader(const ExaminedBundle& bundle, BodySink& sink, Findings& findings, const std::function<void(std::uint64_t)>& on_bytes)
      : bundle_(bundle),
        sink_(sink),
        findings_(findings),
        on_bytes_(on_bytes),
        buffer_(std::size_t{1} << bundle.statement().block_log2) {}

  bool read(std::uint32_t number, const Fd& file, ByteSpan leaves, bool sized) {
    const Statement& s = bundle_.statement();
    bool good = true;
    if (carries_manifest(number, s.volumes)) {
      const bool tables = read_tables(file);
      if (tables)
        sink_.tables_good();
      else
        sink_.tables_bad();
      good = tables;
      if (cut_) return false;
    }
    const VolumeRecord& record = bundle_.volume_table()[number - 1];
    for (std::uint64_t at = 0, block = 0; at < record.payload_bytes; ++block) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), record.payload_bytes - at));
      const auto part = std::span(buffer_).first(wanted);
      if (read_up_to(file, part) != wanted) return cut(file);
      const Digest leaf = sha256(part);
      if (std::memcmp(leaf.data(), leaves.data() + block * 32, 32) == 0) {
        sink_.block(number, block, part);
      } else {
        good = false;
        Refusal refusal{RefusalKind::damaged, fmt::format("block {} of its payload is damaged", block), kFreshCopy, file.path()};
        if (const off_t position = ::lseek(file.get(), 0, SEEK_CUR); sized && position >= 0)
          refusal.offset = static_cast<std::uint64_t>(position) - wanted;
        findings_.push_back(std::move(refusal));
      }
      at += wanted;
      if (on_bytes_) on_bytes_(wanted);
    }
    std::byte beyond{};
    if (read_up_to(file, std::span(&beyond, 1)) != 0) {
      if (!is_known_as_extended(file))
        findings_.push_back(Refusal{RefusalKind::extended,
                                    sized ? "it became longer while it was read" : "something follows after its end", kFreshCopy,
                                    file.path()});
      good = false;
    }
    if (good) sink_.volume_good(number);
    return good;
  }

 private:
  /// A file that was too long from the start has been reported.
  bool is_known_as_extended(const Fd& file) const {
    return std::any_of(findings_.begin(), findings_.end(), [&](const Refusal& finding) {
      return finding.kind == RefusalKind::extended && finding.where == file.path();
    });
  }

  bool cut(const Fd& file) {
    cut_ = true;
    findings_.push_back(Refusal{RefusalKind::cut, "it became shorter while it was read", kFreshCopy, file.path()});
    return false;
  }

  bool read_tables(const Fd& file) {
    Hasher hasher;
    for (std::uint64_t left = bundle_.statement().table_bytes; left > 0;) {
      const auto part = std::span(buffer_).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), left)));
      if (read_up_to(file, part) != part.size()) return cut(file);
      hasher.add(part);
      sink_.tables_part(part);
      left -= part.size();
    }
    if (hasher.finish() == bundle_.statement().tables_hash) return true;
    findings_.push_back(Refusal{RefusalKind::damaged, "its tables are damaged", kFreshCopy, file.path()});
    return false;
  }

  const ExaminedBundle& bundle_;
  BodySink& sink_;
  Findings& findings_;
  const std::function<void(std::uint64_t)>& on_bytes_;
  Bytes buffer_;
  bool cut_ = false;
};

}  // namespace

bool read_bodies(ExaminedBundle& bundle, BodySink& sink, Findings& findings, const std::function<void(std::uint64_t)>& on_bytes) {
  BodyReader reader(bundle, sink, findings, on_bytes);
  bool good = true;
  for (auto& [number, volume] : bundle.volumes_) {
    if (!volume.file.valid()) {
      good = false;
      continue;
    }
    if (!sink.wants(number)) continue;
    good = reader.read(number, volume.file, volume.leaves, volume.sized) && good;
    volume.file = Fd();
  }
  return good;
}

}  // namespace patchferry
