// SPDX-License-Identifier: Apache-2.0
#include "verifier/findings.h"

#include <nlohmann/json.hpp>

namespace patchferry {

nlohmann::json findings_json(const Findings& findings) {
  auto out = nlohmann::json::array();
  for (const auto& f : findings) {
    nlohmann::json one = {{"kind", name_of(f.kind)}, {"volume", f.where}, {"text", f.text}, {"hint", f.hint}};
    one["offset"] = f.offset ? nlohmann::json(*f.offset) : nlohmann::json(nullptr);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace patchferry
