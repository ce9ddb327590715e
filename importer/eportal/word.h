// SPDX-License-Identifier: Apache-2.0
// One word of the vendor's command line: what it takes, what its help says, what it does. Help and usage errors look as
// argparse's, which the vendor's tool uses.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "terminal/command.h"

namespace patchferry::importer::eportal {

struct Positional {
  const char* name;
  const char* text;
  bool optional = false;
};

/// What was typed for a word.
struct Call {
  std::string product;  // "kernel", "user", "qemu", "db"; "" for a word that follows no product
  const Arguments& args;
  /// The n-th argument that is no option; "" if there is none.
  std::string argument(std::size_t n = 0) const { return n < args.positional().size() ? args.positional()[n] : std::string(); }
};

struct Word {
  const char* name;   // "deploy", "--get-latest"
  const char* takes;  // the rest of its usage line, without [-h]
  const char* about;
  std::span<const OptionSpec> options;
  std::span<const Positional> positionals;
  int (*run)(const Call& call);  // throws UsageError for what has no meaning
};

/// Parses and runs. `before`: what was typed up to the word, "kc.eportal libcare".
int run_word(const Word& word, const std::string& before, const std::string& product, const std::vector<std::string>& rest);

/// "usage: …" and "PROGRAM: error: …" on stderr; returns kUsage.
int usage_error(const std::string& usage, const std::string& program, const std::string& text);

/// A line of a help text: two blanks, the left part, and the right one in its column.
std::string help_line(const std::string& left, const std::string& right);

}  // namespace patchferry::importer::eportal
