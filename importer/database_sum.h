// SPDX-License-Identifier: Apache-2.0
// BASE/patchferry.sqlite.sum: the SHA-256 of the database, so that a byte of it that changes on the disk is noticed where SQLite
// would not.
//
//   patchferry-sum-1 <change counter> <SHA-256> <16 digits of the SHA-256 of what stands before them>
//
// Each command that has changed the database writes it when it is done. SQLite counts changes in the file's header, twice; by
// that count a sum that is behind, since a command was killed, is told from a file that has changed by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace patchferry::importer {

/// How often the database has been changed, by its header; none: it has none, or its two counts differ.
std::optional<std::uint32_t> change_counter(const std::string& base);

enum class SumState {
  good,
  none,         // there is no sum: this base is older than sums, or new
  interrupted,  // the last command that changed the database did not end: the sum tells nothing
  unreadable,   // the sum itself is damaged
  differs,      // the database has changed on this disk
};

/// Reads the whole database; to be called before anything opens it.
SumState compare_sum(const std::string& base);

/// compare_sum(), if that takes no time that anybody would notice; else, or if it cannot be read: none.
SumState glance_at_sum(const std::string& base);

/// It differed when a command opened it, and that command is about to change it: it differs from now on, whatever is written.
bool keep_differing(const std::string& base);

/// Vouches for the database as it is. A failure leaves the sum behind, which harms nothing: false.
bool write_sum(const std::string& base);

}  // namespace patchferry::importer
