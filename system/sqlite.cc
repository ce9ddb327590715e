// SPDX-License-Identifier: Apache-2.0
#include "system/sqlite.h"

#include <cerrno>
#include <cstring>
#include <sqlite3.h>

#include "system/failure.h"

namespace patchferry {

namespace {

int errno_of(int code, sqlite3* db) {
  switch (code & 0xff) {
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_CANTOPEN: return db != nullptr && sqlite3_system_errno(db) != 0 ? sqlite3_system_errno(db) : ENOENT;
    case SQLITE_IOERR: return db != nullptr && sqlite3_system_errno(db) != 0 ? sqlite3_system_errno(db) : EIO;
    default: return 0;
  }
}

}  // namespace

Database::Database(const std::string& path, Access access) : path_(path) {
  const int flags = access == Access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK) {
    const int error = errno_of(SQLITE_CANTOPEN, db_);
    sqlite3_close(db_);
    throw SystemFailure("cannot open " + path + ": " + std::strerror(error), error);
  }
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, 10000);
  try {
    execute("PRAGMA foreign_keys=ON");
    // FULL would leave it open whether the journal is gone: a power cut after a commit could bring it back, and take back what was
    // committed, while names and bundles that came later stay.
    execute("PRAGMA synchronous=EXTRA");
  } catch (...) {
    sqlite3_close(db_);  // nothing was constructed yet: no destructor would
    throw;
  }
}

Database::~Database() { sqlite3_close(db_); }

void Database::fail(const char* operation) const {
  const int code = sqlite3_extended_errcode(db_);
  throw SystemFailure(std::string("cannot ") + operation + " " + path_ + ": " + sqlite3_errmsg(db_), errno_of(code, db_));
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail("write to");
}

void Database::migrate(const std::vector<const char*>& migrations) {
  std::int64_t version = 0;
  {
    Query ask(*this, "PRAGMA user_version");
    if (ask.step()) version = ask.integer(0);
  }
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (version > newest)
    throw SystemFailure("cannot use " + path_ + ": a newer patchferry has written it", 0, "install that version of patchferry");
  for (; version < newest; ++version) {
    Transaction transaction(*this);
    execute(migrations[static_cast<std::size_t>(version)]);
    execute("PRAGMA user_version=" + std::to_string(version + 1));
    transaction.commit();
  }
}

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(db_); }

Transaction::~Transaction() {
  if (open_) sqlite3_exec(db_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Query::Query(Database& db, const char* sql) : db_(db) {
  if (sqlite3_prepare_v2(db.raw(), sql, -1, &statement_, nullptr) != SQLITE_OK) db.fail("query");
}

Query::~Query() { sqlite3_finalize(statement_); }

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.fail("use");
  return false;
}

void Query::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::bind_one(int index, std::int64_t value) {
  if (sqlite3_bind_int64(statement_, index, value) != SQLITE_OK) db_.fail("bind in");
}

void Query::bind_one(int index, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  if (sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK) db_.fail("bind in");
}

void Query::bind_one(int index, ByteSpan value) {
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  if (sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_TRANSIENT) != SQLITE_OK) db_.fail("bind in");
}

void Query::bind_null(int index) {
  if (sqlite3_bind_null(statement_, index) != SQLITE_OK) db_.fail("bind in");
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

Bytes Query::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? Bytes() : Bytes(data, data + size);
}

void Query::wrong_length() const {
  throw SystemFailure("cannot use " + db_.path() + ": it holds a value of the wrong length", 0, "restore it from a backup");
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

}  // namespace patchferry
