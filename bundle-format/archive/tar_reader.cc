// SPDX-License-Identifier: Apache-2.0
//   TarSource --pull--> CountedStream --pull--> libarchive's tar reader --> MemberSink
//
// libarchive calls us back from C: an exception in a callback is kept and thrown again once libarchive has returned.
#include "bundle-format/archive/tar_reader.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <exception>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bundle-format/archive/libarchive.h"
#include "bundle-format/archive/member_names.h"

namespace patchferry {

namespace {

constexpr std::size_t kZeroChunk = 64 << 10;
constexpr std::uint64_t kTarBlock = 512;
constexpr std::uint64_t kMaxHeaderBytes = 4 << 20;
constexpr std::size_t kMaxLevelDigits = 10;

/// The stream on its way into libarchive: counted, shown to the sink, failures kept.
class CountedStream {
 public:
  CountedStream(TarSource& source, std::uint64_t ceiling, MemberSink& sink) : source_(source), ceiling_(ceiling), sink_(sink) {}

  Result<ByteSpan> next() {
    if (complete_) return ByteSpan();
    auto part = source_.next();
    if (!part) return part;
    if (part->empty()) complete_ = true;
    if (auto counted = count(part->size()); !counted) return tl::unexpected<Refusal>(std::move(counted.error()));
    const auto last = std::find_if(part->rbegin(), part->rend(), [](std::byte b) { return b != std::byte{0}; });
    if (last != part->rend()) end_of_nonzero_ = bytes_ - static_cast<std::uint64_t>(last - part->rbegin());
    if (sink_.wants_stream()) sink_.stream(*part);
    return part;
  }

  /// archive_read_callback; `self` is a CountedStream.
  static la_ssize_t pull(struct archive* tar, void* self, const void** out) {
    auto& stream = *static_cast<CountedStream*>(self);
    try {
      auto part = stream.next();
      if (part) {
        *out = part->data();
        return static_cast<la_ssize_t>(part->size());
      }
      stream.refusal_ = std::move(part.error());
    } catch (...) {
      stream.exception_ = std::current_exception();
    }
    archive_set_error(tar, EIO, "decompression failed");
    return ARCHIVE_FATAL;
  }

  /// archive_skip_callback. What is beyond the ceiling is not passed over: pull() will refuse it.
  static la_int64_t pass(struct archive* /*tar*/, void* self, la_int64_t request) {
    auto& stream = *static_cast<CountedStream*>(self);
    try {
      const auto room = static_cast<std::uint64_t>(request);
      if (room > stream.ceiling_ - stream.bytes_) return 0;
      const std::uint64_t passed = stream.source_.skip(room);
      stream.bytes_ += passed;
      if (passed > 0) stream.end_of_nonzero_ = stream.bytes_;
      return static_cast<la_int64_t>(passed);
    } catch (...) {
      stream.exception_ = std::current_exception();
    }
    return ARCHIVE_FATAL;
  }

  Result<bool> offer_known(const RelPath& path, std::uint64_t bytes) { return source_.offer_known(path, bytes, sink_); }

  /// What made pull() fail, if it did; an exception is thrown again.
  std::optional<Refusal> take_failure() {
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
    return std::exchange(refusal_, std::nullopt);
  }
  /// While a header is read, only so much may be pulled: a sparse map or pax record of any length would be kept in memory.
  void begin_header() { header_end_ = bytes_ + kMaxHeaderBytes; }
  void end_header() { header_end_.reset(); }
  /// True when the whole stream has been handed out and found sound.
  bool complete() const { return complete_; }
  std::uint64_t bytes() const { return bytes_; }
  /// Offset behind the last byte so far that is not zero.
  std::uint64_t end_of_nonzero() const { return end_of_nonzero_; }

 private:
  Result<void> count(std::size_t part) {
    if (part > ceiling_ - bytes_)
      return refuse(RefusalKind::too_large, fmt::format("more than {} bytes come out of this archive", ceiling_));
    if (header_end_ && bytes_ > *header_end_)
      return refuse(RefusalKind::too_large, fmt::format("a member's header takes more than {} bytes", kMaxHeaderBytes));
    bytes_ += part;
    return {};
  }

