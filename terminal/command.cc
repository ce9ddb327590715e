// SPDX-License-Identifier: Apache-2.0
// cxxopts stays inside this file. Two settings of it matter: values are never split (its default cuts them at
// commas), and its parser does without std::regex, which overflows the stack on long arguments.
#include "terminal/command.h"

#define CXXOPTS_VECTOR_DELIMITER '\0'
#define CXXOPTS_NO_REGEX

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cxxopts.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <new>
#include <numeric>
#include <string_view>
#include <unistd.h>

#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry {

namespace {

using Strings = std::vector<std::string>;

// --- nearest names ---------------------------------------------------------------------------------------------

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::string& typed, const Strings& names) {
  constexpr std::size_t kLongestName = 40;
  if (typed.size() < 2 || typed.size() > kLongestName) return {};
  std::string best;
  std::size_t best_distance = typed.size() <= 3 ? 2 : 3;  // and that is too far already
  for (const auto& name : names) {
    const std::size_t distance = name.starts_with(typed) ? 1 : edit_distance(typed, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

namespace {

// --- standard streams ------------------------------------------------------------------------------------------

// A program started with a closed standard stream would get that number for the next file it opens, and then print
// into it.
void fill_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
      const int opened = ::open("/dev/null", O_RDWR);  // the lowest free number: this one
      assert(opened == fd);
      static_cast<void>(opened);
    }
}

int report_failure(const std::string& text, const std::string& hint, ExitCode code) {
  std::fflush(stdout);  // so that what was printed before stands before
  error_line(text, hint);
  return code;
}

// What was printed has reached its file, or nobody reads it any more. The exit code to end with.
int finish_stdout(int code) {
  errno = EIO;  // should an earlier write have failed and this one not
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  if (errno == EPIPE) return code;
  throw_errno("write", "standard output");
}

int guarded(const std::function<int()>& run) {
  std::setlocale(LC_ALL, "C.UTF-8");  // without it, libarchive refuses names that are not ASCII
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // write() tells of a limit on files, as of a full disk
  fill_standard_streams();
  try {
    return finish_stdout(run());
  } catch (const UsageError& e) {
    return report_failure(e.what(), e.hint(), kUsage);
  } catch (const SystemFailure& e) {
    return report_failure(e.what(), e.hint(), kFailed);
  } catch (const std::bad_alloc&) {
    return report_failure("out of memory", "stop other programs or add memory, then run the same command again", kFailed);
  } catch (const std::exception& e) {
    return report_failure(
        std::string("internal error: ") + e.what(),
        "this is a bug in patchferry " PATCHFERRY_VERSION "; please report it together with the command that you typed", kFailed);
  }
}

// --- the list of commands --------------------------------------------------------------------------------------

std::string list_of(const Program& program) {
  std::size_t width = 0;
  for (const auto& command : program.commands) width = std::max(width, std::string_view(command.name).size());
  std::string text = fmt::format("{}\n\nUsage: {} <command> [options]\n\nCommands:\n", program.about, program.name);
  for (const auto& command : program.commands) text += fmt::format("  {:<{}}  {}\n", command.name, width, command.summary);
  return text + fmt::format("\n'{} help <command>' shows what a command takes.", program.name);
}

struct Found {
  const Command* command = nullptr;
  std::size_t words = 0;  // that its name took
};

Found find_command(const Program& program, const Strings& typed) {
  for (std::size_t words = std::min<std::size_t>(3, typed.size()); words > 0; --words) {
    const std::string name = fmt::format("{}", fmt::join(typed.begin(), typed.begin() + static_cast<std::ptrdiff_t>(words), " "));
    for (const auto& command : program.commands)
      if (name == command.name) return {&command, words};
  }
  return {};
}

[[noreturn]] void unknown_command(const Program& program, const Strings& typed) {
  const std::string list_hint = fmt::format("'{} --help' lists the commands", program.name);
  if (typed[0].starts_with("-")) throw UsageError(fmt::format("unknown option '{}'", typed[0]), list_hint);

  Strings names;
  std::string seconds;  // what may follow the first word
  for (const auto& command : program.commands) {
    names.emplace_back(command.name);
    if (names.back().starts_with(typed[0] + " "))
      seconds += (seconds.empty() ? "" : ", ") + names.back().substr(typed[0].size() + 1);
  }
  if (!seconds.empty() && (typed.size() == 1 || typed[1].starts_with("-")))
    throw UsageError(fmt::format("'{}' needs a second word: {}", typed[0], seconds), list_hint);

  std::string unknown = typed[0];
  std::string meant;
  if (typed.size() > 1) {
    meant = nearest(typed[0] + " " + typed[1], names);
    if (!meant.empty() || !seconds.empty()) unknown += " " + typed[1];
  }
  if (meant.empty()) meant = nearest(typed[0], names);
  throw UsageError(fmt::format("unknown command '{}'", unknown),
                   meant.empty() ? list_hint : fmt::format("did you mean '{} {}'?", program.name, meant));
}

int run_typed(const Program& program, Strings typed) {
  if (typed.empty()) {
    std::fputs((list_of(program) + "\n").c_str(), stderr);
    return kUsage;
  }
  if (typed[0] == "--version") {
    print(fmt::format("{} {}", program.name, PATCHFERRY_VERSION));
    return kDone;
  }
  const bool help = typed[0] == "help" && find_command(program, typed).command == nullptr;
  if (typed[0] == "--help" || typed[0] == "-h" || (help && (typed.size() == 1 || typed[1] == "help"))) {
    print(list_of(program));
    return kDone;
  }
  if (help) {
    typed.erase(typed.begin());
    typed.emplace_back("--help");
  }
  const Found found = find_command(program, typed);
  if (found.command == nullptr) unknown_command(program, typed);
  Strings arguments = {found.command->name};
  arguments.insert(arguments.end(), typed.begin() + static_cast<std::ptrdiff_t>(found.words), typed.end());
  return found.command->run(std::move(arguments));
}

// --- what a command declares -----------------------------------------------------------------------------------

constexpr OptionSpec kGlobalOptions[] = {
    {"q,quiet", "print results and errors only", nullptr},
    {"h,help", "show this text", nullptr},
};

std::vector<OptionSpec> options_of(const CommandSpec& spec) {
  std::vector<OptionSpec> all(spec.options.begin(), spec.options.end());
  all.insert(all.end(), std::begin(kGlobalOptions), std::end(kGlobalOptions));
  return all;
}

struct Names {
  std::string letter;  // "s" of "s,store"; may be empty
  std::string name;    // "store"
};

Names names_of(const OptionSpec& option) {
  const std::string text = option.name;
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return {"", text};
  return {text.substr(0, comma), text.substr(comma + 1)};
}

// "patchferry mirror add" of "patchferry mirror add --store DIR FILE...": the leading words in lower case.
std::string command_in(std::string_view usage) {
  std::string command;
  while (!usage.empty()) {
    const std::string_view word = usage.substr(0, usage.find_first_of(" \n"));
    if (word.empty() || word[0] < 'a' || word[0] > 'z') break;
    command += (command.empty() ? "" : " ") + std::string(word);
    usage.remove_prefix(std::min(usage.size(), word.size() + 1));
  }
  return command;
}

std::string indented(std::string_view text, std::size_t width) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty()) out += std::string(width, ' ') + std::string(line);
    if (!text.empty()) out += "\n";
  }
  return out;
}

