// SPDX-License-Identifier: Apache-2.0
// patchferry clean: takes away what is obsolete.
#include <nlohmann/json.hpp>

#include "importer/cleaning/clean.h"
#include "importer/cleaning/cleaning_commands.h"
#include "importer/commands.h"
#include "importer/reserve.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"dry-run", "only show what would go, what it would free, and with --verbose why the rest stays", nullptr},
    {"verbose", "also say of what stays why it does", nullptr},
    {"empty-trash", "empty the trash at once, of what is cleaned now too", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: dry_run, cleaned[], leaving[], kept[], bytes, objects, object_bytes, trash, published[]",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry clean --base DIR [--dry-run] [--verbose] [--empty-trash]",
    "Moves patchsets into trash/ for which every feed has something newer, and which nothing speaks for any more: no pin, no feed that may\n"
    "still take them, not the last generations, nor [clean] in the configuration. What the newest receipt promises to whoever makes bundles\n"
    "goes in two steps: the next receipt says so, the clean after it takes it away. docs/cleaning.md tells it all. On a full disk it works too.",
    kOptions,
    "patchferry clean --base /var/lib/patchferry --dry-run",
};

nlohmann::json items_json(const std::vector<CleanItem>& items, bool with_bytes) {
  auto out = nlohmann::json::array();
  for (const auto& one : items) {
    out.push_back({{"name", one.name}, {"reason", one.why.reason}, {"text", one.why.text}});
    if (with_bytes) out.back()["bytes"] = one.bytes;
  }
  return out;
}

nlohmann::json report_json(const CleanReport& report, bool dry, std::uint64_t in_trash) {
  auto published = nlohmann::json::array();
  for (const auto& one : report.published)
    published.push_back({{"feed", one.feed}, {"generation", one.generation}, {"reissued", one.reissued}});
  return {{"dry_run", dry},
          {"cleaned", items_json(report.plan.goes, true)},
          {"leaving", items_json(report.plan.leaves, false)},
          {"kept", items_json(report.plan.stays, false)},
          {"bytes", report.plan.bytes},
          {"objects", dry ? report.plan.objects : report.objects},
          {"object_bytes", dry ? report.plan.object_bytes : report.object_bytes},
          {"trash", {{"bytes", in_trash}, {"emptied", report.emptied.bytes}}},
          {"published", published}};
}

void print_plan(const CleanReport& report, bool dry, bool verbose) {
  for (const auto& one : report.plan.goes)
    print(one.name + (dry ? " would go: " : " is cleaned away: ") + one.why.text + " (" + size_text(one.bytes) + ")");
  for (const auto& one : report.plan.leaves) print(one.name + (dry ? " would leave: " : " leaves: ") + one.why.text);
  if (report.plan.left_over != 0)
    print(count_text(report.plan.left_over, "content") + " that no patchset needs" + (dry ? " would go" : " went") +
          " to the trash (" + size_text(report.plan.left_over_bytes) + ")");
  if (verbose)
    for (const auto& one : report.plan.stays) print(one.name + " stays: " + one.why.text);
}

void say_more(const CleanReport& report, bool dry) {
  if (report.disk_was_full && !dry)
    note("the disk was full: the whole trash was emptied, and what is cleaned does not stay in it");
  if (!report.plan.unread.empty())
    note("nobody has written down what is in " + report.plan.unread.front() +
         ", which came before that was done: 'patchferry archives' reads it; until then all contents stay");
  if (!report.plan.goes.empty() && !report.plan.has_issued_receipt)
    note(
        "this site has never issued a receipt: the next bundle, if it is made with --assume-delivered, may have to be made with "
        "--full once");
  for (const auto& name : report.not_kept)
    note("the archive of " + name + " is deleted: arch/ lies on another file system, and here is no room to keep it in trash/");
}

int dry_run(const Arguments& args) {
  Site site = open_site(args);
  recover(site);
  CleanReport report;
  report.plan = plan_clean(site);
  if (args.has("json"))
    print(report_json(report, true, trash_bytes(site)).dump(2));
  else
    print_plan(report, true, args.has("verbose"));
  say_more(report, true);
  if (!report.plan.has_work()) {
    note("nothing to clean: " + count_text(report.plan.stays.size(), "patchset") + " stay" +
         (report.plan.stays.size() == 1 ? "s" : ""));
    return kNothingToDo;
  }
  if (!args.has("json") && !is_quiet())
    print((report.plan.goes.empty() && report.plan.left_over != 0
               ? std::string("that frees ")
               : count_text(report.plan.goes.size(), "patchset") + " would go, and free ") +
          size_text(report.plan.bytes) + " once the trash is empty");
  return kDone;
}

}  // namespace

int cmd_clean(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "clean");
  if (args.has("dry-run")) {
    if (args.has("empty-trash"))
      throw UsageError("--dry-run changes nothing, so it cannot empty the trash", "leave one of them out");
    return dry_run(args);
  }
  CleanOrder order;
  order.empty_trash = args.has("empty-trash");
  // Even to open a base whose last command was interrupted takes some room.
  const std::string base = settings_of(args).base;
  if (is_folder(base) && is_full(base)) order.disk_was_full = give_back_reserve(base);
  Site site = open_site(args);
  recover(site);
  const CleanReport report = clean(site, order);
  const std::uint64_t in_trash = trash_bytes(site);
  if (args.has("json"))
    print(report_json(report, false, in_trash).dump(2));
  else if (!is_quiet())
    print_plan(report, false, args.has("verbose"));
  say_more(report, false);
  const bool did_something =
      !report.plan.goes.empty() || !report.newly_leaving.empty() || report.objects != 0 || !report.emptied.folders.empty();
  if (!args.has("json") && !is_quiet()) {
    if (!report.emptied.folders.empty()) print("emptied the trash: " + size_text(report.emptied.bytes) + " are free again");
    if (in_trash != 0)
      print("the trash holds " + size_text(in_trash) + ", each for " + count_text(site.settings().clean.trash_days, "day") +
            "; --empty-trash frees it at once");
    print_published(report.published);
  }
  if (did_something) return kDone;
  note("nothing to do");
  return kNothingToDo;
}

}  // namespace patchferry::importer
