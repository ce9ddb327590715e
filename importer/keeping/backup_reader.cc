// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/backup_reader.h"

#include <algorithm>
#include <array>

#include "bundle-format/patchset_name.h"
#include "importer/keeping/tar_head.h"
#include "system/rel_path.h"

namespace patchferry::importer::keeping {

namespace {

constexpr std::size_t kBuffer = 1 << 20;
constexpr std::size_t kTrailer = 2 * kTarBlock;

tl::unexpected<Refusal> too_short() { return refuse(RefusalKind::truncated, "the backup ends too early"); }

bool is_zero(ByteSpan bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Result<TarHead> next_head(const Fd& file) {
  std::array<std::byte, kTarBlock> block{};
  if (read_up_to(file, block) != block.size()) return too_short();
  if (is_zero(block)) return refuse(RefusalKind::truncated, "the backup ends without " + std::string(kEndName));
  return decode_tar_head(block);
}

/// Returns the hash of the body; the padding behind it has been checked.
Result<Digest> read_body(const Fd& file, const TarHead& head, const TakeBytes& take, Progress* progress) {
  Hasher hasher;
  Bytes buffer(static_cast<std::size_t>(std::clamp<std::uint64_t>(head.bytes, 1, kBuffer)));
  for (std::uint64_t left = head.bytes; left > 0;) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
    if (read_up_to(file, part) != part.size()) return too_short();
    hasher.add(part);
    if (take) take(part);
    if (progress != nullptr) progress->add(part.size());
    left -= part.size();
  }
  std::array<std::byte, kTarBlock> padding{};
  const auto rest = std::span(padding).first(tar_padding(head.bytes));
  if (read_up_to(file, rest) != rest.size()) return too_short();
  if (!is_zero(rest)) return refuse(RefusalKind::damaged, "something stands behind the member " + printable(head.name));
  return hasher.finish();
}

Result<std::string> read_text(const Fd& file, const TarHead& head, std::uint64_t limit) {
  if (head.bytes > limit) return refuse(RefusalKind::too_large, head.name + " is too large");
  std::string text;
  const auto hash = read_body(
      file, head, [&](ByteSpan part) { text += as_text(part); }, nullptr);
  if (!hash) return tl::unexpected(hash.error());
  return text;
}

tl::unexpected<Refusal> foreign(const std::string& name) {
  return refuse(RefusalKind::hostile_member, "it holds a member that no backup has: " + printable(name),
                "do not use this file; it did not come from 'patchferry backup'");
}

tl::unexpected<Refusal> changed(const std::string& name) {
  return refuse(RefusalKind::damaged, name + " is not what was put into the backup");
}

/// The hash by its name, if it is an object's.
std::optional<Digest> object_in(const std::string& name) {
  return name.starts_with("objects/") ? array_from_hex<32>(std::string_view(name).substr(8)) : std::nullopt;
}

/// The file's name, if it is an archive's.
std::optional<std::string> archive_in(const std::string& name) {
  if (!name.starts_with("arch/") || !parse_archive_name(name.substr(5))) return std::nullopt;
  return name.substr(5);
}

/// Objects come before archives; both ascend.
bool is_after(const std::string& before, const std::string& name) {
  const bool object_before = before.starts_with("objects/");
  const bool object = name.starts_with("objects/");
  return before.empty() || (object == object_before ? before < name : object_before);
}

Result<void> read_content(const Fd& file, const TarHead& head, const BeginMember& begin, const ArchiveHash& archive,
                          Progress* progress) {
  std::optional<Digest> wanted = object_in(head.name);
  if (!wanted) {
    const auto name = archive_in(head.name);
    wanted = name ? archive(*name) : std::nullopt;
  }
  if (!wanted) return foreign(head.name);
  const auto hash = read_body(file, head, begin(head.name, head.bytes), progress);
  if (!hash) return tl::unexpected(hash.error());
  if (*hash != *wanted) return changed(head.name);
  return {};
}

}  // namespace

Result<BackupReader> BackupReader::open(const Fd& file) {
  std::array<std::byte, kTarBlock> block{};
  const auto there = read_up_to(file, block);
  const std::string_view name = as_text(ByteSpan(block).first(kMaxTarName));
  if (there == 0) return too_short();
  if (name.substr(0, std::min(name.find('\0'), there)) != std::string_view(kListName).substr(0, there))
    return refuse(RefusalKind::malformed, "it is not a backup of Patchferry", "give a file that 'patchferry backup' has written");
  if (there != block.size()) return too_short();
  const auto head = decode_tar_head(block);
  if (!head) return tl::unexpected(head.error());
  const auto text = read_text(file, *head, kMaxList);
  if (!text) return tl::unexpected(text.error());
  auto list = decode_list(*text);
  if (!list) return tl::unexpected(std::move(list.error()));
  return BackupReader(file, std::move(*list));
}

Result<void> BackupReader::read_parts(const BeginMember& begin, Progress* progress) {
  for (const auto& part : list_.parts) {
    const auto head = next_head(*file_);
    if (!head) return tl::unexpected(head.error());
    if (!is_part_name(head->name)) return foreign(head->name);
    if (head->name != part.name || head->bytes != part.bytes)
      return refuse(RefusalKind::malformed, "where " + part.name + " is to come, there is " + printable(head->name));
    const auto hash = read_body(*file_, *head, begin(part.name, part.bytes), progress);
    if (!hash) return tl::unexpected(hash.error());
    if (*hash != part.sha256) return changed(part.name);
  }
  return {};
}

Result<BackupEnd> BackupReader::finish(const BeginMember& begin, const ArchiveHash& archive, Progress* progress) {
  BackupEnd seen;
  std::string before;
  for (;;) {
    const auto head = next_head(*file_);
    if (!head) return tl::unexpected(head.error());
    if (head->name == kEndName) {
      const auto text = read_text(*file_, *head, kMaxEnd);
      if (!text) return tl::unexpected(text.error());
      const auto end = decode_end(*text);
      if (!end) return end;
      if (end->members != seen.members || end->bytes != seen.bytes)
        return refuse(RefusalKind::truncated, "members of the backup are missing");
      if (end->list != sha256(as_bytes(encode_list(list_)))) return changed(kListName);
      break;
    }
    if (!list_.contents) return foreign(head->name);
    if (!is_after(before, head->name))
      return refuse(RefusalKind::malformed, "a member comes twice, or out of order: " + printable(head->name));
    if (const auto good = read_content(*file_, *head, begin, archive, progress); !good) return tl::unexpected(good.error());
    before = head->name;
    ++seen.members;
    seen.bytes += head->bytes;
  }
  std::array<std::byte, kTrailer + 1> trailer{};
  const auto there = read_up_to(*file_, trailer);
  if (there < kTrailer) return too_short();
  if (there > kTrailer) return refuse(RefusalKind::extended, "something was appended to the backup");
  if (!is_zero(trailer)) return refuse(RefusalKind::damaged, "the end of the backup is not as it was written");
  return seen;
}

Refusal of_backup(Refusal refusal, const std::string& file) {
  if (refusal.hint.empty())
    refusal.hint =
        "nothing has been put in place; compare the file with the one that 'patchferry backup' wrote, or take another backup";
  return std::move(refusal).in(file);
}

}  // namespace patchferry::importer::keeping
