// SPDX-License-Identifier: Apache-2.0
// libarchive calls us back from C: an exception in a callback is kept and thrown again once libarchive has returned.
#include "bundle-format/archive/gzip_source.h"

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

// What is inside gzip. Memory: one chunk and the decompressor.
class GzipSource : public ArchiveSource {
 public:
  GzipSource(const Fd& file, std::function<void(std::uint64_t)> on_read)
      : file_(file), on_read_(std::move(on_read)), reader_(new_reader()) {}

  Result<void> open() {
    struct archive* reader = reader_.get();
    const bool ready = archive_read_support_filter_gzip(reader) == ARCHIVE_OK &&
                       archive_read_support_format_raw(reader) == ARCHIVE_OK &&
                       archive_read_support_format_empty(reader) == ARCHIVE_OK;
    if (!ready) throw std::runtime_error("libarchive was built without gzip: " + complaint_of(reader));
    if (archive_read_open(reader, this, nullptr, &GzipSource::read_chunk, nullptr) != ARCHIVE_OK) return failed();
    if (offset_ == 0) return refuse(RefusalKind::not_an_archive, "the archive is an empty file");

    // libarchive stacks its filter as long as it finds the compression again (at most 25 times); it is asked to
    // unpack a first block each at this point, no more. The last entry stands for the file itself.
    const int filters = archive_filter_count(reader);
    if (filters < 2 || archive_filter_code(reader, 0) != ARCHIVE_FILTER_GZIP)
      return refuse(RefusalKind::not_an_archive, "this is not a gzip file");
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
      crc_.add(part);
      return part;
    }
    return ByteSpan();
  }

 private:
  static la_ssize_t read_chunk(struct archive* reader, void* self, const void** out) {
    auto& source = *static_cast<GzipSource*>(self);
    try {
      const std::size_t n = read_up_to(source.file_, source.offset_, std::span(source.chunk_));
      source.offset_ += n;
      if (n == 0) source.wanted_more_ = true;
      if (n > 0 && source.on_read_) source.on_read_(n);
      *out = source.chunk_.data();
      return static_cast<la_ssize_t>(n);
    } catch (...) {
      source.exception_ = std::current_exception();
    }
    archive_set_error(reader, EIO, "reading failed");
    return ARCHIVE_FATAL;
  }

  Result<void> nested() const { return refuse(RefusalKind::not_an_archive, "compressed with gzip more than once"); }

  // The decompressor gave up: because the file ended, or because of what is in it.
  Result<void> failed() {
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
    const std::string complaint = complaint_of(reader_.get());
    if (complaint.find("too many filters") != std::string::npos) return nested();
    if (wanted_more_) return refuse(RefusalKind::truncated, fmt::format("the gzip data end too early ({})", complaint));
    return refuse(RefusalKind::not_an_archive, fmt::format("the gzip data are damaged ({})", complaint));
  }

  // Bytes behind the stream are let through, unless they begin like a further stream: that one was cut or damaged, or
  // libarchive would have gone on with it.
  Result<void> check_end() {
    const auto end = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), -1));
    if (auto checked = check_trailer(end); !checked) return checked;
    constexpr std::string_view kMagic = "\x1f\x8b\x08";
    std::array<std::byte, 3> behind{};
    const std::size_t n = read_up_to(file_, end, std::span(behind));
    if (n > 0 && as_text(ByteSpan(behind).first(n)) == kMagic.substr(0, n))
      return refuse(RefusalKind::truncated, fmt::format("a further gzip stream begins at byte {} and ends too early", end));
    return {};
  }

  // One gzip member only: of several, libarchive does not tell where one ends, so that their checksums cannot be checked.
  Result<void> check_trailer(std::uint64_t end) {
    std::array<std::byte, 8> trailer{};
    const bool there = end >= trailer.size() && read_up_to(file_, end - trailer.size(), std::span(trailer)) == trailer.size();
    ByteReader fields(trailer);
    const bool same_crc = fields.u32() == crc_.value();
    const bool same_size = fields.u32() == static_cast<std::uint32_t>(bytes_ & 0xffffffffU);
    if (there && same_crc && same_size) return {};
    return refuse(RefusalKind::not_an_archive, "the gzip data do not match their checksum, or are several gzip files in a row");
  }

  const Fd& file_;
  const std::function<void(std::uint64_t)> on_read_;
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

Result<std::unique_ptr<ArchiveSource>> open_gzip(const Fd& archive, const std::function<void(std::uint64_t)>& on_read) {
  auto source = std::make_unique<GzipSource>(archive, on_read);
  if (auto opened = source->open(); !opened) return tl::unexpected<Refusal>(std::move(opened.error()));
  return source;
}

}  // namespace patchferry
