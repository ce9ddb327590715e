// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/readme.h"

#include <fmt/format.h>

#include "bundle-format/volume.h"
#include "system/calendar.h"

namespace patchferry {

std::string bundle_folder_name(const std::string& site, std::uint64_t sequence) {
  return fmt::format("patchferry-{}-{:06}", site, sequence);
}

namespace {

/// Says no more than the statement does, so that whoever checks it needs no secret.
std::string encrypted_text(const Statement& s) {
  return fmt::format(
      "This folder is a Patchferry bundle: live-patch archives on their way to servers without internet.\n"
      "\n"
      "  sequence    {}\n"
      "  made        {}\n"
      "  volumes     {} ({} ...), {} bytes of payload\n"
      "\n"
      "It is encrypted: only the site that it is for can read what it brings. Nothing in it can be changed unnoticed: every\n"
      "byte hangs from a signature, which anybody can check.\n"
      "On the machine inside, check it and bring it in with\n"
      "\n"
      "  patchferry verify THIS-FOLDER --trust KEY.pub\n"
      "  patchferry diff   THIS-FOLDER\n"
      "  patchferry import THIS-FOLDER\n"
      "\n"
      "If you found this medium, please give it back to the people who run the site that this folder is named after.\n",
      s.sequence, time_text(s.created), s.volumes, volume_file_name(s.bundle, 1), s.payload_bytes);
}

}  // namespace

std::string readme_text(const std::string& site, const Statement& s) {
  if (s.is_encrypted()) return encrypted_text(s);
  return fmt::format(
      "This folder is a Patchferry bundle: live-patch archives on their way to servers without internet.\n"
      "\n"
      "  for site    {}\n"
      "  sequence    {}\n"
      "  made        {}\n"
      "  patchsets   {} new, {} withdrawn\n"
      "  volumes     {} ({} ...), {} bytes of payload\n"
      "\n"
      "Nothing in it is secret, and nothing in it can be changed unnoticed: every byte hangs from a signature.\n"
      "On the machine inside, check it and bring it in with\n"
      "\n"
      "  patchferry verify THIS-FOLDER --trust KEY.pub\n"
      "  patchferry diff   THIS-FOLDER\n"
      "  patchferry import THIS-FOLDER\n"
      "\n"
      "If you found this medium, please give it back to the people who run the site named above.\n",
      site, s.sequence, time_text(s.created), s.patchsets, s.withdrawn, s.volumes, volume_file_name(s.bundle, 1),
      s.payload_bytes);
}

}  // namespace patchferry
