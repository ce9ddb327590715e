// SPDX-License-Identifier: Apache-2.0
// A configuration of nginx on disk: written, judged by nginx itself, taken back if nginx does not want it, and brought into force.
//
// What was there before comes back when nginx refuses the new one, so that a machine that restarts later finds a configuration
// with which its web server starts.
#pragma once

#include <optional>
#include <string>

namespace patchferry::importer {

struct NginxFile {
  std::string path;       // absolute
  bool complete = false;  // a configuration of its own (nginx -c); else a part of the machine's
};

/// Writes it, atomically. False if it was there in these very words. UsageError if a file of somebody else is in its place, or
/// its folder is not there.
bool write_nginx_file(const NginxFile& file, const std::string& text);

struct Reload {
  bool changed = false;                // the file was written
  std::optional<std::string> refused;  // nginx's own words, if it does not take the configuration; the former file is back
  bool is_read = false;                // nginx reads the file; if not, it is written, and changes nothing
  bool reloaded = false;               // false too if no nginx runs
};

/// write_nginx_file(), nginx -t, nginx -s reload; several at once wait for each other. SystemFailure if there is no nginx, or it runs and cannot be told.
Reload write_and_reload(const NginxFile& file, const std::string& text);

}  // namespace patchferry::importer
