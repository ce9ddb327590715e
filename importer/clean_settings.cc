// SPDX-License-Identifier: Apache-2.0
#include "importer/clean_settings.h"

#include "importer/config_values.h"
#include "system/failure.h"
#include "system/rel_path.h"

namespace patchferry::importer {

CleanSettings clean_settings(const std::string& path, const toml::node& value) {
  const toml::table* table = value.as_table();
  if (table == nullptr) throw UsageError(path + ": clean must be a table", "write [clean], and its keys beneath it");
  CleanSettings out;
  for (const auto& [key, one] : *table) {
    if (key.str() == "keep")
      out.keep = count_of(path, "clean.keep", one);
    else if (key.str() == "keep_days")
      out.keep_days = count_of(path, "clean.keep_days", one);
    else if (key.str() == "trash_days")
      out.trash_days = count_of(path, "clean.trash_days", one);
    else
      throw UsageError(path + " holds an unknown key '" + printable(key.str()) + "' in [clean]",
                       "the keys are keep, keep_days and trash_days");
  }
  return out;
}

}  // namespace patchferry::importer
