// SPDX-License-Identifier: Apache-2.0
// `patchferry <command> …` runs the program of the side that the command belongs to, as `git` does: neither side
// carries the other's code. The programs are looked for beside this one and nowhere else.
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "system/failure.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry {
namespace {

enum class Side { internet, anywhere, air_gapped };

struct SideInfo {
  Side side;
  const char* title;
  const char* program;
  const char* half;  // what to install if the program is missing
};

constexpr SideInfo kSides[] = {
    {Side::internet, "Internet side", "patchferry-mirror", "the mirror half of Patchferry (for a machine on the internet side)"},
    {Side::anywhere, "Anywhere", "patchferry-verify", "the verifier of Patchferry (part of both halves)"},
    {Side::air_gapped, "Air-gapped side", "patchferry-site", "the site half of Patchferry (for the air-gapped side)"},
};

struct Entry {
  const char* command;
  const char* summary;
  Side side;
};

constexpr Entry kEntries[] = {
    {"keygen", "make a key that signs bundles", Side::internet},
    {"mirror add", "take archives into the store", Side::internet},
    {"mirror list", "list the patchsets in the store", Side::internet},
    {"mirror withdraw", "mark patchsets that the vendor has taken back", Side::internet},
    {"mirror site add", "say by which key a site is known", Side::internet},
    {"mirror site list", "list the sites that the store ships to", Side::internet},
    {"head make", "say, signed, which bundle is the newest for a site", Side::internet},
    {"permit make", "allow a site to go back to an older bundle", Side::internet},
    {"export", "build a signed bundle for a site", Side::internet},
    {"sign", "add a signature to a bundle, an archive or a root document", Side::internet},
    {"trust create", "make the first root document: who may sign what", Side::internet},
    {"trust rotate", "make the next root document: change keys and thresholds", Side::internet},
    {"trust show", "show root documents, and who must still sign", Side::internet},
    {"trust words", "show keys and root documents as words to compare", Side::internet},
    {"verify", "check that a bundle or archive is authentic, complete and undamaged", Side::anywhere},
    {"inspect", "show what a bundle says it holds", Side::anywhere},
    {"init", "set up a site and the keys that it trusts", Side::air_gapped},
    {"adopt", "take over the archives of an existing ePortal", Side::air_gapped},
    {"import", "verify a bundle and bring its patchsets in", Side::air_gapped},
    {"archives", "make again the archives that arch/ lacks", Side::air_gapped},
    {"diff", "show what an import would change", Side::air_gapped},
    {"deploy", "store archives that came without a bundle, and deploy them", Side::air_gapped},
    {"enable", "put patchsets into a feed", Side::air_gapped},
    {"disable", "take patchsets out of a feed, and keep them out", Side::air_gapped},
    {"enable-upto", "put a patchset and all older ones into a feed", Side::air_gapped},
    {"undeploy-downto", "take a patchset and all newer ones out of a feed", Side::air_gapped},
    {"clean", "take away what is obsolete", Side::air_gapped},
    {"check", "read everything again, and find what has changed on the disk", Side::air_gapped},
    {"pin", "keep patchsets, however obsolete they become", Side::air_gapped},
    {"unpin", "let pinned patchsets go", Side::air_gapped},
    {"approve", "let feeds that need approval take patchsets", Side::air_gapped},
    {"reject", "keep the rules of feeds from taking patchsets", Side::air_gapped},
    {"feed add", "make a feed", Side::air_gapped},
    {"feed change", "say whether a feed fills itself, and by which rules", Side::air_gapped},
    {"feed remove", "remove a feed", Side::air_gapped},
    {"feed promote", "put into one feed what another has", Side::air_gapped},
    {"feed list", "list the feeds and their generations", Side::air_gapped},
    {"feed diff", "show what a feed would gain and lose if it became like another", Side::air_gapped},
    {"feed history", "show what changed in each generation of a feed", Side::air_gapped},
    {"feed rollback", "let a feed show again what it showed before", Side::air_gapped},
    {"list", "list patchsets and their state in each feed", Side::air_gapped},
    {"show", "show one patchset in full: kernels, CVEs, changes, feeds", Side::air_gapped},
    {"log", "show who changed what on this site, and check that record", Side::air_gapped},
    {"receipt", "write down what the site has, for the next export", Side::air_gapped},
    {"serve-config", "write what a web server needs to show the feeds", Side::air_gapped},
    {"head take", "take the signed number of the newest bundle", Side::air_gapped},
    {"trust add", "enrol another key or trust domain", Side::air_gapped},
    {"trust remove", "believe a key or trust domain no longer", Side::air_gapped},
    {"trust update", "take newer root documents without a bundle", Side::air_gapped},
    {"trust stream add", "accept the bundles of another store", Side::air_gapped},
    {"trust stream remove", "accept the bundles of a store no longer", Side::air_gapped},
    {"trust stream list", "list the stores whose bundles are accepted", Side::air_gapped},
    {"tick", "let feeds take what their rules allow by now", Side::air_gapped},
    {"status", "show how current and how healthy the site is", Side::air_gapped},
    {"backup", "write the site into one file", Side::air_gapped},
    {"restore", "make a site of what backup wrote", Side::air_gapped},
    {"doctor", "look for what is wrong with the site", Side::air_gapped},
};

const SideInfo& info_of(Side side) {
  for (const auto& info : kSides)
    if (info.side == side) return info;
  return kSides[0];
}

const Entry& entry_of(std::string_view command) {
  for (const auto& entry : kEntries)
    if (command == entry.command) return entry;
  throw UsageError(fmt::format("unknown command '{}'", command));
}

std::string own_folder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) throw_errno("read", "/proc/self/exe");
  const std::string text(path.data(), static_cast<std::size_t>(length));
  return text.substr(0, text.rfind('/'));
}

