// SPDX-License-Identifier: Apache-2.0
// Whatever an ePortal is said to have logged or answered, only names of patchsets and feeds come out, each once.
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "bundle-format/patchset_name.h"
#include "importer/feeds.h"
#include "importer/portal_states.h"

namespace {

void check(const patchferry::Result<std::vector<patchferry::importer::PortalState>>& states) {
  using namespace patchferry;
  if (!states) return;
  const importer::PortalState* previous = nullptr;
  for (const auto& one : *states) {
    if (!parse_patchset_name(one.patchset) || !importer::is_feed_name(one.feed)) std::abort();
    if (one.state == importer::FeedState::withdrawn) std::abort();
    if (previous != nullptr && std::tie(previous->feed, previous->patchset) >= std::tie(one.feed, one.patchset)) std::abort();
    previous = &one;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(patchferry::importer::states_in_answer(text, "main"));
  check(patchferry::importer::states_in_log(text));
  return 0;
}
