// SPDX-License-Identifier: Apache-2.0
// Archives that no vendor makes, by the hundred: each member that a patchset may not hold in each format of tar that can say it,
// headers whose fields lie, pax records and sparse maps that lie, streams that are cut, glued together or badly packed.
#pragma once

#include <string>
#include <vector>

namespace patchferry::test {

struct HostileArchive {
  std::string what;                  // in words
  std::string bytes;                 // as a .tar.bz2
  std::vector<std::string> refused;  // kinds of which it must be one; empty: it is taken, for it is odd and no more
};

std::vector<HostileArchive> hostile_archives();

}  // namespace patchferry::test
