// SPDX-License-Identifier: Apache-2.0
#include "importer/outcome_text.h"

#include <nlohmann/json.hpp>

#include "terminal/command.h"
#include "verifier/findings.h"

namespace patchferry::importer {

namespace {

const char* word_for(ImportOutcome::Kind kind) {
  switch (kind) {
    case ImportOutcome::Kind::refused: return "refused";
    case ImportOutcome::Kind::nothing_to_do: return "nothing-to-do";
    case ImportOutcome::Kind::planned: return "planned";
    case ImportOutcome::Kind::incomplete: return "incomplete";
    case ImportOutcome::Kind::imported: return "imported";
  }
  return "?";
}

}  // namespace

nlohmann::json outcome_json(const ImportOutcome& outcome) {
  nlohmann::json out = outcome.plan ? plan_json(*outcome.plan) : nlohmann::json::object();
  out["outcome"] = word_for(outcome.kind);
  out["warnings"] = outcome.warnings;
  out["findings"] = findings_json(outcome.findings);
  return out;
}

int exit_code(const ImportOutcome& outcome) {
  switch (outcome.kind) {
    case ImportOutcome::Kind::refused: return kRefused;
    case ImportOutcome::Kind::nothing_to_do: return kNothingToDo;
    case ImportOutcome::Kind::incomplete: return kInPart;
    case ImportOutcome::Kind::planned:
    case ImportOutcome::Kind::imported: return kDone;
  }
  return kFailed;
}

}  // namespace patchferry::importer
