// SPDX-License-Identifier: Apache-2.0
// patchferry receipt: what this site has, for the next export.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "bundle-format/receipt.h"
#include "importer/archives.h"
#include "importer/catalogue.h"
#include "importer/commands.h"
#include "importer/ledger.h"
#include "importer/roots.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"out", "where to write it, or - for standard output", "FILE"},
    kNoWaitOption,
    {"json", "one JSON document about the receipt: out, site, sequence, patchsets, key", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry receipt --base DIR --out FILE",
    "Writes what this site has, signed with the site's own key. Carry it back to the exporter: 'patchferry export --receipt FILE' then\n"
    "ships exactly what is missing here.",
    kOptions,
    "patchferry receipt --base /var/lib/patchferry --out /media/usb/plant1.receipt",
};

Receipt receipt_of(Site& site) {
  Receipt r;
  const LedgerView view = ledger(site);
  r.site = site.name();
  r.encryption = site.secret().decryption.public_half();
  for (const auto& anchor : anchors(site).anchors) r.domains.push_back({anchor.domain, anchor.version, anchor.root.epoch});
  for (const auto& stream : view.streams) {
    const LedgerEntry* last = view.last(stream);
    r.streams.push_back(last != nullptr ? ReceiptStream{stream, last->epoch, last->sequence, last->statement}
                                        : ReceiptStream{stream, 0, 0, {}});
  }
  r.issued = now();
  r.free_bytes = free_bytes(site.base());
  for (const auto& p : patchsets(site)) {
    // What can be made again is here, whether or not it has been.
    if (!in_arch(site, p.name, p.archive_bytes) && !(p.recipe && check_parts(site, p))) {
      note(
          p.name.file +
          " is missing from arch/ or of the wrong size, and cannot be made again; the receipt leaves it out, so that it is shipped again");
      continue;
    }
    r.patchsets.push_back({p.name.patchset.text, p.archive});
  }
  std::sort(r.patchsets.begin(), r.patchsets.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  r.withdrawn = withdrawn_names(site);
  return r;
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
  const Receipt receipt = receipt_of(site);
  const SiteSecret secret = site.secret();
  const SigningKey& key = secret.signing;
  const std::string text =
      encode_receipt(receipt, key.public_key(), key.sign(DocumentType::receipt, as_bytes(encode_receipt_body(receipt))));
  if (out == "-") {
    print(text.substr(0, text.size() - 1));
    return kDone;
  }
  write_file(out, as_bytes(text));
  if (args.has("json")) {
    print(nlohmann::json({{"out", out},
                          {"site", receipt.site},
                          {"sequence", newest_sequence(receipt)},
                          {"patchsets", receipt.patchsets.size()},
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
