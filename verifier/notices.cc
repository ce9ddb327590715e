// SPDX-License-Identifier: Apache-2.0
#include "verifier/notices.h"

#include <algorithm>
#include <fmt/format.h>

namespace patchferry {

namespace {

template <std::size_t N>
bool begins_with(ByteSpan whole, const std::array<std::byte, N>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), whole.begin());
}

Result<const NoticeJudge::Domain*> domain_of_token(const Token& token, const NoticeJudge& judge) {
  const auto found = std::find_if(judge.domains.begin(), judge.domains.end(),
                                  [&](const auto& d) { return begins_with(ByteSpan(d.domain), token.domain); });
  if (found == judge.domains.end())
    return refuse(RefusalKind::untrusted, "the token was not signed under keys that are enrolled here",
                  "ask for one signed by those whom this site believes");
  if (token.root_version < found->root.version)
    return refuse(RefusalKind::old_root,
                  fmt::format("the token was signed under root document {}, and document {} is in force", token.root_version,
                              found->root.version),
                  "ask for one that is signed under the present keys");
  if (token.root_version > found->root.version)
    return refuse(RefusalKind::bad_root,
                  fmt::format("the token was signed under root document {}, and only {} are known here", token.root_version,
                              found->root.version),
                  "import a bundle made since, or give the root documents to 'patchferry trust update'");
  return &*found;
}

Envelope envelope_of(const Token& token, const RootDocument& root) {
  Envelope out;
  for (const auto& one : token.signatures) {
    const KeyId id = one.key < root.keys.size() ? id_of(root.keys[one.key]) : KeyId{};
    out.push_back({id, Bytes(one.signature.begin(), one.signature.end())});
  }
  return out;
}

}  // namespace

Result<Notice> check_token(const Token& token, const NoticeJudge& judge) {
  const auto domain = domain_of_token(token, judge);
  if (!domain) return tl::unexpected(domain.error());
  Notice n;
  n.kind = token.kind;
  n.trust_domain = (*domain)->domain;
  n.audience = audience_of(judge.site);
  if (!begins_with(ByteSpan(n.audience), token.audience))
    return refuse(RefusalKind::wrong_site, "the token is meant for another site than '" + judge.site + "'",
                  "ask for the one for this site");
  const auto stream = std::find_if(judge.streams.begin(), judge.streams.end(),
                                   [&](const auto& s) { return begins_with(ByteSpan(s.stream.bytes), token.stream); });
  if (stream == judge.streams.end())
    return refuse(RefusalKind::unknown_stream, "the token speaks of bundles from another store than those that came here",
                  "ask for one from the store that ships to this site, or see 'patchferry trust stream --help'");
  n.stream = stream->stream;
  n.epoch = token.epoch;
  n.root_version = token.root_version;
  n.sequence = token.sequence;
  n.statement = token.statement;
  n.created = token.created;
  n.expires = token.expires;
  if (n.kind == NoticeKind::head) {
    n.challenge = token.extra;
  } else {
    n.last = stream->last;
    if (!begins_with(ByteSpan(n.last), token.extra))
      return refuse(RefusalKind::bad_permit, "the permit was made for another state of this site than the present one",
                    "make a receipt now, and ask for a permit that is made with it");
  }
  const auto good = check_signatures((*domain)->root, role_for(n.kind), document_type(n.kind), encode_notice(n),
                                     envelope_of(token, (*domain)->root));
  if (!good) return tl::unexpected(good.error());
  return n;
}

}  // namespace patchferry
