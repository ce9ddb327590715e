// SPDX-License-Identifier: Apache-2.0
// patchferry receipt: what this site has, for the next export.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "importer/cleaned.h"
#include "importer/commands.h"
#include "importer/publish.h"
#include "importer/receipt.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"out", "where to write it, or - for standard output", "FILE"},
    kNoWaitOption,
    {"json", "one JSON document about the receipt: out, site, sequence, patchsets, cleaned, key", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry receipt --base DIR --out FILE",
    "Writes what this site has, signed with the site's own key. Carry it back to the exporter: 'patchferry export --receipt FILE' then\n"
    "ships exactly what is missing here.",
    kOptions,
    "patchferry receipt --base /var/lib/patchferry --out /media/usb/plant1.receipt",
};

void say_left_out(const SiteReceipt& made) {
  for (const auto& name : made.left_out)
    note(name + " is left out, so that it is shipped again: its archive or some of its contents are missing here");
  if (!made.left_out.empty())
    note(
        "'patchferry archives' puts back what can be had from arch/ and from recipes; a receipt written after it may leave out less");
}

/// Of all streams; 0: nothing has come yet.
std::uint64_t newest_sequence(const Receipt& receipt) {
  std::uint64_t out = 0;
  for (const auto& stream : receipt.streams) out = std::max(out, stream.sequence);
  return out;
}

/// Only an earlier receipt is replaced.
void refuse_to_overwrite(const std::string& out) {
  if (out == "-" || !exists(out)) return;
  if (is_folder(out)) throw UsageError(out + " is a folder", "name a file in it, such as " + out + "/site.receipt");
  struct stat st {};
  const bool regular = ::lstat(out.c_str(), &st) == 0 && S_ISREG(st.st_mode);
  const auto text = regular ? read_whole(out, kMaxReceipt) : std::nullopt;
  if (!text || !as_text(*text).starts_with("patchferry-receipt-"))
    throw UsageError(out + " exists, and is not a receipt", "name another file; only an earlier receipt is replaced");
}

}  // namespace

int cmd_receipt(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "receipt");
  const std::string out = args.required("out");
  if (out == "-" && args.has("json")) throw UsageError("--out - prints the receipt itself", "leave out --json");
  if (out != "-" && !is_folder(parent_of(out)))
    throw UsageError("there is no folder " + parent_of(out), "is the medium mounted?");
  refuse_to_overwrite(out);
  Site site = open_site(args);
  recover(site);
  const SiteReceipt made = receipt_of(site);
  say_left_out(made);
  const Receipt& receipt = made.receipt;
  const SiteSecret secret = site.secret();
  const SigningKey& key = secret.signing;
  const std::string text =
      encode_receipt(receipt, key.public_key(), key.sign(DocumentType::receipt, as_bytes(encode_receipt_body(receipt))));
  // A promise that nobody has seen does no harm, one that is not known would: killed in between, both receipts' hold.
  const auto leaving = leaving_names(site);
  add_promise(site, receipt);
  if (out != "-") write_file(out, as_bytes(text));
  if (out == "-") print(text.substr(0, text.size() - 1));
  record_promise(site, receipt);
  if (!leaving.empty())
    note(count_text(leaving.size(), "obsolete patchset") +
         " no longer promised: once this receipt is where bundles are made, 'patchferry clean' takes them away");
  if (out == "-") return kDone;
  if (args.has("json")) {
    print(nlohmann::json({{"out", out},
                          {"site", receipt.site},
                          {"sequence", newest_sequence(receipt)},
                          {"patchsets", receipt.patchsets.size()},
                          {"cleaned", receipt.cleaned.size()},
                          {"key", fingerprint(key.public_key())}})
              .dump(2));
    return kDone;
  }
  if (!is_quiet())
    print("wrote " + out + ": " + count_text(receipt.patchsets.size(), "patchset") + ", last bundle " +
          std::to_string(newest_sequence(receipt)) + ", signed by " + fingerprint(key.public_key()));
  return kDone;
}

}  // namespace patchferry::importer
