// SPDX-License-Identifier: Apache-2.0
#include "mirror/likeness.h"

#include <fmt/format.h>

#include "bundle-format/archive/layout_profile.h"

namespace patchferry::mirror {

Likeness::Likeness(std::string product, const PatchsetContents& contents) : product_(std::move(product)) {
  for (const auto& level : contents.levels)
    if (!level.info.kernel.empty()) kernels_[level.ident] = level.info.kernel;
}

std::string Likeness::key(const RelPath& path) const {
  const auto& parts = path.parts();
  // With or without the archive's top folder.
  for (const std::size_t top : {std::size_t{0}, std::size_t{1}}) {
    if (parts.size() <= top) break;
    std::string beneath;
    for (std::size_t i = top; i < parts.size(); ++i) beneath += (beneath.empty() ? "" : "/") + std::string(parts[i]);
    const auto inner = RelPath::parse(beneath);
    if (!inner) continue;
    const Place place = place_of(product_, *inner);
    if (place.kind != Place::Kind::level_file) continue;
    const auto kernel = kernels_.find(place.ident);
    return fmt::format("{}/{}/{}/{}/{:010}", product_, place.name, kernel == kernels_.end() ? "" : kernel->second, place.ident,
                       place.level);
  }
  return product_ + "/" + std::string(parts.back()) + "//" + path.text();
}

std::string_view Likeness::class_of(std::string_view key) {
  const auto slash = key.find('/');
  return key.substr(0, key.find('/', slash == std::string_view::npos ? slash : slash + 1));
}

}  // namespace patchferry::mirror
