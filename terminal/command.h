// SPDX-License-Identifier: Apache-2.0
// Subcommands, options and exit codes: what all our programs share. One file a command (cmd_*.cc), listed in a table.
//
//   constexpr Command kCommands[] = {{"export", "build a signed bundle", cmd_export}, …};
//   int main(int argc, char** argv) { return run_program({"patchferry", kCommands, "…"}, argc, argv); }
//
// A command's function takes its arguments (argv[0] is the command's name) and returns an exit code, or throws:
// UsageError → 2, SystemFailure → 3, cxxopts' own exceptions → 2; run_program prints them, once, as
// "patchferry: error: …" and "patchferry: hint: …" on stderr.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "system/refusal.h"

namespace patchferry {

enum ExitCode : int { kDone = 0, kRefused = 1, kUsage = 2, kFailed = 3, kNothingToDo = 4, kInPart = 5 };

struct Command {
  const char* name;     // what people type; "mirror add", "trust stream add" for those of more words
  const char* summary;  // one line for the list
  int (*run)(std::vector<std::string> arguments);
};

struct Program {
  const char* name;  // for messages and the list: "patchferry"
  std::span<const Command> commands;
  const char* about;  // one line above the list
};

/// Looks up the command (longest names first) and runs it. No command or --help: the list. --version. Unknown
/// command: exit 2 with the nearest name as hint. SIGPIPE is ignored; a closed stdout ends quietly.
int run_program(const Program& program, int argc, char** argv);

/// Runs one function under the same rules, for programs without subcommands.
int run_guarded(int (*run)(std::vector<std::string>), int argc, char** argv);

/// What a command declares about itself; help() is usage line, options and example.
struct OptionSpec {
  const char* name;   // "store" or "s,store"
  const char* text;   // what it does
  const char* value;  // name of its value ("DIR"), or nullptr for a flag
  bool many = false;  // may be given several times
};
struct CommandSpec {
  const char* usage;                    // "patchferry mirror add --store DIR FILE|DIR..."
  const char* about;                    // one or two sentences
  std::span<const OptionSpec> options;  // beside --help, which every command has
  const char* example;                  // lines that work when pasted, after the quickstart
};

/// Parsed arguments (cxxopts inside). Unknown options, missing values: UsageError with a hint to --help.
class Arguments {
 public:
  /// nullopt-like: help_shown() is true if --help was given and printed; the command then returns kDone.
  Arguments(const CommandSpec& spec, const std::vector<std::string>& arguments);
  bool help_shown() const { return help_shown_; }
  bool has(const std::string& name) const;              // flag or value was given
  std::string value(const std::string& name) const;     // "" if not given
  std::string required(const std::string& name) const;  // UsageError if not given or empty
  std::vector<std::string> values(const std::string& name) const;
  const std::vector<std::string>& positional() const { return positional_; }

 private:
  struct Value {
    std::string name;
    std::vector<std::string> given;
  };
  const Value* find(const std::string& name) const;
  bool help_shown_ = false;
  std::vector<Value> values_;
  std::vector<std::string> positional_;
};

/// The name that was probably meant: one that begins so, or one at most two typing errors away. "" if there is none.
std::string nearest(const std::string& typed, const std::vector<std::string>& names);

/// Prints "error:"/"hint:" lines for a refusal on stderr and returns kRefused.
int report(const Refusal& refusal);

}  // namespace patchferry
