// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/sites.h"

#include <boost/filesystem.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <sqlite3.h>
#include <sys/statvfs.h>

#include "bundle-format/hash.h"

namespace patchferry::test {

namespace fs = boost::filesystem;

namespace {

// Too small for a base to take its reserve there, which would be copied for each moment.
constexpr const char* kSize = "size=400m";

/// Of a folder that may not be there: path → what it is.
void list(const std::string& folder, const std::string& as, Shown& out) {
  if (!is_folder(folder)) return;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it) {
    const std::string path = it->path().string();
    std::string& what = out[as + path.substr(folder.size())];
    if (const auto target = read_symlink(path))
      what = "link " + *target;
    else
      what = is_folder(path) ? "folder" : "file " + to_hex(sha256(as_bytes(contents(path))));
  }
}

/// Names that only what is under way may have.
std::vector<std::string> left_overs(const std::string& folder) {
  std::vector<std::string> out;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it) {
    const std::string name = it->path().filename().string();
    // Of a transaction that was killed before it changed anything: its magic is not written, so to SQLite it is none, and goes with
    // the next.
    if (name.ends_with("-journal") && contents(it->path().string()).substr(0, 1).find_first_not_of('\0') == std::string::npos)
      continue;
    if (name.starts_with('.') || name.ends_with(".new") || name.ends_with(".partial") || name.ends_with("-journal"))
      out.push_back("left over: " + it->path().string());
  }
  return out;
}

void ask(const Words& words, std::vector<std::string>& complaints) {
  const auto done = run(words);
  if (done.code != 0) complaints.push_back(words[1] + " ends with " + std::to_string(done.code) + ": " + done.out + done.err);
}

std::string from_sql(sqlite3* db, const std::string& sql, const char* between) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return sqlite3_errmsg(db);
  std::string out;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      out += (i == 0 ? "" : ",") + std::string(text != nullptr ? text : "");
    }
    out += between;
  }
  sqlite3_finalize(statement);
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string::npos; from = end + 1)
    out.push_back(text.substr(from, end - from));
  return out;
}

}  // namespace

