// SPDX-License-Identifier: Apache-2.0
// patchferry verify: is this bundle authentic and complete?
#include <nlohmann/json.hpp>

#include "system/failure.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "verifier/bundle_text.h"
#include "verifier/commands.h"
#include "verifier/findings.h"
#include "verifier/verify.h"
#include "verifier/verify_archive.h"

namespace patchferry {

namespace {

constexpr OptionSpec kOptions[] = {
    {"trust", "a trusted public key, or the folder of the root documents (needed)", "KEY.pub|TRUSTDIR", true},
    {"json", "one JSON document: ok, bundle, sequence, findings[]; of an archive: ok, archive, created, signed[], findings[]",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry verify BUNDLE... --trust KEY.pub|TRUSTDIR [--json]\n"
    "       patchferry verify ARCHIVE --trust KEY.pub|TRUSTDIR [--json]",
    "Checks every byte of a bundle against a key that you trust, and reports all that is wrong with it. Reads only. BUNDLE is the\n"
    "folder that the exporter wrote, one or more folders that hold its volumes, or - for a stream on standard input. Whether the\n"
    "bundle is newer than what a site has is for that site to know: 'patchferry diff' and 'patchferry import' check it. Of a single\n"
    "archive, such as K20260105_01.tar.bz2, the signatures lie beside it, in K20260105_01.tar.bz2.sig.",
    kOptions,
    "patchferry verify /media/usb/patchferry-plant1-000001 --trust ops-key.pub",
};

}  // namespace

int cmd_verify(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  const auto anchors = load_trust(args.values("trust"));
  if (!anchors) return report(anchors.error());

  for (const auto& path : args.positional()) {
    if (!is_archive_file(path)) continue;
    if (args.positional().size() > 1) throw UsageError("archives are verified one at a time", "give " + path + " alone");
    return verify_archive(path, *anchors, args.has("json"));
  }

  Findings findings;
  const Judge judge{*anchors, nullptr};
  auto bundle = examine(open_media(args.positional(), findings), judge, findings);
  if (bundle) {
    report_missing(*bundle, bundle->missing(), findings);
    BodySink nobody;
    Progress progress("verifying", bundle->statement().payload_bytes);
    read_bodies(*bundle, nobody, findings, [&](std::uint64_t n) { progress.add(n); });
  }
  const bool ok = findings.empty() && bundle;

  if (args.has("json")) {
    nlohmann::json out = {{"ok", ok}, {"bundle", nullptr}, {"sequence", nullptr}, {"findings", findings_json(findings)}};
    if (bundle) {
      out["bundle"] = to_hex(bundle->statement().bundle.bytes);
      out["sequence"] = bundle->statement().sequence;
    }
    print(out.dump(2));
    return ok ? kDone : kRefused;
  }
  for (const auto& finding : findings) report(finding);
  if (!ok) {
    if (findings.size() > 1) note(count_text(findings.size(), "finding") + "; nothing of this bundle should be used");
    return kRefused;
  }
  if (!is_quiet()) {
    print("good: " + bundle_line(bundle->statement(), bundle->manifest()));
    if (bundle->manifest()) print_patchsets(*bundle->manifest());
  }
  return kDone;
}

}  // namespace patchferry
