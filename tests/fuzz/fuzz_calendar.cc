// SPDX-License-Identifier: Apache-2.0
// Calendar expressions and windows: what is understood has one text, and its next time is found, or found not to be.
#include <cstdlib>

#include "importer/rules/window.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace patchferry::importer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::int64_t kNow = 1767607200;
  if (const auto expression = parse_calendar(text)) {
    const auto again = parse_calendar(to_text(*expression));
    if (!again || !(*again == *expression) || to_text(*again) != to_text(*expression)) std::abort();
    if (const auto next = next_after(*expression, utc_zone(), kNow); next && *next <= kNow) std::abort();
  }
  if (const auto window = parse_window(text)) {
    if (window->text != text) std::abort();
    if (const auto opens = open_from({*window}, utc_zone(), kNow); opens && *opens < kNow) std::abort();
  }
  return 0;
}
