// SPDX-License-Identifier: Apache-2.0
// The machine failed (disk full, permission, EIO): an exception that names operation, path and errno.
// Untrusted input never throws this; it is refused (system/refusal.h).
#pragma once

#include <stdexcept>
#include <string>

namespace patchferry {

/// Exit code 3. what() reads "cannot fsync /srv/x/ab12: No space left on device".
class SystemFailure : public std::runtime_error {
 public:
  SystemFailure(const std::string& text, int error, std::string hint = {});

  /// The errno behind it, or 0.
  int error() const { return error_; }
  const std::string& hint() const { return hint_; }

 private:
  int error_;
  std::string hint_;
};

/// The person typed something that cannot be meant (exit code 2).
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& text, std::string hint = {}) : std::runtime_error(text), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

/// Throws SystemFailure "cannot <operation> <path>: <strerror(errno)>".
[[noreturn]] void throw_errno(const std::string& operation, const std::string& path);
[[noreturn]] void throw_errno(const std::string& operation, const std::string& path, int error);

}  // namespace patchferry
