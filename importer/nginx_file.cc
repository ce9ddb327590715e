// SPDX-License-Identifier: Apache-2.0
#include "importer/nginx_file.h"

#include <cerrno>
#include <sstream>
#include <sys/file.h>
#include <vector>

#include "importer/serve_nginx.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "system/run_tool.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kMaxFile = 1 << 20;
constexpr std::size_t kMostRead = 64 << 10;  // what run_tool() keeps of what a program says
constexpr std::size_t kMostWords = 2000;     // of nginx, in one error

/// What is there now; nullopt if nothing is.
std::optional<std::string> text_in(const std::string& path) {
  if (!exists(path)) return std::nullopt;
  const auto bytes = is_regular(path) ? read_whole(path, kMaxFile) : std::nullopt;
  if (!bytes || !as_text(*bytes).starts_with(kNginxFileMark))
    throw UsageError(path + " exists, and was not written by this command", "name another file, or move that one away");
  return std::string(as_text(*bytes));
}

std::string nginx_program() {
  if (const auto program = find_tool("nginx")) return *program;
  throw SystemFailure("there is no nginx in PATH or /usr/sbin", 0, "install it, or write the configuration without --reload");
}

/// On one line.
std::string words_of(const ToolOutcome& outcome) {
  std::string words;
  for (const char c : outcome.said)
    if (c == '\n')
      words += "; ";
    else
      words += c;
  return words.empty() ? "exit code " + std::to_string(outcome.code) : printable(words, kMostWords);
}

class Nginx {
 public:
  explicit Nginx(const NginxFile& file) : program_(nginx_program()) {
    if (file.complete) which_ = {"-c", file.path};
  }

  /// Its own words, if it does not take what is on disk.
  std::optional<std::string> complaint() const {
    const ToolOutcome outcome = call({"-t", "-q"});
    if (outcome.code == 0) return std::nullopt;
    return words_of(outcome);
  }

  /// True if it reads that file, by its own account: one that no other file includes is tested by nobody, and changes nothing.
  bool reads(const std::string& path) const {
    const ToolOutcome outcome = call({"-T", "-q"});
    if (outcome.said.size() >= kMostRead) return true;  // its account was cut off, so nobody knows
    constexpr std::string_view kMark = "# configuration file ";
    std::istringstream lines(outcome.said);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(kMark) && line.ends_with(':'))
        if (const std::string file = line.substr(kMark.size(), line.size() - kMark.size() - 1);
            exists(file) && canonical_path(file) == canonical_path(path))
          return true;
    return false;
  }

  /// False if none runs.
  bool reload() const {
    const ToolOutcome outcome = call({"-s", "reload"});
    if (outcome.code == 0) return true;
    // No pid file; an empty one, which nginx -t leaves behind; one of a nginx that is gone.
    for (const char* sign : {"No such file or directory", "invalid PID number", "No such process"})
      if (outcome.said.find(sign) != std::string::npos) return false;
    throw SystemFailure("nginx takes the configuration, and cannot be told to reload: " + words_of(outcome), 0,
                        "reload it yourself, or run this as root");
  }

 private:
  ToolOutcome call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), which_.begin(), which_.end());
    return run_tool(program_, arguments);
  }

  std::string program_;
  std::vector<std::string> which_;
};

}  // namespace

namespace {

bool write(const NginxFile& file, const std::string& text) {
  if (text_in(file.path) == text) return false;
  write_file(file.path, as_bytes(text));
  return true;
}

/// Until this goes, no other of our commands writes there: one would take the other's untested text for the former one.
Fd wait_for_others(const NginxFile& file) {
  const std::string folder = parent_of(file.path);
  if (!is_folder(folder)) throw UsageError("there is no folder " + folder, "make it, or name another file");
  Fd opened = open_folder(folder);
  while (::flock(opened.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw_errno("lock", folder);
  return opened;
}

}  // namespace

bool write_nginx_file(const NginxFile& file, const std::string& text) {
  const Fd alone = wait_for_others(file);
  return write(file, text);
}

Reload write_and_reload(const NginxFile& file, const std::string& text) {
  const Nginx nginx(file);  // before anything is written
  const Fd alone = wait_for_others(file);
  const auto former = text_in(file.path);
  Reload out;
  out.changed = write(file, text);
  out.refused = nginx.complaint();
  if (!out.refused) {
    out.is_read = file.complete || nginx.reads(file.path);
    out.reloaded = out.is_read && nginx.reload();
  } else if (out.changed) {
    if (former)
      write_file(file.path, as_bytes(*former));
    else
      remove_file(file.path);
    out.changed = false;
  }
  return out;
}

}  // namespace patchferry::importer
