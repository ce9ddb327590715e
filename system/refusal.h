// SPDX-License-Identifier: Apache-2.0
// How untrusted input is refused: a value, never an exception.
//
// A Refusal says what kind of thing is wrong, where (file, byte offset), in words, and what to do next.
// Exactly one kind exists per security failure, so that a test can assert the very kind. Kinds are printed
// in JSON (`findings[].kind`) and are part of the stable interface: never rename one (docs/refusals.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "system/harmless_text.h"

namespace patchferry {

enum class RefusalKind {
  malformed,         // bytes that no writer of ours produces
  unknown_format,    // a format version or critical flag that this program does not know
  not_a_bundle,      // no volume there at all
  bad_signature,     // a signature that does not verify
  unknown_key,       // a signature by a key that the role does not hold
  threshold,         // too few valid signatures
  untrusted,         // the bundle's trust domain is not the enrolled one
  bad_root,          // a root document that its predecessor did not sign properly
  old_root,          // signed under root documents that have been replaced
  old_format,        // written in a format that the root documents no longer accept
  wrong_site,        // addressed to another site
  unknown_stream,    // from a store that this site has not learnt
  stale,             // older than what has been imported
  fork,              // a second body for a sequence number already used
  jump,              // a sequence number too far ahead
  needs_head,        // the ledger was put back: nothing is taken before somebody says how far it had come
  expired,           // past its date, where the site's policy refuses that
  bad_permit,        // a rollback that was not permitted, or not for this state of this site
  wrong_key,         // encrypted to another key than this site's
  altered_log,       // an audit log whose entries do not hang together
  damaged,           // bytes that do not match their signed hash
  cut,               // shorter than signed
  extended,          // longer than signed
  missing_volume,    // signed, not here
  repeated_volume,   // here twice
  foreign_volume,    // of another bundle
  altered_readme,    // README.txt is not the one that the statement gives
  not_regular,       // a link, device, pipe where a file was expected
  not_an_archive,    // not bzip2/gzip, or not tar inside
  truncated,         // an archive that ends too early
  hostile_member,    // a member that no patchset may hold
  too_large,         // beyond a signed or configured ceiling
  bad_name,          // outside the grammar of names
  conflict,          // same name, other bytes
  bad_receipt,       // a receipt that cannot be relied on
  incomplete,        // builds on something that is not here
  withdrawn,         // by the vendor, for good
  unpacker_crashed,  // unpacking it crashed the process that unpacks, or made it do what it may not
};
constexpr RefusalKind kLastRefusalKind = RefusalKind::unpacker_crashed;

/// The stable, printed name of a kind, such as "bad-signature".
const char* name_of(RefusalKind kind);

struct Refusal {
  RefusalKind kind = RefusalKind::malformed;
  std::string text;                          // what is wrong, one line, untrusted parts already quoted
  std::string hint = {};                     // what to do next, one line; may be empty
  std::string where = {};                    // file or part that it is about; may be empty
  std::optional<std::uint64_t> offset = {};  // byte offset in `where`, if there is one

  /// The same refusal, naming the file that it happened in unless one is named already; fit to be shown.
  Refusal in(const std::string& file) && {
    if (where.empty()) where = harmless(file);
    return std::move(*this);
  }
};

template <class T>
using Result = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(RefusalKind kind, std::string text, std::string hint = {}) {
  Refusal refusal;
  refusal.kind = kind;
  refusal.text = std::move(text);
  refusal.hint = std::move(hint);
  return tl::unexpected<Refusal>(std::move(refusal));
}

}  // namespace patchferry