std::string help_of(const CommandSpec& spec) {
  constexpr std::string_view kUsageLabel = "Usage: ";
  std::vector<std::pair<std::string, std::string>> lines;
  std::size_t width = 0;
  for (const auto& option : options_of(spec)) {
    const Names names = names_of(option);
    std::string left = names.letter.empty() ? "    --" + names.name : fmt::format("-{}, --{}", names.letter, names.name);
    if (option.value != nullptr) left += fmt::format(" {}", option.value);
    width = std::max(width, left.size());
    lines.emplace_back(left, std::string(option.text) + (option.many ? " (may be given several times)" : ""));
  }
  std::string text = std::string(kUsageLabel) + indented(spec.usage, kUsageLabel.size()).substr(kUsageLabel.size());
  text += fmt::format("\n\n{}\n\nOptions:", spec.about);
  for (const auto& [left, right] : lines) text += fmt::format("\n  {:<{}}  {}", left, width, right);
  if (spec.example != nullptr && *spec.example != '\0') text += "\n\nExample:\n" + indented(spec.example, 2);
  return text;
}

std::string help_hint(const CommandSpec& spec) { return fmt::format("'{} --help' shows what it takes", command_in(spec.usage)); }

std::string dashed(const std::string& name) { return (name.size() == 1 ? "-" : "--") + name; }

// The option that a message of cxxopts is about: it gives it in quotation marks only.
std::string option_in(const cxxopts::exceptions::exception& e) {
  const std::string_view text = e.what();
  const std::size_t begin = text.find(cxxopts::LQUOTE);
  if (begin == std::string_view::npos) return {};
  const std::size_t from = begin + cxxopts::LQUOTE.size();
  return std::string(text.substr(from, text.find(cxxopts::RQUOTE, from) - from));
}