  TarSource& source_;
  const std::uint64_t ceiling_;
  MemberSink& sink_;
  bool complete_ = false;
  std::uint64_t bytes_ = 0;
  std::optional<std::uint64_t> header_end_;
  std::uint64_t end_of_nonzero_ = 0;
  std::exception_ptr exception_;
  std::optional<Refusal> refusal_;
};

bool is_level_text(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() <= kMaxLevelDigits && std::all_of(text.begin(), text.end(), is_digit);
}

bool may_be_pointer(const RelPath& path) {
  const std::string& text = path.text();
  const auto slash = text.rfind('/');
  if (slash == std::string::npos) return false;
  const std::string_view file = std::string_view(text).substr(slash + 1);
  constexpr std::string_view kPrefix = "latest.";
  return file == "latest" || (file.starts_with(kPrefix) && file.size() > kPrefix.size());
}

// One pass over the members of one archive.
class TarReader {
 public:
  TarReader(TarSource& source, std::uint64_t ceiling, MemberSink& sink)
      : stream_(source, ceiling, sink), ceiling_(ceiling), sink_(sink), reader_(new_reader()) {}

  Result<ArchiveFacts> run() {
    if (archive_read_support_format_tar(reader_.get()) != ARCHIVE_OK)
      throw std::runtime_error("libarchive was built without tar: " + complaint_of(reader_.get()));
    if (archive_read_open2(reader_.get(), &stream_, nullptr, &CountedStream::pull, &CountedStream::pass, nullptr) != ARCHIVE_OK) {
      if (auto failure = stream_.take_failure()) return tl::unexpected<Refusal>(std::move(*failure));
      return refuse(RefusalKind::not_an_archive,
                    fmt::format("there is no tar inside the compression ({})", complaint_of(reader_.get())));
    }
    for (;;) {
      struct archive_entry* entry = nullptr;
      stream_.begin_header();
      const int r = archive_read_next_header(reader_.get(), &entry);
      stream_.end_header();
      if (r == ARCHIVE_EOF) break;
      if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return failed();
      if (auto read = read_member(entry, r == ARCHIVE_WARN); !read) return tl::unexpected<Refusal>(std::move(read.error()));
    }
    if (auto ended = read_end(); !ended) return tl::unexpected<Refusal>(std::move(ended.error()));
    facts_.expanded_bytes = stream_.bytes();
    facts_.top_folder = names_.top_folder();
    return facts_;
  }

 private:
  tl::unexpected<Refusal> failed() {
    if (auto failure = stream_.take_failure()) return tl::unexpected<Refusal>(std::move(*failure));
    const std::string complaint = complaint_of(reader_.get());
    // Nothing asks for more behind the end of a sound stream but a tar that is shorter than it says.
    if (stream_.complete()) return refuse(RefusalKind::truncated, fmt::format("the tar inside ends too early ({})", complaint));
    return refuse(RefusalKind::not_an_archive, fmt::format("the tar inside is damaged ({})", complaint));
  }

  Result<void> read_member(struct archive_entry* entry, bool warned) {
    const char* raw_name = archive_entry_pathname(entry);
    if (raw_name == nullptr && warned)  // a name that the locale cannot express is not in our grammar either
      return refuse(RefusalKind::bad_name, fmt::format("a member's name cannot be read ({})", complaint_of(reader_.get())),
                    name_hint());
    const std::string_view name = raw_name != nullptr ? raw_name : "";
    const auto type = archive_entry_filetype(entry);
    auto path = path_of(name, type == AE_IFDIR);
    if (!path) return tl::unexpected<Refusal>(std::move(path.error()));
    if (warned)  // none of libarchive's warnings is needed for what tar programs write, so none is let through
      return refuse(RefusalKind::hostile_member,
                    fmt::format("'{}' is malformed ({})", printable(name), complaint_of(reader_.get())), kHostileHint);
    if (archive_entry_hardlink(entry) != nullptr) return hostile(name, "is a hard link");
    if (type == AE_IFDIR) return *path ? names_.add(**path, true) : Result<void>();
    if (type == AE_IFREG) return read_file(entry, **path);
    if (type == AE_IFLNK) return read_link(entry, **path);
    return hostile(name, "is neither a file nor a folder");
  }

