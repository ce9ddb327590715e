// SPDX-License-Identifier: Apache-2.0
// Two libarchive readers in a chain. The first knows exactly one compression and no container, the second knows tar
// and no compression (tar_reader.cc), so nothing nested is ever unpacked.
//
//   Fd --pread--> Unpacker (filter bzip2 or gzip, format raw) --> read_tar()
//
// libarchive calls us back from C: an exception in a callback is kept and thrown again once libarchive has returned.
#include "bundle-format/archive/archive_reader.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <exception>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

#include "bundle-format/archive/libarchive.h"

namespace patchferry {

namespace {

constexpr std::size_t kChunk = 64 << 10;

const char* name_of(Compression compression) { return compression == Compression::bzip2 ? "bzip2" : "gzip"; }

// The beginning that every stream of this compression has.
std::string_view magic_of(Compression compression) { return compression == Compression::bzip2 ? "BZh" : "\x1f\x8b\x08"; }

// CRC-32 as gzip has it: libarchive skips the check of a gzip trailer (bzip2's are checked by libbz2).
constexpr std::array<std::uint32_t, 256> crc32_table() {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t v = i;
    for (int bit = 0; bit < 8; ++bit) v = (v & 1) != 0 ? (v >> 1) ^ 0xedb88320U : v >> 1;
    out[i] = v;
  }
  return out;
}

class Crc32 {
 public:
  void add(ByteSpan bytes) {
    static constexpr auto kTable = crc32_table();
    for (const auto b : bytes) state_ = kTable[(state_ ^ static_cast<std::uint32_t>(b)) & 0xff] ^ (state_ >> 8);
  }
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xffffffffU;
};

// The decompressed stream. Memory: one chunk and the decompressor.
class Unpacker : public TarSource {
 public:
  Unpacker(const Fd& file, Compression compression, const std::function<void(std::uint64_t)>& on_read)
      : file_(file), compression_(compression), on_read_(on_read), reader_(new_reader()) {}

  Result<void> open() {
    struct archive* reader = reader_.get();
    const bool ready = (compression_ == Compression::bzip2 ? archive_read_support_filter_bzip2(reader)
                                                           : archive_read_support_filter_gzip(reader)) == ARCHIVE_OK &&
                       archive_read_support_format_raw(reader) == ARCHIVE_OK &&
                       archive_read_support_format_empty(reader) == ARCHIVE_OK;
    if (!ready) throw std::runtime_error("libarchive was built without bzip2 or gzip: " + complaint_of(reader));
    if (archive_read_open(reader, this, nullptr, &Unpacker::read_chunk, nullptr) != ARCHIVE_OK) return failed();
    if (offset_ == 0) return refuse(RefusalKind::not_an_archive, "the archive is an empty file");

    // libarchive stacks its filter as long as it finds the compression again (at most 25 times); it is asked to
    // unpack a first block each at this point, no more. The last entry stands for the file itself.
    const int filters = archive_filter_count(reader);
    const int wanted = compression_ == Compression::bzip2 ? ARCHIVE_FILTER_BZIP2 : ARCHIVE_FILTER_GZIP;
    if (filters < 2 || archive_filter_code(reader, 0) != wanted)
      return refuse(RefusalKind::not_an_archive, fmt::format("this is not a {} file", name_of(compression_)));
    if (filters > 2) return nested();

    struct archive_entry* ignored = nullptr;
    const int r = archive_read_next_header(reader, &ignored);
    if (r == ARCHIVE_EOF) return refuse(RefusalKind::not_an_archive, "there is nothing inside the compression");
    if (r != ARCHIVE_OK) return failed();
    return {};
  }

  Result<ByteSpan> next() override {
    while (!complete_) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t at = 0;
      const int r = archive_read_data_block(reader_.get(), &data, &size, &at);
      if (r == ARCHIVE_EOF) {
        if (auto checked = check_end(); !checked) return tl::unexpected<Refusal>(std::move(checked.error()));
        complete_ = true;
        break;
      }
      if (r != ARCHIVE_OK) return tl::unexpected<Refusal>(std::move(failed().error()));
      if (size == 0) continue;
      const ByteSpan part(static_cast<const std::byte*>(data), size);
      bytes_ += part.size();
      if (compression_ == Compression::gzip) crc_.add(part);
      return part;
    }
    return ByteSpan();
  }

