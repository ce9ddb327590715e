// SPDX-License-Identifier: Apache-2.0
// What became of feeds, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "importer/feed_work.h"
#include "terminal/command.h"

namespace patchferry::importer {

/// "K20260105_01 is enabled in main", a line each, and what each feed serves now.
void print_report(const FeedReport& report);
/// {"changes":[{"feed","patchset","from","to"}],"kept":[{"feed","patchset","state"}],"not_put_back":[{"feed","patchset"}],
/// "published":[{"feed","generation","reissued"}],"waiting":[{"feed","name","reason","until","text"}]}
nlohmann::json report_json(const FeedReport& report);
/// Prints as --json and --quiet ask for, and errors; the exit code of a command that has done this and nothing else.
int finish(const Arguments& args, const Result<FeedReport>& report);
/// With further members of the document.
int finish(const Arguments& args, const Result<FeedReport>& report, const nlohmann::json& more);
/// Says which of these feeds are automatic, when something has been taken out of them.
void warn_of_automatic(const std::vector<Feed>& feeds);

}  // namespace patchferry::importer
