// SPDX-License-Identifier: Apache-2.0
// Finding and opening a bundle's volumes on what a courier brought. Read-only, regular files only, no link followed;
// names decide nothing but where to look: what a volume is, its signed content says.
#pragma once

#include <string>
#include <vector>

#include "system/file.h"
#include "verifier/findings.h"

namespace patchferry {

struct MediumVolume {
  Fd file;            // positioned at its first byte
  bool sized = true;  // false: a stream, whose end shows only when it comes
};

struct ReadmeFile {
  std::string path;
  std::string text;
};

struct Medium {
  std::vector<MediumVolume> volumes;
  std::vector<ReadmeFile> readmes;
};

/// `paths`: a bundle's folder; folders that hold it or some of its volumes; volume files; or "-" alone for standard
/// input. A path that does not exist, or a folder with several bundles, is a UsageError. What is there but cannot be a
/// volume becomes a finding; so does finding nothing.
Medium open_media(const std::vector<std::string>& paths, Findings& findings);

}  // namespace patchferry
