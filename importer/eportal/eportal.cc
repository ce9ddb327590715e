// SPDX-License-Identifier: Apache-2.0
// The vendor's words, and who answers each.
#include "importer/eportal/eportal.h"

#include <algorithm>
#include <cstdio>

#include "importer/eportal/log.h"
#include "importer/eportal/missing.h"
#include "importer/eportal/words.h"
#include "system/rel_path.h"
#include "terminal/interruption.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

using Strings = std::vector<std::string>;

constexpr const char* kName = "kc.eportal";

struct Product {
  const char* word;
  const char* product;  // as names of patchsets have it
  const char* about;
};
constexpr Product kProducts[] = {
    {"kcare", "kernel", "patchsets of kernels"},
    {"libcare", "user", "patchsets of shared libraries"},
    {"qemu", "qemu", "patchsets of qemu"},
    {"db", "db", "patchsets of databases"},
};

constexpr OptionSpec kDeployOptions[] = {
    {"feed", "the feed to enable it in (default: main)", "FEED"},
    {"disabled", "store it, and keep it out of the feed", nullptr},
};
constexpr OptionSpec kFeedOption[] = {{"feed", "the feed to fill (default: main)", "FEED"}};
constexpr OptionSpec kUnrollOptions[] = {
    {"feed", "in this feed alone (default: in every feed)", "FEED"},
    {"delete", "take its files away as well, into the trash", nullptr},
};
constexpr OptionSpec kFeedOptions[] = {
    {"a", "add the feed", nullptr},
    {"c", "change the feed", nullptr},
    {"auto", "it takes new releases by itself", nullptr},
    {"no-auto", "it waits for somebody to change it", nullptr},
    {"deploy-after", "wait so long after the release", "hours"},
    {"channel", "take this one and steadier ones: {default,test,unstable}", "CHANNEL"},
};
constexpr OptionSpec kDoctorOptions[] = {{"no-send", "as happens without this option too", nullptr}};

constexpr OptionSpec kRestoreOptions[] = {
    {"db", "database, keys and trust alone", nullptr},
    {"data", "archives and contents alone, into a base that is there", nullptr},
    {"full", "all of it, as without an option", nullptr},
    {"config", "refused: the configuration is put beside, for people to compare", nullptr},
    {"instance-id", "refused: a site is known by its key, which --db brings", nullptr},
};

constexpr Positional kFile[] = {{"FILE", "the backup"}};
constexpr Positional kDir[] = {{"DIR", "where it goes, under a name with site and time"}};
constexpr Positional kArchive[] = {{"archive", "the archive's file, such as K20260105_01.tar.bz2"}};
constexpr Positional kPatchset[] = {{"NAME", "the patchset, such as K20260105_01"}};
constexpr Positional kFeed[] = {{"feed", "its name", true}};

constexpr const char* kUpdateAbout =
    "Takes what lies in the drop folder, then enables in the feed what is here.\n"
    "The key drop = \"/path\" in /etc/patchferry/config.toml names the folder. What a person has taken out stays out.";
constexpr const char* kAutoUpdateAbout = "As update, for every feed that takes new releases by itself.";
constexpr const char* kBackupDbAbout = "Writes a backup without archives and contents into a folder, and prints its path.";
constexpr const char* kRestoreAbout =
    "Puts a backup back: into a new base, or over the one that is there, whose database is set aside.\n"
    "'patchferry restore' does the same, and wants --into-existing for the latter.";
constexpr const char* kUnrollAbout = "Disables a patchset in every feed: nothing automatic enables it again. Its files stay.";
constexpr const char* kUnrollDeleteAbout =
    "Disables a patchset in every feed: nothing automatic enables it again. Its files stay, but for --delete.";

/// After a product.
constexpr Word kProductWords[] = {
    {"deploy", "[--feed FEED] [--disabled] archive", "Stores an archive and enables its patchset in a feed.", kDeployOptions,
     kArchive, deploy_archive},
    {"update", "[--feed FEED]", kUpdateAbout, kFeedOption, {}, update},
    {"auto-update", "", kAutoUpdateAbout, {}, {}, auto_update},
    {"unroll", "[--feed FEED] [--delete] NAME", kUnrollDeleteAbout, kUnrollOptions, kPatchset, unroll},
    {"download-missing",
     "",
     "Makes again what arch/ and the trees lack, as 'patchferry archives' does. Nothing is downloaded.",
     {},
     {},
     download_missing},
};

