// SPDX-License-Identifier: Apache-2.0
// Words of the vendor's that have no meaning here yet, or none without the internet or the portal: each is known, says so
// clearly, and changes nothing.
#pragma once

#include <string>
#include <vector>

namespace patchferry::importer::eportal {

struct MissingWord {
  const char* name;
  const char* takes;    // as the vendor's manual has it
  const char* why;      // "X …": the sentence after the word
  const char* instead;  // what to do now
};

/// nullptr: not one of them.
const MissingWord* find_missing(const std::string& name);
const std::vector<MissingWord>& missing_words();

/// --help, or the one error line; `rest` is what followed the word.
int run_missing(const MissingWord& word, const std::vector<std::string>& rest);

}  // namespace patchferry::importer::eportal