Shown rows_of(const std::string& database, const std::vector<std::string>& without) {
  const auto is_left_out = [&](const std::string& name) {
    return std::find(without.begin(), without.end(), name) != without.end();
  };
  sqlite3* db = nullptr;
  Shown out;
  // Not read-only: what a power cut left half done is undone.
  if (sqlite3_open_v2(database.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK)
    for (const auto& table : lines_of(from_sql(db, "SELECT name FROM sqlite_master WHERE type='table' ORDER BY name", "\n"))) {
      if (is_left_out(table) || table.starts_with("sqlite_")) continue;
      std::string columns;
      for (const auto& column : lines_of(from_sql(db, "SELECT name FROM pragma_table_info('" + table + "')", "\n")))
        if (!is_left_out(table + "." + column)) columns += (columns.empty() ? "quote(" : "||','||quote(") + column + ")";
      out["rows of " + table] = from_sql(db, "SELECT " + columns + " AS all_of_it FROM " + table + " ORDER BY all_of_it", "; ");
    }
  sqlite3_close(db);
  return out;
}

CrashWorld::CrashWorld(std::uint64_t now) : time_(now), cores_("PATCHFERRY_CORES", "1") {
  make_folder(live());
  if (MemoryFileSystem::why_not().empty()) memory_.emplace(live(), kSize);
}

Words CrashWorld::site_words(Words words) const {
  words.insert(words.begin() + 1, {"--base", base()});
  words.insert(words.begin(), "patchferry-site");
  return words;
}

std::function<void(std::optional<std::uint64_t>)> CrashWorld::room() {
  if (!memory_) return {};
  return [this](std::optional<std::uint64_t> bytes) {
    if (!bytes) return memory_->change(kSize);
    struct statvfs st {};
    REQUIRE(::statvfs(live().c_str(), &st) == 0);
    memory_->change("size=" + std::to_string((st.f_blocks - st.f_bfree) * st.f_frsize + *bytes));
  };
}

void CrashWorld::site(Words words) const {
  const auto done = run(site_words(std::move(words)));
  INFO(done.out << done.err);
  REQUIRE(done.code == 0);
}

Questions questions_for_base(CrashWorld& world) {
  const std::string base = world.base();
  Questions q;
  q.leave_room = world.room();
  q.shown = [base] {
    Shown out;
    list(base + "/arch", "arch", out);
    list(base + "/resources", "resources", out);
    if (is_folder(base + "/feeds"))
      for (const auto& feed : names_in(base + "/feeds"))
        if (is_folder(base + "/feeds/" + feed + "/current"))
          for (const auto& [path, bytes] : served(base, feed)) out["feed/" + feed + "/" + path] = bytes;
    return out;
  };
  q.group_of = [](const std::string& path) -> std::string {
    const auto first = path.find('/');
    if (first == std::string::npos || path.starts_with("arch")) return "";
    return path.substr(0, path.find('/', first + 1));
  };
  q.whole = [base, shown = q.shown] {
    Shown out = shown();
    for (const char* part : {"objects", "trust", "evidence"}) list(base + "/" + part, part, out);
    for (const char* file : {"ledger.copy", "audit.head"})
      if (exists(base + "/" + file)) out[file] = contents(base + "/" + file);
    // An interrupted publishing may use up a number of a generation.
    out.merge(rows_of(base + "/patchferry.sqlite", {"feed.generation", "generation", "lingering", "retired"}));
    return out;
  };
  q.may_lag = [](const std::string& path) { return path == "ledger.copy" || path == "audit.head"; };
  q.unsound = [base] {
    std::vector<std::string> out;
    ask({"patchferry-site", "check", "--base", base}, out);
    ask({"patchferry-site", "log", "--base", base, "--verify"}, out);
    for (const auto& name : names_in(base + "/quarantine")) out.push_back("left in quarantine: " + name);
    for (auto& one : left_overs(base)) out.push_back(std::move(one));
    return out;
  };
  return q;
}

Questions questions_for_store(CrashWorld& world) {
  const std::string store = world.store(), medium = world.medium();
  // What lay on the medium when the power came back: of each number, whatever was written under it.
  const auto seen = std::make_shared<Shown>();
  const auto on_medium = [medium] {
    Shown out;
    if (!is_folder(medium)) return out;
    for (const auto& bundle : names_in(medium)) {
      std::string number = bundle.starts_with('.') ? bundle.substr(1) : bundle;
      if (number.ends_with(".partial")) number.resize(number.size() - 8);
      for (const auto& volume : volumes_of(medium + "/" + bundle))
        if (const std::string bytes = contents(volume); bytes.find_first_not_of('\0') != std::string::npos) out[number] = bytes;
    }
    return out;
  };
  Questions q;
  q.leave_room = world.room();
  q.shown = [store] {
    Shown out;
    list(store + "/archives", "archives", out);
    std::erase_if(out, [](const auto& one) { return one.first.starts_with("archives/."); });
    return out;
  };
  q.group_of = [](const std::string&) { return std::string(); };
  const auto ask_medium = [medium, trust = world->at("ops.pub")](std::vector<std::string>& out) {
    if (!is_folder(medium)) return;
    for (const auto& name : names_in(medium))
      if (!name.starts_with('.')) ask({"patchferry-verify", medium + "/" + name, "--trust", trust}, out);
  };
  q.impossible = [seen, on_medium, ask_medium] {
    *seen = on_medium();
    std::vector<std::string> out;
    ask_medium(out);
    return out;
  };
  q.whole = [store] {
    Shown out;
    list(store + "/archives", "archives", out);
    list(store + "/objects", "objects", out);
    // Bundles differ in their numbers and keys, and a number may be left out.
    out.merge(rows_of(store + "/patchferry-store.sqlite", {"shipment", "shipment_patchset", "identity"}));
    return out;
  };
  q.lasting = [store, on_medium] {
    Shown out = rows_of(store + "/patchferry-store.sqlite", {});
    out.merge(on_medium());
    return out;
  };
  q.unsound = [=] {
    std::vector<std::string> out = left_overs(store);
    const auto now = on_medium();
    for (const auto& [number, bytes] : *seen)
      if (const auto again = now.find(number); again != now.end() && again->second != bytes)
        out.push_back("one number for two bundles: " + number);
    if (is_folder(store + "/spool"))
      for (const auto& name : names_in(store + "/spool")) out.push_back("left in spool: " + name);
    if (is_folder(medium))
      for (auto& one : left_overs(medium)) out.push_back(std::move(one));
    ask_medium(out);
    seen->clear();
    return out;
  };
  return q;
}

}  // namespace patchferry::test
