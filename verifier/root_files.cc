// SPDX-License-Identifier: Apache-2.0
#include "verifier/root_files.h"

#include <algorithm>
#include <fmt/format.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry {

namespace {

constexpr std::string_view kPrefix = "root-";
constexpr std::string_view kSuffix = ".pfr";

bool looks_numbered(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size()) return false;
  const auto digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Link {
  std::string path;
  SignedRoot link;
};

Result<std::vector<SignedRoot>> read_links(const std::string& path) {
  const auto bytes = read_whole(path, kMaxRootChainBytes);
  if (!bytes) return tl::unexpected(Refusal{RefusalKind::too_large, "it is too long for root documents", "", path});
  auto links = decode_root_file(*bytes);
  if (!links) return tl::unexpected(std::move(links.error()).in(path));
  return links;
}

Result<std::vector<Link>> read_folder(const std::string& folder) {
  std::size_t count = 0;
  const auto names = folder_entries(folder);
  for (const auto& name : names)
    if (looks_numbered(name)) ++count;
  if (count == 0)
    throw UsageError("there is no root document (root-0001.pfr) in " + folder, "make one with 'patchferry trust create'");
  if (count > kMaxRootChain)
    return tl::unexpected(Refusal{RefusalKind::too_large, "it holds too many root documents", "", folder});
  std::vector<Link> out;
  std::uint64_t bytes = 0;
  for (std::uint32_t version = 1; version <= count; ++version) {
    const std::string path = folder + "/" + root_file_name(version);
    if (!exists(path)) {
      for (const auto& name : names)
        if (looks_numbered(name) && std::stoull(name.substr(kPrefix.size(), 18)) == version)
          return tl::unexpected(
              Refusal{RefusalKind::bad_name,
                      "the file of root document " + std::to_string(version) + " is named " + root_file_name(version),
                      "rename it", folder + "/" + name});
      return tl::unexpected(Refusal{RefusalKind::incomplete, root_file_name(version) + " is not here, and later ones are",
                                    "all documents from the first one on belong together; copy the missing one into the folder",
                                    folder});
    }
    if (!is_regular(path))
      return tl::unexpected(Refusal{RefusalKind::not_regular, "it is a link, pipe or device, not a file",
                                    "copy the documents again, as ordinary files", path});
    bytes += size_of(path);
    if (bytes > kMaxRootChainBytes)
      return tl::unexpected(Refusal{RefusalKind::too_large, "its root documents are too long together", "", folder});
    auto links = read_links(path);
    if (!links) return tl::unexpected(std::move(links.error()));
    if (links->size() != 1)
      return tl::unexpected(Refusal{RefusalKind::malformed, "it holds more than one root document", "", path});
    out.push_back({path, std::move(links->front())});
  }
  return out;
}

Result<std::vector<Link>> read_file(const std::string& path) {
  auto links = read_links(path);
  if (!links) return tl::unexpected(std::move(links.error()));
  std::vector<Link> out;
  for (auto& link : *links) out.push_back({path, std::move(link)});
  return out;
}

}  // namespace

std::string root_file_name(std::uint32_t version) { return fmt::format("{}{:04}{}", kPrefix, version, kSuffix); }

bool is_trust_folder(const std::string& path) {
  if (!is_folder(path)) return false;
  const auto names = folder_entries(path);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return looks_numbered(name); });
}

Result<std::vector<RootFile>> read_root_files(const std::string& path) {
  if (!exists(path)) throw UsageError("there is no " + path, "give the folder that 'patchferry trust create' wrote");
  auto links = is_folder(path) ? read_folder(path) : read_file(path);
  if (!links) return tl::unexpected(std::move(links.error()));
  std::vector<RootFile> out;
  for (auto& [file, link] : *links) {
    auto standing = standing_of(link, out.empty() ? nullptr : &out.back().standing.root);
    if (!standing) {
      Refusal refusal = std::move(standing.error());
      if (out.empty() && refusal.kind == RefusalKind::bad_root)
        refusal.hint = "give the folder that holds root-0001.pfr and all others";
      return tl::unexpected(std::move(refusal).in(file));
    }
    if (!out.empty() && !out.back().standing.complete()) {
      const RootStanding& weak = out.back().standing;
      return tl::unexpected(Refusal{
          RefusalKind::bad_root,
          fmt::format("root document {} has a successor, and still needs {}", weak.root.version, need_text(weak.needs.front())),
          "do not use it; ask those who keep the root keys", out.back().path});
    }
    out.push_back({file, std::move(link), std::move(*standing)});
  }
  return out;
}

Result<std::vector<SignedRoot>> load_root_chain(const std::string& path) {
  auto files = read_root_files(path);
  if (!files) return tl::unexpected(std::move(files.error()));
  const RootFile& newest = files->back();
  if (!newest.standing.complete())
    return tl::unexpected(Refusal{RefusalKind::threshold,
                                  fmt::format("root document {} is not in force yet: it needs {}", newest.standing.root.version,
                                              need_text(newest.standing.needs.front())),
                                  fmt::format("have it signed: patchferry sign {} --key KEY.key", newest.path), newest.path});
  std::vector<SignedRoot> chain;
  for (auto& file : *files) chain.push_back(std::move(file.link));
  return chain;
}

}  // namespace patchferry
