// SPDX-License-Identifier: Apache-2.0
#include "system/failure.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace patchferry {

namespace {

std::string hint_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "free some space there, then run the same command again";
    case EACCES:
    case EPERM: return "run it as the user who owns that path (often with sudo)";
    case EROFS: return "the file system is mounted read-only; remount it writable or choose another path";
    case EIO: return "the medium or disk reports errors; look at 'dmesg', and try another medium";
    default: return {};
  }
}

}  // namespace

SystemFailure::SystemFailure(const std::string& text, int error, std::string hint)
    : std::runtime_error(text), error_(error), hint_(hint.empty() ? hint_for(error) : std::move(hint)) {}

void throw_errno(const std::string& operation, const std::string& path) { throw_errno(operation, path, errno); }

void throw_errno(const std::string& operation, const std::string& path, int error) {
  throw SystemFailure("cannot " + operation + " " + path + ": " + std::strerror(error), error);
}

}  // namespace patchferry
