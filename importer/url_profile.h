// SPDX-License-Identifier: Apache-2.0
// The URL profile: everything we assume about what agents ask a patch server for, in one place, because most of it is not
// public (docs/serving.md). What lies behind a URL is the layout profile's (bundle-format/archive/layout_profile.h); a test
// keeps the two equal.
//
//   /[<feed>/]<khash>/<pointer>                    a server without a prefix follows feed main            [F, prefix: I]
//   /[<feed>/]<khash>/<level>/<file>                                                                      [F for kpatch.info, else M]
//   /u/[<feed>/[<lib>/]]<buildid>/<pointer>        <lib> is a name that agents put there; it says nothing [M]
//   /u/[<feed>/[<lib>/]]<buildid>/<level>/<file>                                                          [M]
//
// Tags: [F] public documentation or a public client's source, [I] inferred, [M] from memory.
// The patterns are both POSIX extended and Perl regular expressions, to be anchored by whoever uses them.
#pragma once

namespace patchferry::importer::url {

constexpr const char* kUserSpace = "u";  // the first element of user-space URLs [M], and the folder of a feed that they lead to

constexpr const char* kKhash = "[0-9a-f]{40}";                              // [F]
constexpr const char* kBuildId = "([0-9a-f][0-9a-f]){4,64}";                // [I]
constexpr const char* kLevel = "(0|[1-9][0-9]{0,9})";                       // [I]
constexpr const char* kPointer = "(latest([.][A-Za-z0-9._+-]+)?|version)";  // latest.v1, version [F]; latest.v2, .v3 [M]

/// What lies beneath a level. No element begins with a dot: what does is kept for the archive's sake, and not served.
constexpr const char* kFile = "[A-Za-z0-9_+-][A-Za-z0-9._+-]*(/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)*";

/// Elements that agents choose. Neither can begin with a dot, so neither climbs. In /u/, one that looks like a build id is
/// one: a URL has one meaning whatever feeds there are.
constexpr const char* kFeed = "[A-Za-z0-9][A-Za-z0-9._-]*";   // test, 12h, 24h, 48h [F]
constexpr const char* kLib = "[A-Za-z0-9_][A-Za-z0-9._+-]*";  // [M]

}  // namespace patchferry::importer::url
