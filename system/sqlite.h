// SPDX-License-Identifier: Apache-2.0
// SQLite with owners: Database, Query, Transaction. Every failure is a SystemFailure naming the database file.
// Values are always bound, never pasted into SQL. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace patchferry {

class Database;

class Query {
 public:
  Query(Database& db, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Binds ?1, ?2, … in order and forgets earlier bindings.
  template <class... Values>
  Query& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  /// True while there is a row.
  bool step();
  /// Runs to the end.
  void run() {
    while (step()) {
    }
  }

  std::int64_t integer(int column) const;
  std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string text(int column) const;
  Bytes blob(int column) const;
  /// A blob of exactly N bytes; another length is a SystemFailure (a damaged database).
  template <std::size_t N>
  std::array<std::byte, N> array(int column) const {
    const Bytes bytes = blob(column);
    if (bytes.size() != N) wrong_length();
    std::array<std::byte, N> out{};
    std::memcpy(out.data(), bytes.data(), N);
    return out;
  }
  bool is_null(int column) const;

 private:
  void reset();
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, std::uint64_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, std::uint32_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, int value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, bool value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, ByteSpan value);
  void bind_one(int index, const Bytes& value) { bind_one(index, ByteSpan(value)); }
  template <std::size_t N>
  void bind_one(int index, const std::array<std::byte, N>& value) {
    bind_one(index, ByteSpan(value));
  }
  template <class T>
  void bind_one(int index, const std::optional<T>& value) {
    if (value)
      bind_one(index, *value);
    else
      bind_null(index);
  }
  void bind_null(int index);
  [[noreturn]] void wrong_length() const;

  Database& db_;
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  enum class Access { read_write, read_only };
  /// Opens (and makes, if read_write) the file with foreign keys on and full durability.
  explicit Database(const std::string& path, Access access = Access::read_write);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const std::string& sql);
  /// Brings the schema up to migrations.size(); migrations[i] leads from version i to i+1 and is frozen once landed.
  void migrate(const std::vector<const char*>& migrations);
  std::int64_t last_row_id() const;
  sqlite3* raw() { return db_; }
  const std::string& path() const { return path_; }
  [[noreturn]] void fail(const char* operation) const;

 private:
  sqlite3* db_ = nullptr;
  std::string path_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& db) : db_(db) { db_.execute("BEGIN IMMEDIATE"); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    db_.execute("COMMIT");
    open_ = false;
  }

 private:
  Database& db_;
  bool open_ = true;
};

}  // namespace patchferry
