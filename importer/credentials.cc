// SPDX-License-Identifier: Apache-2.0
#include "importer/credentials.h"

#include "bundle-format/words.h"

namespace patchferry::importer {

Credentials credentials_of(const VerifiedBundle& bundle) {
  const Statement& s = bundle.statement();
  Credentials out;
  out.made = s.created;
  out.expires = s.expires;
  const auto first = bundle.root_chain().empty() ? Result<RootDocument>(refuse(RefusalKind::untrusted, "no root document"))
                                                 : decode_root(bundle.root_chain().front().document);
  out.domain = first ? founder_of(*first) : fingerprint(s.trust_domain);
  out.root_version = bundle.root().version;
  for (const auto& signature : bundle.envelope()) out.signers.push_back(fingerprint(signature.key));
  out.threshold = bundle.root().role(Role::release).threshold;
  out.statement = to_hex(bundle.statement_hash());
  out.words = word_code(bundle.statement_hash());
  out.was_encrypted = s.is_encrypted();
  return out;
}

}  // namespace patchferry::importer
