// SPDX-License-Identifier: Apache-2.0
#include "importer/outcome_text.h"

#include <nlohmann/json.hpp>

#include "importer/plan_text.h"
#include "terminal/command.h"
#include "terminal/output.h"
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
  if (outcome.kind != ImportOutcome::Kind::imported && outcome.kind != ImportOutcome::Kind::nothing_to_do) return out;
  out["published"] = nlohmann::json::array();
  for (const auto& p : outcome.published) out["published"].push_back({{"feed", p.feed}, {"generation", p.generation}});
  out["archives"] = archives_json(outcome.archives);
  return out;
}

nlohmann::json archives_json(const ArchivesReport& report) {
  auto failed = nlohmann::json::array();
  for (const auto& one : report.failed) {
    nlohmann::json kind = nullptr;
    if (one.kind) kind = name_of(*one.kind);
    failed.push_back({{"name", one.name}, {"kind", kind}, {"text", one.text}, {"hint", one.hint}});
  }
  return {{"mended", report.mended}, {"done", report.done}, {"pending", report.pending}, {"failed", failed}};
}

void report_failures(const ArchivesReport& report) {
  for (const auto& one : report.failed) error_line(one.text, one.hint);
}

int exit_code(const ImportOutcome& outcome) {
  if (!outcome.archives.failed.empty()) return kInPart;
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
