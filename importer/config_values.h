// SPDX-License-Identifier: Apache-2.0
// Values of the configuration, by type; a value of another type is a UsageError that names file and key. For the .cc files that
// read tables: it brings all of toml++ with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// toml++ 3.3 asserts of a table's name what it refuses with words right after: an assertion must not judge input.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

#include "importer/clean_settings.h"
#include "importer/serve_settings.h"

namespace patchferry::importer {

std::uint64_t positive(const std::string& path, const char* key, const toml::node& value);
/// Likewise, and 0 too.
std::uint64_t count_of(const std::string& path, const char* key, const toml::node& value);
std::string text_of(const std::string& path, const char* key, const toml::node& value);
std::vector<std::string> texts_of(const std::string& path, const char* key, const toml::node& value);
bool flag_of(const std::string& path, const char* key, const toml::node& value);

/// The table [serve].
ServeSettings serve_settings(const std::string& path, const toml::node& value);
/// The table [clean].
CleanSettings clean_settings(const std::string& path, const toml::node& value);

}  // namespace patchferry::importer
