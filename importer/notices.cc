// SPDX-License-Identifier: Apache-2.0
#include "importer/notices.h"

#include <unistd.h>

#include "importer/ledger.h"
#include "importer/roots.h"
#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kMaxNotice = 8192;

NoticeJudge judge_of(Site& site) {
  const LedgerView view = ledger(site);
  NoticeJudge judge;
  judge.site = site.name();
  for (const auto& anchor : anchors(site).anchors)
    if (anchor.root.version == anchor.version) judge.domains.push_back({anchor.domain, anchor.root});
  for (const auto& stream : view.streams) {
    const LedgerEntry* last = view.last(stream);
    judge.streams.push_back({stream, last != nullptr ? last->statement : Digest{}});
  }
  return judge;
}

}  // namespace

std::string read_notice_file(const std::string& path) {
  if (path == "-") {
    Bytes bytes(kMaxNotice + 1);
    const std::size_t size = read_up_to(Fd(::dup(STDIN_FILENO), "standard input"), std::span(bytes));
    if (size > kMaxNotice) throw UsageError("what stands on standard input is too long for a token", "give the token alone");
    return std::string(as_text(ByteSpan(bytes).first(size)));
  }
  if (!exists(path)) throw UsageError("there is no " + path, "give the file that the exporter's people wrote");
  if (is_folder(path)) throw UsageError(path + " is a folder", "give the file in it");
  const auto bytes = read_whole(path, kMaxNotice);
  if (!bytes) throw UsageError(path + " is too long for a token", "give the file that the exporter's people wrote");
  return std::string(as_text(*bytes));
}

Result<Notice> read_notice(Site& site, NoticeKind kind, const std::string& text) {
  const auto token = decode_token(text);
  if (!token) return tl::unexpected(token.error());
  if (token->kind != kind)
    return refuse(RefusalKind::malformed,
                  kind == NoticeKind::head ? "this is a permit, not a head token" : "this is a head token, not a permit",
                  "a head token goes to 'patchferry head take', a permit to 'patchferry import --rollback'");
  return check_token(*token, judge_of(site));
}

}  // namespace patchferry::importer
