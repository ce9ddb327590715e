// SPDX-License-Identifier: Apache-2.0
#include "system/refusal.h"

namespace patchferry {

const char* name_of(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::malformed: return "malformed";
    case RefusalKind::unknown_format: return "unknown-format";
    case RefusalKind::not_a_bundle: return "not-a-bundle";
    case RefusalKind::bad_signature: return "bad-signature";
    case RefusalKind::unknown_key: return "unknown-key";
    case RefusalKind::threshold: return "threshold";
    case RefusalKind::untrusted: return "untrusted";
    case RefusalKind::bad_root: return "bad-root";
    case RefusalKind::old_root: return "old-root";
    case RefusalKind::old_format: return "old-format";
    case RefusalKind::wrong_site: return "wrong-site";
    case RefusalKind::unknown_stream: return "unknown-stream";
    case RefusalKind::stale: return "stale";
    case RefusalKind::fork: return "fork";
    case RefusalKind::jump: return "jump";
    case RefusalKind::needs_head: return "needs-head";
    case RefusalKind::expired: return "expired";
    case RefusalKind::bad_permit: return "bad-permit";
    case RefusalKind::wrong_key: return "wrong-key";
    case RefusalKind::altered_log: return "altered-log";
    case RefusalKind::damaged: return "damaged";
    case RefusalKind::cut: return "cut";
    case RefusalKind::extended: return "extended";
    case RefusalKind::missing_volume: return "missing-volume";
    case RefusalKind::repeated_volume: return "repeated-volume";
    case RefusalKind::foreign_volume: return "foreign-volume";
    case RefusalKind::altered_readme: return "altered-readme";
    case RefusalKind::not_regular: return "not-regular";
    case RefusalKind::not_an_archive: return "not-an-archive";
    case RefusalKind::truncated: return "truncated";
    case RefusalKind::hostile_member: return "hostile-member";
    case RefusalKind::too_large: return "too-large";
    case RefusalKind::bad_name: return "bad-name";
    case RefusalKind::conflict: return "conflict";
    case RefusalKind::bad_receipt: return "bad-receipt";
    case RefusalKind::incomplete: return "incomplete";
    case RefusalKind::withdrawn: return "withdrawn";
    case RefusalKind::unpacker_crashed: return "unpacker-crashed";
  }
  return "malformed";
}

}  // namespace patchferry
