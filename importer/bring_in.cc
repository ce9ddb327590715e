// SPDX-License-Identifier: Apache-2.0
#include "importer/bring_in.h"

#include <algorithm>
#include <fcntl.h>
#include <mutex>

#include "importer/unpack.h"
#include "system/file.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

/// Copies a run of the payload to a file of its own and returns its hash.
Digest copy_out(const Fd& payload, std::uint64_t offset, std::uint64_t bytes, const Fd& out) {
  Hasher hasher;
  Bytes buffer(std::size_t{1} << 20);
  while (bytes > 0) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes)));
    read_exactly(payload, offset, part);
    hasher.add(part);
    write_all(out, part);
    offset += part.size();
    bytes -= part.size();
  }
  return hasher.finish();
}

}  // namespace

Result<Fd> take_out(const StagedBundle& staged, const ManifestPatchset& wanted, const std::string& work) {
  const auto& objects = staged.tables.objects;
  const auto object = std::lower_bound(objects.begin(), objects.end(), wanted.archive,
                                       [](const ObjectRecord& o, const Digest& hash) { return o.hash < hash; });
  if (object == objects.end() || object->hash != wanted.archive || object->bytes != wanted.archive_bytes)
    return refuse(RefusalKind::incomplete, "the bundle does not hold the archive of " + wanted.name.patchset.text,
                  "ask for a bundle made with --full");
  const Fd payload = open_file(staged.payload, O_RDONLY);
  Fd archive = open_file(work + "/arch/" + wanted.name.file, O_RDWR | O_CREAT | O_TRUNC, 0444);
  const std::uint64_t offset = staged.tables.packs[object->pack].payload_offset + object->offset;
  if (copy_out(payload, offset, object->bytes, archive) != wanted.archive)
    return refuse(RefusalKind::damaged, "the archive of " + wanted.name.patchset.text + " is not the one that the manifest names",
                  "the exporter must check its store with 'patchferry mirror add' before it makes another bundle");
  return archive;
}

namespace {

Result<NewPatchset> bring_in_one(const Site& site, const StagedBundle& staged, const ManifestPatchset& wanted,
                                 const Origin& origin, const std::string& work,
                                 const std::function<void(std::uint64_t)>& on_read) {
  const auto archive = take_out(staged, wanted, work);
  if (!archive) return tl::unexpected(archive.error());
  auto contents = unpack(site, *archive, wanted.name, ArchiveLimits{wanted.expanded_bytes}, work, on_read);
  if (!contents) return tl::unexpected(std::move(contents.error()).in(wanted.name.file));
  return NewPatchset{wanted.name, wanted.archive, wanted.archive_bytes, origin, true, std::move(*contents)};
}

}  // namespace

Result<std::vector<NewPatchset>> bring_in(const Site& site, const StagedBundle& staged, const Plan& plan,
                                          const std::string& work) {
  remove_tree(work);  // of a run that was interrupted
  make_folders(work + "/arch", 0700);
  std::uint64_t total = 0;
  for (const auto& p : plan.fresh) total += p.archive_bytes;
  Progress progress("unpacking", total);
  std::vector<NewPatchset> out(plan.fresh.size());
  std::optional<Refusal> refusal;
  std::mutex mutex;
  parallel_for(plan.fresh.size(), [&](std::size_t i) {
    auto one = bring_in_one(site, staged, plan.fresh[i], plan.origin, work, [&](std::uint64_t n) { progress.add(n); });
    const std::lock_guard hold(mutex);
    if (one)
      out[i] = std::move(*one);
    else if (!refusal)
      refusal = std::move(one.error());
  });
  if (refusal) return tl::unexpected(std::move(*refusal));
  return out;
}

}  // namespace patchferry::importer
