// SPDX-License-Identifier: Apache-2.0
#include "verifier/verify_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/patchset_name.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "verifier/archive_signatures.h"
#include "verifier/findings.h"

namespace patchferry {

namespace {

Result<VouchedArchive> vouched(const std::string& path, const GivenArchive& archive, const TrustAnchors& anchors) {
  const std::string beside = signature_path_of(path);
  const auto signature = read_archive_signature(beside);
  if (!signature) return tl::unexpected(signature.error());
  if (!*signature)
    return tl::unexpected(Refusal{RefusalKind::threshold,
                                  "nobody has signed it: there is no " + file_name_of(beside) + " beside it",
                                  "have it signed, with 'patchferry sign', and bring the .sig file too", path});
  auto good = vouch_for(archive, **signature, anchors);
  if (!good) return tl::unexpected(std::move(good.error()).in(beside));
  return good;
}

nlohmann::json document_of(const GivenArchive& archive, const Result<VouchedArchive>& good) {
  nlohmann::json out = {{"ok", good.has_value()},
                        {"archive", {{"name", archive.file}, {"sha256", to_hex(archive.hash)}, {"bytes", archive.bytes}}},
                        {"created", nullptr},
                        {"signed", nlohmann::json::array()},
                        {"findings", findings_json(good ? Findings() : Findings{good.error()})}};
  if (!good) return out;
  out["created"] = good->statement().created;
  for (const auto& key : good->signers()) out["signed"].push_back(fingerprint(key));
  return out;
}

}  // namespace

bool is_archive_file(const std::string& path) { return is_regular(path) && parse_archive_name(file_name_of(path)).has_value(); }

int verify_archive(const std::string& path, const TrustAnchors& anchors, bool json) {
  const Fd file = open_file(path, O_RDONLY | O_NOFOLLOW);
  GivenArchive archive{file_name_of(path), {}, size_of(file)};
  {
    Progress progress("verifying", archive.bytes);
    archive.hash = hash_file(file, [&](std::uint64_t n) { progress.add(n); });
  }
  const auto good = vouched(path, archive, anchors);
  if (json) {
    print(document_of(archive, good).dump(2));
    return good ? kDone : kRefused;
  }
  if (!good) return report(good.error());
  if (is_quiet()) return kDone;
  print(fmt::format("good: {}, {}, signed {}", archive.file, size_text(archive.bytes), time_text(good->statement().created)));
  for (const auto& key : good->signers()) print("  signed by " + fingerprint(key));
  return kDone;
}

}  // namespace patchferry