constexpr Word kWords[] = {
    {"--deploy", "archive", "Stores an archive of any product and enables its patchset in main.", {}, kArchive, deploy_archive},
    {"--unroll", "NAME", kUnrollAbout, {}, kPatchset, unroll},
    {"--clean-releases",
     "",
     "Takes away what is obsolete, as 'patchferry clean' does. DRY_RUN=1 before the command: it only shows what would go.",
     {},
     {},
     clean_releases},
    {"--get-latest", "", "Updates main for every product.", {}, {}, update},
    {"--auto-update", "", kAutoUpdateAbout, {}, {}, auto_update},
    {"feed", "[-a] [-c] [--auto] [--no-auto] [--deploy-after hours] [--channel CHANNEL] [feed]",
     "Lists the feeds, adds one (-a), or changes one (-c). Of main, too, --auto and --no-auto can be changed here.", kFeedOptions,
     kFeed, feed},
    {"sync-nginx-conf",
     "",
     "Writes nginx's configuration, as 'patchferry serve-config nginx --reload' does.",
     {},
     {},
     sync_nginx_conf},
    {"backup",
     "FILE",
     "Writes the site into a file: database, keys, trust, configuration, archives and contents.",
     {},
     kFile,
     backup},
    {"backup-db", "DIR", kBackupDbAbout, {}, kDir, backup_db},
    {"restore", "[--db|--config|--instance-id|--data|--full] FILE", kRestoreAbout, kRestoreOptions, kFile, restore_backup},
    {"doctor",
     "[--no-send]",
     "Looks for what is wrong, writes a report into reports/ of the base, and prints its path. Nothing is sent.",
     kDoctorOptions,
     {},
     doctor},
};

template <class Table>
std::string names_of(const Table& table) {
  std::string out;
  for (const auto& one : table) out += (out.empty() ? "" : ",") + std::string(one.name);
  return out;
}

const Word* find(std::span<const Word> words, const std::string& name) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return name == word.name; });
  return found == words.end() ? nullptr : &*found;
}

/// The first line of what its help says.
std::string summary_of(const Word& word) {
  const std::string about = word.about;
  return about.substr(0, about.find('\n'));
}

bool is_help(const std::string& word) { return word == "-h" || word == "--help"; }

std::string usage() { return std::string("usage: ") + kName + " [-h] [--version] {kcare,libcare,qemu,db} … | word …"; }

std::string help() {
  std::string text =
      usage() + "\n\nThe vendor's command line, spoken by Patchferry. 'patchferry --help' shows all that it can do.\n";
  text += "\nproducts:\n";
  for (const auto& product : kProducts) text += help_line(product.word, product.about);
  text += "\nafter a product:\n";
  for (const auto& word : kProductWords) text += help_line(word.name, summary_of(word));
  text += "\nother words:\n";
  for (const auto& word : kWords) text += help_line(word.name, summary_of(word));
  for (const auto& word : missing_words()) text += help_line(word.name, std::string("(") + word.why + ")");
  text += "\noptional arguments:\n" + help_line("-h, --help", "show this help message and exit") +
          help_line("--version", "show the version and exit");
  text.pop_back();
  return text;
}

int run_product(const Product& product, const Strings& rest) {
  const std::string before = std::string(kName) + " " + product.word;
  const std::string usage = "usage: " + before + " [-h] {" + names_of(kProductWords) + "} ...";
  if (rest.empty()) return usage_error(usage, before, "one of these words is required");
  if (is_help(rest.front())) {
    std::string text = usage + "\n\n";
    for (const auto& word : kProductWords) text += help_line(word.name, summary_of(word));
    text.pop_back();
    print(text);
    return kDone;
  }
  const Word* word = find(kProductWords, rest.front());
  if (word == nullptr)
    return usage_error(usage, before,
                       "invalid choice: '" + printable(rest.front()) + "' (choose from " + names_of(kProductWords) + ")");
  return run_word(*word, before, product.product, {rest.begin() + 1, rest.end()});
}

int run_words(Strings typed) {
  typed.erase(typed.begin());
  if (typed.empty()) return usage_error(usage(), kName, "a word is required; --help lists them");
  if (is_help(typed.front())) {
    print(help());
    return kDone;
  }
  // "--unroll=NAME"
  if (const auto sign = typed.front().find('='); typed.front().starts_with("--") && sign != std::string::npos) {
    typed.insert(typed.begin() + 1, typed.front().substr(sign + 1));
    typed.front().resize(sign);
  }
  const std::string first = typed.front();
  const Strings rest(typed.begin() + 1, typed.end());
  for (const auto& product : kProducts)
    if (first == product.word) return run_product(product, rest);
  if (const Word* word = find(kWords, first)) return run_word(*word, kName, "", rest);
  if (const MissingWord* word = find_missing(first)) return run_missing(*word, rest);
  return usage_error(usage(), kName, "invalid choice: '" + printable(first) + "'; --help lists the words");
}

int run_as_scripts_expect(Strings typed) {
  const int code = run_words(std::move(typed));
  return code == kNothingToDo ? kDone : code;
}

}  // namespace

bool is_meant(int argc, char** argv) {
  if (argc < 1) return false;
  const std::string called = argv[0];
  return called.substr(called.rfind('/') + 1) == kName;
}

int run(int argc, char** argv) {
  speak_as(log_line);
  tell_when_interrupted(kName);
  return run_guarded(run_as_scripts_expect, argc, argv);
}

}  // namespace patchferry::importer::eportal
