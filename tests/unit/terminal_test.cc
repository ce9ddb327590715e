// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdio>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

#include "system/failure.h"
#include "terminal/command.h"
#include "terminal/output.h"

using namespace patchferry;

namespace {

using Strings = std::vector<std::string>;

// Sends one of our standard streams into a temporary file for as long as it lives.
class Captured {
 public:
  explicit Captured(std::FILE* stream) : stream_(stream), file_(std::tmpfile()) {
    std::fflush(stream_);
    saved_ = ::dup(::fileno(stream_));
    ::dup2(::fileno(file_), ::fileno(stream_));
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() {
    std::fflush(stream_);
    ::dup2(saved_, ::fileno(stream_));
    ::close(saved_);
    std::fclose(file_);
  }
  std::string text() {
    std::fflush(stream_);
    std::rewind(file_);
    std::string all;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) all.push_back(static_cast<char>(c));
    return all;
  }

 private:
  std::FILE* stream_;
  std::FILE* file_;
  int saved_;
};

constexpr OptionSpec kOptions[] = {
    {"s,store", "where archives are kept", "DIR"},
    {"only", "ship these only", "SELECTOR", true},
    {"json", "one JSON document", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry pretend --store DIR FILE...",
    "Pretends to work.",
    kOptions,
    "patchferry pretend --store s a.tar.bz2",
};

Arguments parsed(const Strings& words) {
  Strings all = {"pretend"};
  all.insert(all.end(), words.begin(), words.end());
  return Arguments(kSpec, all);
}

std::string hint_of(const Strings& words) {
  try {
    parsed(words);
  } catch (const UsageError& e) {
    return e.hint();
  }
  return "no UsageError";
}

Strings last_run;

int remember(Strings arguments) {
  last_run = std::move(arguments);
  return kDone;
}
int say(Strings) {
  print("said");
  return kDone;
}
int refuse_usage(Strings) { throw UsageError("cannot be meant", "mean something else"); }
int lose_disk(Strings) { throw SystemFailure("cannot write x: disk gone", 0, "buy another"); }
int lose_memory(Strings) { throw std::bad_alloc(); }
int trip(Strings) { throw std::logic_error("tripped"); }

constexpr Command kCommands[] = {
    {"export", "build a bundle", remember},     {"mirror add", "take archives in", remember},
    {"mirror list", "list archives", remember}, {"say", "say something", say},
    {"bad-usage", "throws", refuse_usage},      {"bad-disk", "throws", lose_disk},
    {"bad-memory", "throws", lose_memory},      {"bad-logic", "throws", trip},
};

int run(Strings words) {
  words.insert(words.begin(), "patchferry");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return run_program({"patchferry", kCommands, "A program for tests."}, static_cast<int>(words.size()), argv.data());
}

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome outcome_of(const Strings& words) {
  Captured out(stdout);
  Captured err(stderr);
  const int code = run(words);
  return {code, out.text(), err.text()};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("sizes are given in powers of a thousand with one decimal") {
  CHECK(size_text(0) == "0 bytes");
  CHECK(size_text(1) == "1 byte");
  CHECK(size_text(512) == "512 bytes");
  CHECK(size_text(999) == "999 bytes");
  CHECK(size_text(1000) == "1.0 kB");
  CHECK(size_text(12'345'678) == "12.3 MB");
  CHECK(size_text(2'600'000'000) == "2.6 GB");
  CHECK(size_text(std::numeric_limits<std::uint64_t>::max()) == "18.4 EB");
}

TEST_CASE("a size that rounds up to a thousand takes the next unit") {
  CHECK(size_text(999'949) == "999.9 kB");
  CHECK(size_text(999'950) == "1.0 MB");
  CHECK(size_text(999'999'999) == "1.0 GB");
}

TEST_CASE("counted nouns take their plural") {
  CHECK(count_text(0, "patchset") == "0 patchsets");
  CHECK(count_text(1, "patchset") == "1 patchset");
  CHECK(count_text(3, "patchset") == "3 patchsets");
  CHECK(count_text(2, "entry") == "2 entries");
  CHECK(count_text(2, "key") == "2 keys");
  CHECK(count_text(2, "patch") == "2 patches");
}

TEST_CASE("a table's columns are aligned by characters, and the last one is not padded") {
  Captured out(stdout);
  print_table({"NAME", "STATE"}, {{"K20260105_01", "enabled"}, {"\xc3\xa9t\xc3\xa9", "new"}});
  CHECK(out.text() == "NAME          STATE\nK20260105_01  enabled\n\xc3\xa9t\xc3\xa9           new\n");
}

TEST_CASE("option values keep their commas, spaces and line feeds, and may be empty") {
  CHECK(parsed({"--store", "a,b,,c"}).value("store") == "a,b,,c");
  CHECK(parsed({"--store=a,b c"}).value("store") == "a,b c");
  CHECK(parsed({"--store=a\nb"}).value("store") == "a\nb");
  CHECK(parsed({"-s", "x,y"}).value("store") == "x,y");
  CHECK(parsed({"--store="}).has("store"));
  CHECK(parsed({"--store="}).value("store").empty());
  CHECK(parsed({"--only", "a,b"}).values("only") == Strings{"a,b"});
}

TEST_CASE("a very long option value is taken as it is") {
  const std::string long_value(500'000, 'x');
  CHECK(parsed({"--store=" + long_value}).value("store") == long_value);
  CHECK(parsed({long_value}).positional() == Strings{long_value});
}

TEST_CASE("an option that may be given several times keeps every value in order") {
  const auto args = parsed({"--only", "b,1", "file", "--only=a", "--only", "b,1"});
  CHECK(args.values("only") == Strings{"b,1", "a", "b,1"});
  CHECK(args.positional() == Strings{"file"});
  CHECK(parsed({}).values("only").empty());
}

TEST_CASE("an option that is meant once is refused if given twice") {
  CHECK_THROWS_AS(parsed({"--store", "a", "--store", "b"}), UsageError);
}

TEST_CASE("a lone dash is a name, as argument and as value") {
  CHECK(parsed({"-"}).positional() == Strings{"-"});
  CHECK(parsed({"--store", "-", "x", "-"}).value("store") == "-");
  CHECK(parsed({"--store", "-", "x", "-"}).positional() == Strings{"x", "-"});
}

TEST_CASE("two dashes end the options") {
  const auto args = parsed({"a", "--", "--json", "-x", "--", "b"});
  CHECK_FALSE(args.has("json"));
  CHECK(args.positional() == Strings{"a", "--json", "-x", "--", "b"});
}

TEST_CASE("options may follow names") {
  const auto args = parsed({"a,b", "--json", "", "--store", "s"});
  CHECK(args.has("json"));
  CHECK(args.required("store") == "s");
  CHECK(args.positional() == Strings{"a,b", ""});
}

TEST_CASE("an unknown option is a usage error that suggests the nearest one") {
  CHECK_THROWS_AS(parsed({"--bogus"}), UsageError);
  CHECK_THROWS_AS(parsed({"-z"}), UsageError);
  CHECK_THROWS_AS(parsed({"--=x"}), UsageError);
  CHECK_THROWS_WITH(parsed({"--bogus"}), "unknown option --bogus");
  CHECK(hint_of({"--stroe", "x"}) == "did you mean --store?");
  CHECK(hint_of({"--bogus"}) == "'patchferry pretend --help' shows what it takes");
}

TEST_CASE("a missing value is a usage error, even before another option") {
  CHECK_THROWS_WITH(parsed({"--store"}), "option --store needs a value");
  CHECK_THROWS_AS(parsed({"--store", "--json"}), UsageError);
  CHECK_THROWS_AS(parsed({"--store", "--"}), UsageError);
  CHECK_THROWS_AS(parsed({"--json=perhaps"}), UsageError);
}

TEST_CASE("a required option that is missing or empty is a usage error") {
  CHECK_THROWS_AS(parsed({}).required("store"), UsageError);
  CHECK_THROWS_AS(parsed({"--store="}).required("store"), UsageError);
}

TEST_CASE("help shows usage, every option and the example") {
  Captured out(stdout);
  const auto args = parsed({"--help"});
  CHECK(args.help_shown());
  const std::string text = out.text();
  CHECK(text.starts_with("Usage: patchferry pretend --store DIR FILE...\n"));
  for (const char* part : {"-s, --store DIR", "--only SELECTOR", "may be given several times", "--json", "-h, --help",
                           "-q, --quiet", "Example:\n  patchferry pretend --store s a.tar.bz2\n"})
    CHECK(contains(text, part));
}

TEST_CASE("quiet silences notes and leaves errors") {
  Captured err(stderr);
  parsed({"--quiet"});
  CHECK(is_quiet());
  note("hush");
  error_line("bad", "");
  set_quiet(false);
  note("heard");
  CHECK(err.text() == "patchferry: error: bad\npatchferry: heard\n");
}

TEST_CASE("a command gets its own name and what follows it") {
  CHECK(outcome_of({"export", "--to", "d"}).code == kDone);
  CHECK(last_run == Strings{"export", "--to", "d"});
  CHECK(outcome_of({"mirror", "add", "list", "--help"}).code == kDone);
  CHECK(last_run == Strings{"mirror add", "list", "--help"});
  CHECK(outcome_of({"help", "mirror", "list"}).code == kDone);
  CHECK(last_run == Strings{"mirror list", "--help"});
}

TEST_CASE("no command is a usage error, and asking for help is not") {
  const auto none = outcome_of({});
  CHECK(none.code == kUsage);
  CHECK(none.out.empty());
  CHECK(contains(none.err, "mirror add"));
  for (const char* word : {"--help", "-h", "help"}) {
    const auto help = outcome_of({word});
    CHECK(help.code == kDone);
    CHECK(help.err.empty());
    CHECK(contains(help.out, "take archives in"));
  }
  CHECK(outcome_of({"--version"}).out.starts_with("patchferry "));
}

TEST_CASE("an unknown command is answered with the nearest name") {
  const auto one = outcome_of({"exprot"});
  CHECK(one.code == kUsage);
  CHECK(one.err == "patchferry: error: unknown command 'exprot'\npatchferry: hint: did you mean 'patchferry export'?\n");
  CHECK(contains(outcome_of({"exp"}).err, "did you mean 'patchferry export'?"));
  CHECK(contains(outcome_of({"mirror", "lsit"}).err, "did you mean 'patchferry mirror list'?"));
  CHECK(contains(outcome_of({"miror", "add"}).err, "did you mean 'patchferry mirror add'?"));
  CHECK(contains(outcome_of({"mirror"}).err, "'mirror' needs a second word: add, list"));
  CHECK(contains(outcome_of({"frobnicate", "x"}).err, "unknown command 'frobnicate'\npatchferry: hint: 'patchferry --help'"));
  CHECK(contains(outcome_of({"--frob"}).err, "unknown option '--frob'"));
}

TEST_CASE("what a command throws decides its exit code and is said once, after what it printed") {
  const auto usage = outcome_of({"bad-usage"});
  CHECK(usage.code == kUsage);
  CHECK(usage.err == "patchferry: error: cannot be meant\npatchferry: hint: mean something else\n");
  const auto disk = outcome_of({"bad-disk"});
  CHECK(disk.code == kFailed);
  CHECK(disk.err == "patchferry: error: cannot write x: disk gone\npatchferry: hint: buy another\n");
  CHECK(outcome_of({"bad-memory"}).code == kFailed);
  const auto logic = outcome_of({"bad-logic"});
  CHECK(logic.code == kFailed);
  CHECK(contains(logic.err, "internal error: tripped\npatchferry: hint: "));
}

TEST_CASE("a refusal names where and at which byte") {
  Refusal refusal;
  refusal.text = "bad checksum";
  refusal.hint = "copy it again";
  refusal.where = "volume-1";
  refusal.offset = 4096;
  Captured err(stderr);
  CHECK(report(refusal) == kRefused);
  CHECK(err.text() == "patchferry: error: volume-1: bad checksum (at byte 4096) [malformed]\npatchferry: hint: copy it again\n");
}
