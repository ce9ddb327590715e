// SPDX-License-Identifier: Apache-2.0
// Archives, of which the first byte says what the rest is: 'b' bzip2, 'z' gzip, and 't' a bare tar, which is wrapped
// into gzip here so that the fuzzer gets past the checksums and at the tar reader.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/archive/layout_profile.h"
#include "tests/fuzz/watched_members.h"

namespace patchferry {

namespace {

constexpr std::uint64_t kCeiling = 4 << 20;

using test::require;

class Watcher : public test::WatchedMembers {
 public:
  Watcher() : WatchedMembers(kCeiling) {}

  void begin_file(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override {
    WatchedMembers::begin_file(path, bytes, offset);
    (void)place_of("user", path);
    (void)place_of("kernel", path);
  }

  void check(const ArchiveFacts& facts) const {
    require(!is_open() && facts.expanded_bytes <= kCeiling);
    for (const auto& [folded, text] : paths()) {
      (void)folded;
      require(facts.top_folder.empty() || beneath_top(*RelPath::parse(text), facts.top_folder).has_value());
    }
  }
};

std::uint32_t crc32_of(ByteSpan bytes) {
  std::uint32_t state = 0xffffffffU;
  for (const auto b : bytes) {
    state ^= static_cast<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) state = (state & 1) != 0 ? (state >> 1) ^ 0xedb88320U : state >> 1;
  }
  return ~state;
}

// gzip of stored blocks: no compressor, and every byte of the input reaches the tar reader as it is.
Bytes stored_gzip(ByteSpan bytes) {
  ByteWriter w;
  w.raw(as_bytes(std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10)));
  for (ByteSpan rest = bytes;;) {
    const auto part = rest.first(std::min<std::size_t>(rest.size(), 0xffff));
    rest = rest.subspan(part.size());
    const auto length = static_cast<std::uint16_t>(part.size());
    w.u8(rest.empty() ? 1 : 0);
    w.u16(length);
    w.u16(static_cast<std::uint16_t>(~length));
    w.raw(part);
    if (rest.empty()) break;
  }
  w.u32(crc32_of(bytes));
  w.u32(static_cast<std::uint32_t>(bytes.size()));
  return w.take();
}

void read(ByteSpan archive, Compression compression) {
  const Fd file(::memfd_create("fuzz", MFD_CLOEXEC), "input");
  require(file.valid());
  write_all(file, archive);
  Watcher watcher;
  const auto facts = plain_archive_work().read_archive(file, compression, {kCeiling}, watcher);
  if (facts) watcher.check(*facts);
}

}  // namespace

}  // namespace patchferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  if (size == 0) return 0;
  const ByteSpan rest = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0]) {
    case 'b': read(rest, Compression::bzip2); break;
    case 'z': read(rest, Compression::gzip); break;
    case 't': read(stored_gzip(rest), Compression::gzip); break;
    default: break;
  }
  return 0;
}
