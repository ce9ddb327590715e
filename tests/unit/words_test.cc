// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "bundle-format/word_list.h"
#include "bundle-format/words.h"

using namespace patchferry;

namespace {

/// One letter changed, added or dropped makes `b` of `a`, or they are the same.
bool are_neighbours(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const std::string_view rest(at, a.end());
  const std::string_view rest_of_longer(other, b.end());
  if (a.size() == b.size()) return rest.empty() || rest.substr(1) == rest_of_longer.substr(1);
  return rest == rest_of_longer.substr(1);
}

}  // namespace

TEST_CASE("words that are compared aloud are sorted, short, and not easily mistaken for one another") {
  CHECK(are_neighbours("melon", "melon"));
  CHECK(are_neighbours("metal", "medal"));
  CHECK(are_neighbours("lunch", "launch"));
  CHECK(are_neighbours("iron", "irons"));
  CHECK_FALSE(are_neighbours("iron", "siren"));

  CHECK(std::is_sorted(kWords.begin(), kWords.end()));
  std::set<std::string_view> beginnings;
  for (const auto word : kWords) {
    INFO(word);
    CHECK(word.size() >= 4);
    CHECK(word.size() <= 6);
    CHECK(std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
    CHECK(beginnings.insert(word.substr(0, 3)).second);
    for (const auto other : kWords)
      if (word < other && are_neighbours(word, other)) FAIL_CHECK("too near to " << other);
  }
}

TEST_CASE("bytes have fixed words") {
  const Bytes bytes = {std::byte{0x00}, std::byte{0x01}, std::byte{0x80}, std::byte{0xff}};
  CHECK(words_of(bytes, 4) == "acorn album mango zipper");
  CHECK(words_of(bytes, 1) == "acorn");
  CHECK(words_of(bytes, 0).empty());
  CHECK(word_code(sha256(as_bytes("abc"))) == "rescue ladder bottle saddle nylon album");
  PublicKey key;
  key.bytes.fill(std::byte{0x42});
  CHECK(key_words(key) == "signal barrel pizza oasis bucket voyage nephew elbow zenith spark aspen saddle");
}

TEST_CASE("the words in the specification are the words of the program") {
  std::ifstream file(PATCHFERRY_SOURCE_DIR "/bundle-format/SPEC.md");
  std::vector<std::string> listed;
  bool in_section = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### ")) in_section = line == "### Words";
    if (!in_section || !line.starts_with("| `")) continue;
    std::istringstream cells(line);
    std::string cell;
    cells >> cell >> cell;
    CHECK(std::stoul(cell.substr(1, 2), nullptr, 16) == listed.size());
    while (cells >> cell)
      if (cell != "|") listed.push_back(cell);
  }
  CHECK(std::equal(listed.begin(), listed.end(), kWords.begin(), kWords.end()));
  CHECK(listed.size() == 256);
}
