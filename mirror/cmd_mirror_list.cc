// SPDX-License-Identifier: Apache-2.0
// patchferry mirror list: what a store holds.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "mirror/commands.h"
#include "mirror/store.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"store", "the store's folder", "DIR"},
    {"json", "one JSON document: stream; patchsets[] with name, product, released, archive, first_seen, channel, withdrawn",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry mirror list --store DIR",
    "Lists the patchsets of a store in release order.",
    kOptions,
    "patchferry mirror list --store /srv/store",
};

}  // namespace

int cmd_mirror_list(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty()) throw UsageError("'mirror list' takes no argument " + args.positional().front());
  Store store(args.required("store"), Store::Open::existing);
  const auto patchsets = store.patchsets();
  const auto withdrawn = store.withdrawn();
  const auto is_withdrawn = [&](const StoredPatchset& p) {
    return std::binary_search(withdrawn.begin(), withdrawn.end(), p.name.patchset.text);
  };
  const std::string stream = to_hex(store.stream().bytes);
  if (args.has("json")) {
    auto out = nlohmann::json::array();
    for (const auto& p : patchsets)
      out.push_back(
          {{"name", p.name.patchset.text},
           {"product", p.name.patchset.product},
           {"released", to_text(p.name.patchset.released)},
           {"archive",
            {{"sha256", to_hex(p.archive)}, {"bytes", p.archive_bytes}, {"present", exists(store.archive_path(p.name.file))}}},
           {"first_seen", p.first_seen},
           {"channel", p.channel},
           {"withdrawn", is_withdrawn(p)}});
    print(nlohmann::json({{"stream", stream}, {"patchsets", out}}).dump(2));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : patchsets)
    rows.push_back({p.name.patchset.text, p.name.patchset.product, to_text(p.name.patchset.released), size_text(p.archive_bytes),
                    to_hex(p.archive).substr(0, 16), p.channel,
                    is_withdrawn(p)                           ? "withdrawn by vendor"
                    : exists(store.archive_path(p.name.file)) ? ""
                                                              : "missing: add it again"});
  if (!is_quiet()) print("stream " + stream);
  print_table({"PATCHSET", "PRODUCT", "RELEASED", "SIZE", "SHA-256", "CHANNEL", ""}, rows);
  return kDone;
}

}  // namespace patchferry::mirror
