// SPDX-License-Identifier: Apache-2.0
// patchferry trust stream add, remove, list: from which stores bundles are accepted.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/ledger.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kChangeOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: stream, changed", nullptr},
};
constexpr OptionSpec kListOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: streams[] with stream, epoch, sequence, head", nullptr},
};
constexpr CommandSpec kAdd = {
    "patchferry trust stream add --base DIR STREAM",
    "Accepts the bundles of another store beside those of the first, after the exporter's people have said why there is one: a store\n"
    "that was lost and built anew has another id. The refusal of its first bundle names the id; compare it with 'patchferry mirror list'.",
    kChangeOptions,
    "patchferry trust stream add --base /var/lib/patchferry 51515151515151515151515151515151",
};
constexpr CommandSpec kRemove = {
    "patchferry trust stream remove --base DIR STREAM",
    "Accepts the bundles of this store no longer. What has come from it stays.",
    kChangeOptions,
    "patchferry trust stream remove --base /var/lib/patchferry 51515151515151515151515151515151",
};
constexpr CommandSpec kList = {
    "patchferry trust stream list --base DIR",
    "Lists the stores whose bundles are accepted, how far they have come here, and the newest that is known to exist.",
    kListOptions,
    "patchferry trust stream list --base /var/lib/patchferry",
};

StreamId stream_of(const Arguments& args) {
  if (args.positional().size() != 1) throw UsageError("one stream is needed: 32 hexadecimal digits");
  const auto id = array_from_hex<16>(args.positional().front());
  if (!id) throw UsageError("'" + printable(args.positional().front()) + "' is not a stream", "it has 32 hexadecimal digits");
  return {*id};
}

bool accepts(Site& site, const StreamId& stream) {
  for (const auto& one : ledger(site).streams)
    if (one == stream) return true;
  return false;
}

int answer(const Arguments& args, const StreamId& stream, bool changed, const std::string& done, const std::string& before) {
  const std::string id = to_hex(stream.bytes);
  if (args.has("json"))
    print(nlohmann::json({{"stream", id}, {"changed", changed}}).dump(2));
  else if (!is_quiet())
    print(id + (changed ? done : before));
  return changed ? kDone : kNothingToDo;
}

}  // namespace

int cmd_trust_stream_add(std::vector<std::string> arguments) {
  const Arguments args(kAdd, arguments);
  if (args.help_shown()) return kDone;
  const StreamId stream = stream_of(args);
  Site site = open_site(args);
  recover(site);
  const bool fresh = !accepts(site, stream);
  if (fresh) accept_stream(site, stream);
  return answer(args, stream, fresh, " is accepted from now on", " was accepted already");
}

int cmd_trust_stream_remove(std::vector<std::string> arguments) {
  const Arguments args(kRemove, arguments);
  if (args.help_shown()) return kDone;
  const StreamId stream = stream_of(args);
  Site site = open_site(args);
  recover(site);
  // Without any, the next bundle would teach one, and nobody has meant that.
  if (ledger(site).streams.size() == 1 && accepts(site, stream))
    throw UsageError("this is the only store whose bundles are accepted", "add the other one first");
  return answer(args, stream, forget_stream(site, stream), " is no longer accepted", " was not accepted before");
}

int cmd_trust_stream_list(std::vector<std::string> arguments) {
  const Arguments args(kList, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "trust stream list");
  Site site = open_site(args);
  recover(site);
  const LedgerView view = ledger(site);
  auto json = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& stream : view.streams) {
    const LedgerEntry* last = view.last(stream);
    const LedgerEntry* head = view.head(stream);
    const std::string id = to_hex(stream.bytes);
    json.push_back({{"stream", id},
                    {"epoch", last != nullptr ? last->epoch : 0},
                    {"sequence", last != nullptr ? last->sequence : 0},
                    {"head", head != nullptr ? nlohmann::json(head->sequence) : nlohmann::json(nullptr)}});
    rows.push_back({id, last != nullptr ? std::to_string(last->sequence) : "none yet",
                    head != nullptr ? std::to_string(head->sequence) : "not known"});
  }
  if (args.has("json"))
    print(nlohmann::json({{"streams", json}}).dump(2));
  else
    print_table({"STREAM", "LAST BUNDLE", "NEWEST BY HEAD TOKEN"}, rows);
  return kDone;
}

}  // namespace patchferry::importer