// What the program is to be called with: the words that were typed, but the verifier has no commands.
std::vector<std::string> words_for(const Entry& entry, std::vector<std::string> arguments) {
  const std::string command = arguments.front();
  arguments.erase(arguments.begin());
  std::vector<std::string> words;
  if (entry.side == Side::anywhere) {
    if (command == "inspect") words.emplace_back("--inspect");
  } else {
    for (std::size_t at = 0; at != std::string::npos;) {
      const std::size_t space = command.find(' ', at);
      words.push_back(command.substr(at, space - at));
      at = space == std::string::npos ? space : space + 1;
    }
  }
  words.insert(words.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
  return words;
}

int hand_over(std::vector<std::string> arguments) {
  const Entry& entry = entry_of(arguments.front());
  const SideInfo& info = info_of(entry.side);
  const std::string folder = own_folder();
  std::string program = folder + "/" + info.program;
  std::vector<std::string> words = words_for(entry, std::move(arguments));

  std::vector<char*> argv = {program.data()};
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  if (errno != ENOENT) throw_errno("run", program);
  throw SystemFailure(fmt::format("cannot run '{}': {} is not installed in {}", entry.command, info.program, folder), ENOENT,
                      fmt::format("install {}, or run the command on a machine that has it", info.half));
}

std::string grouped_list() {
  std::string text =
      "Patchferry carries live-patch archives to servers without internet, and proves every byte on the way.\n\n"
      "Usage: patchferry <command> [options]\n";
  for (const auto& info : kSides) {
    text += fmt::format("\n{}:\n", info.title);
    for (const auto& entry : kEntries)
      if (entry.side == info.side) text += fmt::format("  {:<19}  {}\n", entry.command, entry.summary);
  }
  return text + "\n'patchferry help <command>' shows what a command takes.";
}

int show_list(std::vector<std::string>) {
  print(grouped_list());
  return kDone;
}

std::array<Command, std::size(kEntries)> commands() {
  std::array<Command, std::size(kEntries)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {kEntries[i].command, kEntries[i].summary, hand_over};
  return all;
}

}  // namespace
}  // namespace patchferry

int main(int argc, char** argv) {
  using namespace patchferry;
  const std::string_view first = argc > 1 ? argv[1] : "";
  const std::string_view second = argc > 2 ? argv[2] : "";
  const bool list = first == "--help" || first == "-h" || (first == "help" && (second.empty() || second == "help"));
  if (list) return run_guarded(show_list, argc, argv);
  if (argc <= 1) {
    std::fputs((grouped_list() + "\n").c_str(), stderr);
    return kUsage;
  }
  const auto all = commands();
  return run_program({"patchferry", all, ""}, argc, argv);
}
