// SPDX-License-Identifier: Apache-2.0
#include "importer/reserve.h"

#include <cerrno>
#include <fcntl.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kTimesFree = 64;

std::string path_in(const std::string& base) { return base + "/reserve"; }

void fill(const Fd& file) {
  if (::fallocate(file.get(), 0, 0, static_cast<off_t>(kReserveBytes)) == 0) return;
  if (errno != EOPNOTSUPP && errno != ENOSYS) throw_errno("reserve", file.path());
  const Bytes zeros(1 << 20);
  for (std::uint64_t at = 0; at < kReserveBytes; at += zeros.size()) write_all(file, at, zeros);
}

}  // namespace

bool is_full(const std::string& base) { return free_bytes(base) < kReserveBytes; }

bool take_reserve(const std::string& base) {
  const std::string path = path_in(base);
  try {
    if (is_regular(path) && size_of(path) == kReserveBytes) return false;
    if (free_bytes(base) < kTimesFree * kReserveBytes) return false;
    if (!is_regular(path)) remove_file(path);  // a link, of whoever can write here
    fill(open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
    return true;
  } catch (const SystemFailure&) {
    try {
      remove_file(path);
    } catch (const SystemFailure&) {
    }
    return false;
  }
}

bool give_back_reserve(const std::string& base) {
  if (!exists(path_in(base))) return false;
  remove_file(path_in(base));
  return true;
}

}  // namespace patchferry::importer
