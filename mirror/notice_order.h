// SPDX-License-Identifier: Apache-2.0
// Making head tokens and permits: what both commands share.
#pragma once

#include <string>

#include "bundle-format/notice.h"
#include "mirror/authority.h"
#include "mirror/store.h"
#include "terminal/command.h"

namespace patchferry::mirror {

/// What a notice says of one shipment; kind, challenge and `last` are the caller's.
Notice notice_of(Store& store, const std::string& site, const ShippedBundle& shipment, const Authority& authority,
                 const Arguments& args);

/// Signs it with all keys and returns its text. Refused (threshold): too few keys.
Result<std::string> sign_notice(const Notice& notice, const Authority& authority);

/// To --out, and as text and QR code (--qr) on standard output; or as JSON with --json.
void deliver_notice(const std::string& text, const Notice& notice, const Arguments& args);

inline constexpr OptionSpec kNoticeStore = {"store", "the store's folder", "DIR"};
inline constexpr OptionSpec kNoticeSite = {"site", "the site that it is for", "NAME"};
inline constexpr OptionSpec kNoticeKey = {"key", "a secret key to sign with: KEY.key, or a pkcs11: URI", "KEY", true};
inline constexpr OptionSpec kNoticePassword = {
    "password-file", "take the password of the key from the first line of FILE; several: in the order of the keys", "FILE", true};
inline constexpr OptionSpec kNoticeTrust = {"trust", "the folder of root documents, if there is one", "TRUSTDIR"};
inline constexpr OptionSpec kNoticeExpires = {"expires", "after so many days the site warns, or refuses it if it is set up so",
                                              "DAYS"};
inline constexpr OptionSpec kNoticeOut = {"out", "also write it to this file", "FILE"};
inline constexpr OptionSpec kNoticeQr = {"qr", "also draw it as a QR code", nullptr};
inline constexpr OptionSpec kNoticeJson = {"json", "one JSON document: token, site, sequence, made, out", nullptr};

}  // namespace patchferry::mirror
