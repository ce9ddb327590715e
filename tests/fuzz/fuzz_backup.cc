// SPDX-License-Identifier: Apache-2.0
// A backup is taken whole or refused; what is taken has names of its kind only, and one list that writes itself again.
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "bundle-format/patchset_name.h"
#include "importer/keeping/backup_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  using namespace patchferry::importer::keeping;
  const Fd file(::memfd_create("backup", 0), "backup");
  write_all(file, 0, {reinterpret_cast<const std::byte*>(data), size});
  auto reader = BackupReader::open(file);
  if (!reader) return 0;
  for (const auto& part : reader->list().parts)
    if (!is_part_name(part.name) || part.name.find("..") == 0 || part.name.front() == '/') std::abort();
  const auto again = decode_list(encode_list(reader->list()));
  if (!again || encode_list(*again) != encode_list(reader->list())) std::abort();
  std::uint64_t bytes = 0;
  const BeginMember count = [&](const std::string& name, std::uint64_t) -> TakeBytes {
    if (name.find("/../") != std::string::npos || name.front() == '/') std::abort();
    return [&](ByteSpan part) { bytes += part.size(); };
  };
  if (!reader->read_parts(count)) return 0;
  const auto end = reader->finish(count, [](const std::string&) { return std::optional(sha256(as_bytes("the archive"))); });
  if (end && bytes > size) std::abort();
  return 0;
}
