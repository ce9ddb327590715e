// SPDX-License-Identifier: Apache-2.0
// Is this head token or permit authentic, and for us? (SPEC.md "Notices")
#pragma once

#include <string>
#include <vector>

#include "bundle-format/notice.h"

namespace patchferry {

/// What a site puts into a token again before it checks the signatures.
struct NoticeJudge {
  struct Domain {
    Digest domain{};
    RootDocument root;  // in force
  };
  struct Stream {
    StreamId stream{};
    Digest last{};  // of the statement imported last; zero: none
  };
  std::string site;
  std::vector<Domain> domains;
  std::vector<Stream> streams;
};

/// The whole notice. Refused: untrusted, wrong_site, unknown_stream, old_root, bad_root (a root document that is not
/// known here yet), bad_permit (for another state of this site), unknown_key, bad_signature, threshold.
Result<Notice> check_token(const Token& token, const NoticeJudge& judge);

}  // namespace patchferry
