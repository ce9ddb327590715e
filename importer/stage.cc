// SPDX-License-Identifier: Apache-2.0
#include "importer/stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sstream>
#include <tuple>
#include <unistd.h>

#include "importer/ledger.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kNumberFile = "bundle";  // "<stream> <epoch> <sequence> [<statement imported last, if a permit is used>]"

std::string marker(std::uint32_t number) { return fmt::format("volume-{:04}", number); }

/// Writes what the verifier hands over.
class QuarantineWriter : public BodySink {
 public:
  QuarantineWriter(const VerifiedBundle& bundle, const Staging& staging, Progress& progress, Findings& findings)
      : bundle_(bundle),
        staging_(staging),
        progress_(progress),
        findings_(findings),
        payload_(open_file(staging.payload(), O_RDWR | O_CREAT, 0600)) {
    const std::uint64_t bytes = plain_payload_bytes(bundle.volume_table(), bundle.statement());
    if (::ftruncate(payload_.get(), static_cast<off_t>(bytes)) != 0) throw_errno("reserve space in", payload_.path());
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
  void block(std::uint32_t volume, std::uint64_t block, ByteSpan bytes) override {
    progress_.add(bytes.size());
    const Statement& s = bundle_.statement();
    if (volume != volume_) {
      volume_ = volume;
      begin_ = plain_payload_offset(bundle_.volume_table(), s, volume);
    }
    if (!bundle_.content_key()) return write_all(payload_, begin_ + block * s.block_bytes(), bytes);
    const auto plain = decrypt_chunk(*bundle_.content_key(), {ChunkPlace::Part::payload, volume, block}, bytes);
    if (!plain) {
      bad_volume_ = volume;
      findings_.push_back({RefusalKind::malformed, "a block of volume " + std::to_string(volume) + " does not decrypt",
                           "it was signed so: ask for a fresh bundle", volume_file_name(s.bundle, volume)});
      return;
    }
    write_all(payload_, begin_ + block * (s.block_bytes() - kChunkTag), *plain);
  }
  void volume_good(std::uint32_t volume) override {
    if (volume == bad_volume_) return;
    sync_file(payload_);
    write_file(staging_.folder() + "/" + marker(volume), {}, 0600);
  }

 private:
  const VerifiedBundle& bundle_;
  const Staging& staging_;
  Progress& progress_;
  Findings& findings_;
  Fd payload_;
  std::uint32_t volume_ = 0;  // that the last block was of
  std::uint32_t bad_volume_ = 0;
  std::uint64_t begin_ = 0;  // of its payload
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

StagingGuard::~StagingGuard() {
  try {
    if ((!keep_ || staging_.is_empty()) && !site_.has_pending_renames()) staging_.remove();
  } catch (const SystemFailure& failure) {
    note(std::string("left behind: ") + failure.what());
  }
}

bool is_awaited(Site& site, const std::string& folder) {
  const std::string path = folder + "/" + kNumberFile;
  if (!exists(path)) return false;
  const auto text = read_whole(path, 200);
  std::istringstream words(std::string(text ? as_text(*text) : ""));
  std::string stream_text;
  std::string permitted;
  LedgerEntry staged;
  words >> stream_text >> staged.epoch >> staged.sequence >> permitted;
  const auto stream = array_from_hex<16>(stream_text);
  if (!stream || staged.sequence == 0) return false;
  const LedgerView view = ledger(site);
  const LedgerEntry* last = view.last(StreamId{*stream});
  // A permit is void after the next import, and so is what it has let in.
  if (!permitted.empty()) return last != nullptr && to_hex(last->statement) == permitted;
  return last == nullptr || std::tie(last->epoch, last->sequence) < std::tie(staged.epoch, staged.sequence);
}

void stage(Site& site, VerifiedBundle& bundle, Staging& staging, bool permitted, Findings& findings) {
  const Statement& s = bundle.statement();
  make_folders(staging.folder(), 0700);
  std::string number = fmt::format("{} {} {}", to_hex(s.stream.bytes), s.epoch, s.sequence);
  if (permitted)
    if (const LedgerView view = ledger(site); const LedgerEntry* last = view.last(s.stream))
      number += " " + to_hex(last->statement);
  write_file(staging.folder() + "/" + kNumberFile, as_bytes(number + "\n"), 0600);
  if (!bundle.manifest_text().empty()) write_file(staging.folder() + "/manifest", as_bytes(bundle.manifest_text()), 0600);
  Progress progress("reading and checking", s.payload_bytes);
  QuarantineWriter writer(bundle, staging, progress, findings);
  read_bodies(bundle, writer, findings);
}

Result<StagedBundle> open_staged(const VerifiedBundle& bundle, const Staging& staging) {
  const Statement& s = bundle.statement();
  const Manifest& m = *bundle.manifest();
  const auto text = staging.kept("tables", s.table_bytes);
  if (!text)
    throw SystemFailure("cannot find the tables in " + staging.folder(), 0, "remove that folder and import the bundle again");
  const auto changed = [&] {
    return refuse(RefusalKind::damaged, "what was staged in " + staging.folder() + " has changed",
                  "remove that folder and import the bundle again");
  };
  if (sha256(*text) != s.tables_hash) return changed();
  std::optional<Bytes> plain;
  if (bundle.content_key()) {
    plain = decrypt_part(*bundle.content_key(), ChunkPlace::Part::tables, *text, s.block_bytes());
    if (!plain) return refuse(RefusalKind::malformed, "the tables do not decrypt", "they were signed so: ask for a fresh bundle");
  }
  const ByteSpan all(plain ? *plain : *text);
  if (all.size() != m.objects_bytes + m.recipes_bytes + m.packs_bytes + m.bases_bytes) return changed();
  ByteSpan rest = all;
  const auto next = [&](std::uint64_t bytes) {
    const ByteSpan table = rest.first(static_cast<std::size_t>(bytes));
    rest = rest.subspan(table.size());
    return table;
  };
  TableBytes bytes;
  bytes.objects = next(m.objects_bytes);
  bytes.recipes = next(m.recipes_bytes);
  bytes.packs = next(m.packs_bytes);
  bytes.bases = next(m.bases_bytes);
  auto tables = decode_tables(bytes, plain_payload_bytes(bundle.volume_table(), s), s.expanded_bytes);
  if (!tables) return tl::unexpected(std::move(tables.error()));
  if (memory_needed(*tables) != m.memory)
    return refuse(RefusalKind::malformed, "the tables ask for other memory than the manifest says", "ask for a fresh bundle");
  return StagedBundle{staging.payload(), std::move(*tables)};
}

}  // namespace patchferry::importer
