// SPDX-License-Identifier: Apache-2.0
#include "importer/objects.h"

#include <fcntl.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

bool is_whole(const std::string& path, std::uint64_t bytes) { return is_regular(path) && size_of(path) == bytes; }

}  // namespace

tl::unexpected<Refusal> missing_object(const Digest& hash) {
  return refuse(RefusalKind::incomplete, "a content that it needs is not here, or not whole: object " + to_hex(hash),
                "a bundle that is made by a new receipt, or with 'patchferry export --full', brings it again");
}

bool Objects::in_base(const Digest& hash, std::uint64_t bytes) const { return is_whole(site_.object_path(hash), bytes); }

std::uint64_t modified_for(const Digest& hash) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits = bits << 8 | std::to_integer<std::uint64_t>(hash[i]);
  return 1'000'000'000 + (bits & 0x1fffffff);  // from 2001 to 2018
}

std::optional<std::string> Objects::find(const Digest& hash, std::uint64_t bytes) const {
  if (!fresh_.empty())
    if (std::string path = fresh_ + "/" + to_hex(hash); is_whole(path, bytes)) return path;
  if (in_base(hash, bytes)) return site_.object_path(hash);
  return std::nullopt;
}

Result<Fd> Objects::open(const Digest& hash, std::uint64_t bytes) const {
  const auto path = find(hash, bytes);
  if (!path) return missing_object(hash);
  return open_file(*path, O_RDONLY);
}

OpenContent Objects::opener() const {
  return [this](const Digest& hash, std::uint64_t bytes) { return open(hash, bytes); };
}

Result<Recipe> Objects::recipe(const Digest& hash) const {
  const std::string fresh = fresh_ + "/" + to_hex(hash);
  const std::string path = !fresh_.empty() && is_regular(fresh) ? fresh : site_.object_path(hash);
  if (!is_regular(path)) return missing_object(hash);
  const auto text = read_whole(path, kMaxRecipe);
  if (!text) return refuse(RefusalKind::too_large, "a recipe is larger than the format allows", "ask for a fresh bundle");
  if (sha256(*text) != hash)
    throw SystemFailure("cannot use " + path + ": it has changed on this disk", 0,
                        "the disk may be failing; take that file away, and import a bundle made with 'patchferry export --full'");
  return decode_recipe(*text);
}

}  // namespace patchferry::importer
