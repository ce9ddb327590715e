// SPDX-License-Identifier: Apache-2.0
// patchferry head take: what the exporter's people say is the newest bundle.
#include <nlohmann/json.hpp>

#include "importer/alarms.h"
#include "importer/commands.h"
#include "importer/ledger.h"
#include "importer/notices.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"text", "the token itself, as it was read out or scanned (quote it)", "LINE"},
    {"json", "one JSON document: sequence, made, new, alarms[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry head take --base DIR FILE|-  or  --text LINE",
    "Takes a head token: the number of the newest bundle for this site, signed. From then on this site knows what it lacks, even if\n"
    "nobody brings it. The token comes as a file, on standard input, or typed from paper, a QR code or the phone.",
    kOptions,
    "patchferry head take --base /var/lib/patchferry /media/usb/plant1.head",
};

}  // namespace

int cmd_head_take(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  const bool typed = args.has("text");
  if (args.positional().size() + (typed ? 1 : 0) != 1)
    throw UsageError("one head token is needed", "name its file, or give --text 'PATCHFERRY-HEAD-1 ...'");
  const std::string text = typed ? args.required("text") : read_notice_file(args.positional().front());
  Site site = open_site(args);
  recover(site);
  const auto head = read_notice(site, NoticeKind::head, text);
  if (!head) return report(head.error());
  const auto late = judge_expiry(site, "token", head->expires);
  if (!late) return report(late.error());
  if (!late->empty()) note("warning: " + *late);
  const auto wanted = wanted_head(site);
  if (wanted && head->challenge != *wanted)
    note("this token " +
         (head->challenge == Challenge{} ? std::string("answers no challenge")
                                         : "answers the challenge " + encode_challenge(head->challenge)) +
         "; this site has asked for " + encode_challenge(*wanted) + ", so nothing is imported yet");
  const auto taken = take_head(site, *head, text);
  if (!taken) return report(taken.error());
  const auto raised = alarms(site);
  if (args.has("json")) {
    auto kinds = nlohmann::json::array();
    for (const auto& alarm : raised) kinds.push_back({{"kind", alarm.kind}, {"text", alarm.text}});
    print(nlohmann::json({{"sequence", head->sequence}, {"made", head->created}, {"new", *taken}, {"alarms", kinds}}).dump(2));
  } else {
    if (!is_quiet())
      print("bundle " + std::to_string(head->sequence) + " is the newest for this site, by a token made " +
            time_text(head->created));
    say_alarms(site);
  }
  return *taken ? kDone : kNothingToDo;
}

}  // namespace patchferry::importer