  Result<void> read_link(struct archive_entry* entry, const RelPath& path) {
    const char* text = archive_entry_symlink(entry);
    if (text == nullptr || !is_pointer_link(path, text)) return hostile(path.text(), "is a symbolic link");
    if (auto added = names_.add(path, false); !added) return added;
    sink_.pointer_link(path, text);
    return {};
  }

  Result<void> read_file(struct archive_entry* entry, const RelPath& path) {
    const la_int64_t claimed = archive_entry_size(entry);
    if (archive_entry_size_is_set(entry) == 0 || claimed < 0) return hostile(path.text(), "has no possible size");
    const auto size = static_cast<std::uint64_t>(claimed);
    // Holes cost nothing in the stream, so that sizes have their own sum.
    if (size > ceiling_ - file_bytes_)
      return refuse(RefusalKind::too_large,
                    fmt::format("with '{}', the files of this archive are larger than {} bytes", path.text(), ceiling_));
    file_bytes_ += size;
    if (auto added = names_.add(path, false); !added) return added;
    ++facts_.files;
    // Without holes, and with nothing of it read ahead, the content begins where libarchive stands.
    const bool in_one_piece = archive_entry_sparse_count(entry) == 0;
    const auto here = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), 0));
    if (in_one_piece && here == stream_.bytes()) {
      const auto known = stream_.offer_known(path, size);
      if (!known) return tl::unexpected<Refusal>(known.error());
      if (*known && archive_read_data_skip(reader_.get()) != ARCHIVE_OK) return failed();
      if (*known) return {};
    }
    sink_.begin_file(path, size, in_one_piece ? std::optional(here) : std::nullopt);
    std::uint64_t written = 0;
    for (;;) {
      const void* data = nullptr;
      std::size_t count = 0;
      la_int64_t signed_at = 0;
      const int r = archive_read_data_block(reader_.get(), &data, &count, &signed_at);
      if (r == ARCHIVE_EOF) break;
      if (r != ARCHIVE_OK) return failed();
      const auto at = static_cast<std::uint64_t>(signed_at);
      if (signed_at < 0 || at < written || at > size || count > size - at)
        return hostile(path.text(), "has a damaged list of holes");
      fill(at - written);
      if (count > 0) sink_.data({static_cast<const std::byte*>(data), count});
      written = at + count;
    }
    fill(size - written);
    sink_.end_file();
    return {};
  }

  void fill(std::uint64_t count) {
    static constexpr std::array<std::byte, kZeroChunk> kZeros{};
    while (count > 0) {
      const auto n = std::min<std::uint64_t>(count, kZeros.size());
      sink_.data(ByteSpan(kZeros).first(static_cast<std::size_t>(n)));
      count -= n;
    }
  }

  // The rest of the stream is read for the sake of its checksums. libarchive takes any end at a block's edge for the
  // end of a tar, and whatever follows the mark of the end for nothing; we want the mark, and then zeros.
  Result<void> read_end() {
    for (;;) {
      auto part = stream_.next();
      if (!part) return tl::unexpected<Refusal>(std::move(part.error()));
      if (part->empty()) break;
    }
    if (names_.members() == 0) return refuse(RefusalKind::not_an_archive, "the tar inside has no members");
    const auto end = static_cast<std::uint64_t>(archive_read_header_position(reader_.get()));
    if (stream_.end_of_nonzero() > end)
      return refuse(RefusalKind::hostile_member, fmt::format("data are hidden behind the end of the tar (byte {})", end),
                    kHostileHint);
    if (stream_.bytes() < end + kTarBlock) return refuse(RefusalKind::truncated, "the tar inside has no end mark");
    return {};
  }

  CountedStream stream_;
  const std::uint64_t ceiling_;
  MemberSink& sink_;
  Reader reader_;
  MemberNames names_;
  ArchiveFacts facts_;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace

bool is_pointer_link(const RelPath& path, std::string_view text) { return is_level_text(text) && may_be_pointer(path); }

Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink) {
  return TarReader(source, ceiling, sink).run();
}

}  // namespace patchferry