cxxopts::ParseResult parse(const CommandSpec& spec, const Strings& arguments) {
  cxxopts::Options options(command_in(spec.usage));
  Strings names;
  for (const auto& option : options_of(spec)) {
    if (option.value == nullptr)
      options.add_options()(option.name, option.text);
    else
      options.add_options()(option.name, option.text, cxxopts::value<Strings>());
    names.push_back(names_of(option).name);
  }
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  try {
    return options.parse(static_cast<int>(argv.size()), argv.data());
  } catch (const cxxopts::exceptions::no_such_option& e) {
    const std::string option = option_in(e);
    const std::string meant = nearest(option, names);
    throw UsageError("unknown option " + dashed(option),
                     meant.empty() ? help_hint(spec) : fmt::format("did you mean --{}?", meant));
  } catch (const cxxopts::exceptions::missing_argument& e) {
    throw UsageError(fmt::format("option {} needs a value", dashed(option_in(e))), help_hint(spec));
  } catch (const cxxopts::exceptions::invalid_option_syntax& e) {
    throw UsageError(fmt::format("'{}' is not an option", option_in(e)),
                     "put '--' before names that begin with '-'; " + help_hint(spec));
  } catch (const cxxopts::exceptions::incorrect_argument_type& e) {
    throw UsageError(fmt::format("an option that takes no value was given '{}'", option_in(e)), help_hint(spec));
  } catch (const cxxopts::exceptions::parsing& e) {
    throw UsageError(e.what(), help_hint(spec));
  }
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  return guarded([&] { return run_typed(program, Strings(argv + std::min(argc, 1), argv + argc)); });
}

int run_guarded(int (*run)(std::vector<std::string>), int argc, char** argv) {
  return guarded([&] {
    Strings arguments(argv, argv + argc);
    if (arguments.empty()) arguments.emplace_back("patchferry");
    if (arguments.size() == 2 && arguments[1] == "--version") {
      print(fmt::format("{} {}", arguments[0].substr(arguments[0].rfind('/') + 1), PATCHFERRY_VERSION));
      return static_cast<int>(kDone);
    }
    return run(std::move(arguments));
  });
}

Arguments::Arguments(const CommandSpec& spec, const std::vector<std::string>& arguments) {
  const cxxopts::ParseResult result = parse(spec, arguments);
  const auto is_option = [&](const std::string& text) {
    const auto all = options_of(spec);
    return text == "--" ||
           std::any_of(all.begin(), all.end(), [&](const OptionSpec& o) { return text == "--" + names_of(o).name; });
  };
  for (const auto& option : options_of(spec)) {
    Value known{names_of(option).name, {}};
    if (result.count(known.name) > 0) {
      if (option.value == nullptr) {
        if (result[known.name].as<bool>()) known.given.emplace_back();
      } else {
        known.given = result[known.name].as<Strings>();
      }
    }
    if (option.value != nullptr && !option.many && known.given.size() > 1)
      throw UsageError(fmt::format("option --{} is given {} times", known.name, known.given.size()), "give it once");
    for (const auto& given : known.given)
      if (is_option(given))
        throw UsageError(fmt::format("option --{} needs a value, not {}", known.name, given), help_hint(spec));
    values_.push_back(std::move(known));
  }
  positional_ = result.unmatched();
  if (has("quiet")) set_quiet(true);
  if (has("help")) {
    print(help_of(spec));
    help_shown_ = true;
  }
}

const Arguments::Value* Arguments::find(const std::string& name) const {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const Value& v) { return v.name == name; });
  assert(found != values_.end() && "a command asks only for options that it declares");
  return found == values_.end() ? nullptr : &*found;
}

bool Arguments::has(const std::string& name) const {
  const Value* option = find(name);
  return option != nullptr && !option->given.empty();
}

std::string Arguments::value(const std::string& name) const {
  const Value* option = find(name);
  return option == nullptr || option->given.empty() ? std::string() : option->given.back();
}

std::string Arguments::required(const std::string& name) const {
  std::string given = value(name);
  if (given.empty())
    throw UsageError(fmt::format("option --{} is needed", name), fmt::format("add --{}; --help says what it takes", name));
  return given;
}

std::vector<std::string> Arguments::values(const std::string& name) const {
  const Value* option = find(name);
  return option == nullptr ? Strings() : option->given;
}

int report(const Refusal& refusal) {
  std::string text = refusal.where.empty() ? refusal.text : refusal.where + ": " + refusal.text;
  if (refusal.offset) text += fmt::format(" (at byte {})", *refusal.offset);
  text += fmt::format(" [{}]", name_of(refusal.kind));  // the word under which docs/refusals.md explains it
  std::fflush(stdout);
  error_line(text, refusal.hint);
  return kRefused;
}

}  // namespace patchferry