 private:
  static la_ssize_t read_chunk(struct archive* reader, void* self, const void** out) {
    auto& unpacker = *static_cast<Unpacker*>(self);
    try {
      const std::size_t n = read_up_to(unpacker.file_, unpacker.offset_, std::span(unpacker.chunk_));
      unpacker.offset_ += n;
      if (n == 0) unpacker.wanted_more_ = true;
      if (n > 0 && unpacker.on_read_) unpacker.on_read_(n);
      *out = unpacker.chunk_.data();
      return static_cast<la_ssize_t>(n);
    } catch (...) {
      unpacker.exception_ = std::current_exception();
    }
    archive_set_error(reader, EIO, "reading failed");
    return ARCHIVE_FATAL;
  }

  Result<void> nested() const {
    return refuse(RefusalKind::not_an_archive, fmt::format("compressed with {} more than once", name_of(compression_)));
  }

  // The decompressor gave up: because the file ended, or because of what is in it.
  Result<void> failed() {
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
    const std::string complaint = complaint_of(reader_.get());
    if (complaint.find("too many filters") != std::string::npos) return nested();
    if (wanted_more_)
      return refuse(RefusalKind::truncated, fmt::format("the {} data end too early ({})", name_of(compression_), complaint));
    return refuse(RefusalKind::not_an_archive, fmt::format("the {} data are damaged ({})", name_of(compression_), complaint));
  }

  // Bytes behind the stream are let through, unless they begin like a further stream: that one was cut or damaged, or
  // libarchive would have gone on with it.
  Result<void> check_end() {
    const auto end = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), -1));
    if (compression_ == Compression::gzip)
      if (auto checked = check_gzip_trailer(end); !checked) return checked;
    const std::string_view magic = magic_of(compression_);
    std::array<std::byte, 3> behind{};
    const std::size_t n = read_up_to(file_, end, std::span(behind));
    if (n > 0 && as_text(ByteSpan(behind).first(n)) == magic.substr(0, n))
      return refuse(RefusalKind::truncated,
                    fmt::format("a further {} stream begins at byte {} and ends too early", name_of(compression_), end));
    return {};
  }

  // One gzip member only: of several, libarchive does not tell where one ends, so that their checksums cannot be checked.
  Result<void> check_gzip_trailer(std::uint64_t end) {
    std::array<std::byte, 8> trailer{};
    const bool there = end >= trailer.size() && read_up_to(file_, end - trailer.size(), std::span(trailer)) == trailer.size();
    ByteReader fields(trailer);
    const bool same_crc = fields.u32() == crc_.value();
    const bool same_size = fields.u32() == static_cast<std::uint32_t>(bytes_ & 0xffffffffU);
    if (there && same_crc && same_size) return {};
    return refuse(RefusalKind::not_an_archive, "the gzip data do not match their checksum, or are several gzip files in a row");
  }

  const Fd& file_;
  const Compression compression_;
  const std::function<void(std::uint64_t)>& on_read_;
  Reader reader_;
  Bytes chunk_ = Bytes(kChunk);
  std::uint64_t offset_ = 0;
  bool wanted_more_ = false;  // libarchive asked for bytes behind the end of the file
  bool complete_ = false;
  std::uint64_t bytes_ = 0;
  Crc32 crc_;
  std::exception_ptr exception_;
};

}  // namespace

ArchiveLimits unsigned_limits(std::uint64_t archive_bytes) {
  constexpr std::uint64_t kMost = 64ULL << 30;
  constexpr std::uint64_t kSmallInput = 1ULL << 20;
  constexpr std::uint64_t kForSmallInputs = 1ULL << 30;
  constexpr std::uint64_t kTimes = 1000;
  if (archive_bytes < kSmallInput) return {kForSmallInputs};
  return {archive_bytes > kMost / kTimes ? kMost : archive_bytes * kTimes};
}

Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                  const std::function<void(std::uint64_t)>& on_read) {
  Unpacker unpacker(archive, compression, on_read);
  if (auto opened = unpacker.open(); !opened) return tl::unexpected<Refusal>(std::move(opened.error()));
  return read_tar(unpacker, limits.expanded_bytes, sink);
}

}  // namespace patchferry
