// SPDX-License-Identifier: Apache-2.0
#include "importer/generation_tree.h"

#include <cstdlib>
#include <fmt/format.h>

#include "system/file.h"

namespace patchferry::importer {

namespace {

void gather(const std::string& tree, const std::string& beneath, std::vector<ServedLink>& out,
            std::vector<std::string>* foreign) {
  for (const auto& name : folder_entries(tree + "/" + beneath)) {
    const std::string path = tree + "/" + beneath + name;
    if (const auto target = read_symlink(path)) {
      if (std::string leads_to = path_beneath_folders(*target); !leads_to.empty())
        out.push_back({beneath + name, std::move(leads_to)});
      else if (foreign != nullptr)
        foreign->push_back(beneath + name);
    } else if (is_folder(path)) {
      gather(tree, beneath + name + "/", out, foreign);
    }
  }
}

/// What follows a word in a path; "" if it is not in there.
std::string behind(const std::string& word, const std::string& path) {
  const auto at = path.find(word);
  return at == std::string::npos ? "" : path.substr(at + word.size());
}

}  // namespace

std::string generation_name(std::uint64_t number) { return fmt::format("{:06}", number); }

std::uint64_t generation_number(const std::string& name) { return std::strtoull(name.c_str(), nullptr, 10); }

std::vector<ServedLink> links_of(const std::string& tree, std::vector<std::string>* foreign) {
  std::vector<ServedLink> out;
  if (is_folder(tree)) gather(tree, "", out, foreign);
  return out;
}

std::string path_beneath_folders(const std::string& target) { return behind("folders/", target); }

std::string patchset_behind(const std::string& target) {
  const std::string path = behind("resources/", target);
  return path.substr(0, path.find('/'));
}

}  // namespace patchferry::importer
