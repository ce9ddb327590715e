// SPDX-License-Identifier: Apache-2.0
#include "importer/stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

std::string marker(std::uint32_t number) { return fmt::format("volume-{:04}", number); }

/// Writes what the verifier hands over.
class QuarantineWriter : public BodySink {
 public:
  QuarantineWriter(const VerifiedBundle& bundle, const Staging& staging, Progress& progress)
      : staging_(staging), progress_(progress), payload_(open_file(staging.payload(), O_RDWR | O_CREAT, 0600)) {
    if (::ftruncate(payload_.get(), static_cast<off_t>(bundle.statement().payload_bytes)) != 0)
      throw_errno("reserve space in", payload_.path());
  }

  bool wants(std::uint32_t volume) override { return !staging_.has_volume(volume); }
  void tables_part(ByteSpan part) override {
    if (!tables_) tables_.emplace(staging_.folder() + "/tables", 0600);
    tables_->write(part);
  }
  void tables_good() override {
    if (!tables_) tables_.emplace(staging_.folder() + "/tables", 0600);
    tables_->commit();
    tables_.reset();
  }
  void tables_bad() override { tables_.reset(); }
  void block(std::uint64_t offset, ByteSpan bytes) override {
    write_all(payload_, offset, bytes);
    progress_.add(bytes.size());
  }
  void volume_good(std::uint32_t volume) override {
    sync_file(payload_);
    write_file(staging_.folder() + "/" + marker(volume), {}, 0600);
  }

 private:
  const Staging& staging_;
  Progress& progress_;
  Fd payload_;
  std::optional<AtomicFile> tables_;
};

}  // namespace

Staging::Staging(const Site& site, const VerifiedBundle& bundle)
    : folder_(site.quarantine() + "/" + to_hex(ByteSpan(bundle.statement_hash()).first(16))) {}

bool Staging::has_volume(std::uint32_t number) const { return exists(folder_ + "/" + marker(number)); }

bool Staging::is_empty() const {
  if (!is_folder(folder_)) return true;
  for (const auto& name : folder_entries(folder_))
    if (name.starts_with("volume-")) return false;
  return true;
}

std::uint64_t Staging::bytes_staged(const VerifiedBundle& bundle) const {
  std::uint64_t bytes = 0;
  for (std::uint32_t number = 1; number <= bundle.statement().volumes; ++number)
    if (has_volume(number)) bytes += bundle.volume_table()[number - 1].payload_bytes;
  return bytes;
}

std::optional<Bytes> Staging::kept(const char* name, std::uint64_t bytes) const {
  const std::string path = folder_ + "/" + name;
  if (!exists(path)) return std::nullopt;
  auto text = read_whole(path, bytes);
  if (!text || text->size() != bytes) return std::nullopt;
  return text;
}

std::vector<std::uint32_t> Staging::still_missing(const std::vector<std::uint32_t>& missing) const {
  std::vector<std::uint32_t> out;
  for (const auto number : missing)
    if (!has_volume(number)) out.push_back(number);
  return out;
}

void Staging::remove() { remove_tree(folder_); }

void stage(VerifiedBundle& bundle, Staging& staging, Findings& findings) {
  make_folders(staging.folder(), 0700);
  write_file(staging.folder() + "/sequence", as_bytes(std::to_string(bundle.statement().sequence)), 0600);  // see tidy_quarantine
  if (bundle.manifest()) write_file(staging.folder() + "/manifest", as_bytes(bundle.manifest_text()), 0600);
  Progress progress("reading and checking", bundle.statement().payload_bytes);
  QuarantineWriter writer(bundle, staging, progress);
  read_bodies(bundle, writer, findings);
}

Result<StagedBundle> open_staged(const VerifiedBundle& bundle, const Staging& staging) {
  const Statement& s = bundle.statement();
  const Manifest& m = *bundle.manifest();
  const auto text = staging.kept("tables", s.table_bytes);
  if (!text)
    throw SystemFailure("cannot find the tables in " + staging.folder(), 0, "remove that folder and import the bundle again");
  const ByteSpan all(*text);
  const ByteSpan objects = all.first(static_cast<std::size_t>(m.objects.bytes));
  const ByteSpan recipes = all.subspan(objects.size(), static_cast<std::size_t>(m.recipes.bytes));
  const ByteSpan packs = all.subspan(objects.size() + recipes.size());
  if (sha256(objects) != m.objects.hash || sha256(recipes) != m.recipes.hash || sha256(packs) != m.packs.hash)
    return refuse(RefusalKind::damaged, "what was staged in " + staging.folder() + " has changed",
                  "remove that folder and import the bundle again");
  auto tables = decode_tables(objects, recipes, packs, s.payload_bytes, s.expanded_bytes);
  if (!tables) return tl::unexpected(std::move(tables.error()));
  return StagedBundle{staging.payload(), std::move(*tables)};
}

}  // namespace patchferry::importer
