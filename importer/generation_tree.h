// SPDX-License-Identifier: Apache-2.0
// How the generations of a feed lie on disk (publish.h), told by the text of links: where they lead need not be there. Links that are
// none of ours, as somebody may have put there, are passed over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace patchferry::importer {

/// generations/000007.
std::string generation_name(std::uint64_t number);
std::uint64_t generation_number(const std::string& name);

/// Of one kernel or build id in a generation's tree.
struct ServedLink {
  std::string served;  // "<khash>" or "u/<buildid>"
  std::string path;    // "<served>/<digest>", beneath folders/
};
/// In byte order; none if there is no such tree. `foreign`, if given: paths, in the tree, of links that are none of ours.
std::vector<ServedLink> links_of(const std::string& tree, std::vector<std::string>* foreign = nullptr);
/// ServedLink::path of a link's target; "": none of ours.
std::string path_beneath_folders(const std::string& target);

/// The patchset that a level's link leads to, by its target; "": none of ours.
std::string patchset_behind(const std::string& target);

}  // namespace patchferry::importer
