// SPDX-License-Identifier: Apache-2.0
// Two libarchive readers in a chain. The first knows exactly one compression and no container, the second knows tar
// and no compression, so nothing nested is ever unpacked, and every byte between them is counted here.
//
//   Fd --pread--> Unpacker (filter bzip2 or gzip, format raw) --pull--> tar reader (no filter) --> MemberSink
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
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "bundle-format/archive/layout_profile.h"

namespace patchferry {

namespace {

constexpr std::size_t kChunk = 64 << 10;
constexpr std::uint64_t kTarBlock = 512;
constexpr std::uint64_t kMaxNameBytes = 24 << 20;  // all names of an archive, folders included
constexpr std::size_t kMaxLevelDigits = 10;

struct FreeReader {
  void operator()(struct archive* reader) const noexcept { archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

Reader new_reader() {
  Reader reader(archive_read_new());
  if (!reader) throw std::bad_alloc();
  return reader;
}

// What libarchive has to say, safe to print. Running out of memory is not the archive's fault.
std::string complaint_of(struct archive* reader) {
  if (archive_errno(reader) == ENOMEM) throw std::bad_alloc();
  const char* text = archive_error_string(reader);
  return text != nullptr ? printable(text) : "no reason given";
}

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

// The decompressed stream, counted against its ceiling. Memory: one chunk and the decompressor.
class Unpacker {
 public:
  Unpacker(const Fd& file, Compression compression, std::uint64_t ceiling, const std::function<void(std::uint64_t)>& on_read)
      : file_(file), compression_(compression), ceiling_(ceiling), on_read_(on_read), reader_(new_reader()) {}

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

  /// The next part, valid until the next call; empty at the end, when every check has been made.
  Result<ByteSpan> next() {
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
      if (auto counted = count(part); !counted) return tl::unexpected<Refusal>(std::move(counted.error()));
      return part;
    }
    return ByteSpan();
  }

  /// archive_read_callback of the tar reader; `self` is an Unpacker.
  static la_ssize_t pull(struct archive* tar, void* self, const void** out) {
    auto& unpacker = *static_cast<Unpacker*>(self);
    try {
      auto part = unpacker.next();
      if (part) {
        *out = part->data();
        return static_cast<la_ssize_t>(part->size());
      }
      unpacker.refusal_ = std::move(part.error());
    } catch (...) {
      unpacker.exception_ = std::current_exception();
    }
    archive_set_error(tar, EIO, "decompression failed");
    return ARCHIVE_FATAL;
  }

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

  Result<void> count(ByteSpan part) {
    if (part.size() > ceiling_ - bytes_)
      return refuse(RefusalKind::too_large, fmt::format("more than {} bytes come out of this archive", ceiling_));
    if (header_end_ && bytes_ > *header_end_)
      return refuse(RefusalKind::too_large, fmt::format("a member's header takes more than {} bytes", kMaxHeaderBytes));
    const auto last = std::find_if(part.rbegin(), part.rend(), [](std::byte b) { return b != std::byte{0}; });
    if (last != part.rend()) end_of_nonzero_ = bytes_ + static_cast<std::uint64_t>(part.rend() - last);
    bytes_ += part.size();
    if (compression_ == Compression::gzip) crc_.add(part);
    return {};
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
  const std::uint64_t ceiling_;
  const std::function<void(std::uint64_t)>& on_read_;
  Reader reader_;
  Bytes chunk_ = Bytes(kChunk);
  std::uint64_t offset_ = 0;
  bool wanted_more_ = false;  // libarchive asked for bytes behind the end of the file
  bool complete_ = false;
  static constexpr std::uint64_t kMaxHeaderBytes = 4 << 20;
  std::uint64_t bytes_ = 0;
  std::optional<std::uint64_t> header_end_;
  std::uint64_t end_of_nonzero_ = 0;
  Crc32 crc_;
  std::exception_ptr exception_;
  std::optional<Refusal> refusal_;
};

tl::unexpected<Refusal> hostile(std::string_view name, const char* what) {
  return refuse(RefusalKind::hostile_member, fmt::format("'{}' {}", printable(name), what),
                "patchsets hold files, folders and links named latest; get the archive again from the vendor");
}

// The names seen so far, folders that are only implied by a path included.
class Names {
 public:
  Result<void> add(const RelPath& path, bool folder) {
    if (++members_ > kMaxMembers) return too_many();
    const std::string& spelled = path.text();
    const std::string folded = path.folded();
    for (auto slash = spelled.find('/'); slash != std::string::npos; slash = spelled.find('/', slash + 1))
      if (auto r = note(std::string_view(spelled).substr(0, slash), folded.substr(0, slash), true, false); !r) return r;
    if (auto r = note(spelled, folded, folder, true); !r) return r;
    note_top(spelled.substr(0, spelled.find('/')));
    return {};
  }

  std::uint64_t members() const { return members_; }

  /// A khash or build id at the top is content, not a wrapper around it; the layout profile knows one when it sees it.
  std::string top_folder() const {
    if (members_ == 0 || !one_top_ || !seen_.at(RelPath::parse(top_)->folded()).folder) return {};
    const auto probe = RelPath::parse(top_ + "/latest");
    if (probe && place_of("user", *probe).kind == Place::Kind::pointer) return {};
    return top_;
  }

 private:
  struct Seen {
    std::string spelled;  // empty if it is the folded name
    bool folder = false;
    bool listed = false;  // a member of its own
  };

  static Result<void> too_many() {
    return refuse(RefusalKind::too_large, fmt::format("more than {} members, or too long names", kMaxMembers));
  }

  Result<void> note(std::string_view spelled, std::string folded, bool folder, bool listed) {
    const auto [it, fresh] = seen_.try_emplace(std::move(folded));
    Seen& seen = it->second;
    if (fresh) {
      if (spelled != it->first) seen.spelled = std::string(spelled);
      seen.folder = folder;
      seen.listed = listed;
      name_bytes_ += it->first.size() + seen.spelled.size();
      // Folders that are only implied count as well, or a small archive could fill the memory with them.
      if (seen_.size() > kMaxMembers || name_bytes_ > kMaxNameBytes) return too_many();
      return {};
    }
    if ((seen.spelled.empty() ? it->first : seen.spelled) != spelled)
      return hostile(spelled, "and another member differ in upper and lower case only");
    if (seen.folder != folder) return hostile(spelled, "is both a file and a folder");
    if (seen.listed && listed) return hostile(spelled, "is in the archive twice");
    seen.listed = seen.listed || listed;
    return {};
  }

  void note_top(std::string first) {
    if (members_ == 1)
      top_ = std::move(first);
    else if (first != top_)
      one_top_ = false;
  }

  std::unordered_map<std::string, Seen> seen_;
  std::uint64_t members_ = 0;
  std::uint64_t name_bytes_ = 0;
  std::string top_;
  bool one_top_ = true;
};

bool has_dot_dot(std::string_view path) {
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (path.substr(0, slash) == "..") return true;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return false;
}

// nullopt for the root folder itself ("./").
Result<std::optional<RelPath>> path_of(std::string_view name, bool folder) {
  if (name.empty()) return hostile(name, "is a member without a name");
  if (name.front() == '/') return hostile(name, "is an absolute path");
  if (has_dot_dot(name)) return hostile(name, "leads out of the archive");
  std::string_view bare = name;
  if (folder && bare == ".") return std::optional<RelPath>();
  if (bare.starts_with("./")) bare.remove_prefix(2);
  if (folder && bare.ends_with('/')) bare.remove_suffix(1);
  if (folder && bare.empty()) return std::optional<RelPath>();
  auto path = RelPath::parse(bare);
  if (!path)
    return refuse(RefusalKind::bad_name, fmt::format("'{}' is not a name that a patchset may use", printable(name)),
                  fmt::format("names are letters, digits and ._+-, at most {} bytes and {} folders deep", kMaxName, kMaxDepth));
  return path;
}

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
  TarReader(Unpacker& unpacker, std::uint64_t ceiling, MemberSink& sink)
      : unpacker_(unpacker), ceiling_(ceiling), sink_(sink), reader_(new_reader()) {}

  Result<ArchiveFacts> run() {
    if (archive_read_support_format_tar(reader_.get()) != ARCHIVE_OK)
      throw std::runtime_error("libarchive was built without tar: " + complaint_of(reader_.get()));
    if (archive_read_open(reader_.get(), &unpacker_, nullptr, &Unpacker::pull, nullptr) != ARCHIVE_OK) {
      if (auto failure = unpacker_.take_failure()) return tl::unexpected<Refusal>(std::move(*failure));
      return refuse(RefusalKind::not_an_archive,
                    fmt::format("there is no tar inside the compression ({})", complaint_of(reader_.get())));
    }
    for (;;) {
      struct archive_entry* entry = nullptr;
      unpacker_.begin_header();
      const int r = archive_read_next_header(reader_.get(), &entry);
      unpacker_.end_header();
      if (r == ARCHIVE_EOF) break;
      if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return failed();
      if (auto read = read_member(entry, r == ARCHIVE_WARN); !read) return tl::unexpected<Refusal>(std::move(read.error()));
    }
    if (auto ended = read_end(); !ended) return tl::unexpected<Refusal>(std::move(ended.error()));
    facts_.expanded_bytes = unpacker_.bytes();
    facts_.top_folder = names_.top_folder();
    return facts_;
  }

 private:
  tl::unexpected<Refusal> failed() {
    if (auto failure = unpacker_.take_failure()) return tl::unexpected<Refusal>(std::move(*failure));
    const std::string complaint = complaint_of(reader_.get());
    // Nothing asks for more behind the end of a sound stream but a tar that is shorter than it says.
    if (unpacker_.complete()) return refuse(RefusalKind::truncated, fmt::format("the tar inside ends too early ({})", complaint));
    return refuse(RefusalKind::not_an_archive, fmt::format("the tar inside is damaged ({})", complaint));
  }

  Result<void> read_member(struct archive_entry* entry, bool warned) {
    const char* raw_name = archive_entry_pathname(entry);
    if (raw_name == nullptr && warned)  // a name that the locale cannot express is not in our grammar either
      return refuse(RefusalKind::bad_name, fmt::format("a member's name cannot be read ({})", complaint_of(reader_.get())));
    const std::string_view name = raw_name != nullptr ? raw_name : "";
    const auto type = archive_entry_filetype(entry);
    auto path = path_of(name, type == AE_IFDIR);
    if (!path) return tl::unexpected<Refusal>(std::move(path.error()));
    if (warned)  // none of libarchive's warnings is needed for what tar programs write, so none is let through
      return refuse(RefusalKind::hostile_member,
                    fmt::format("'{}' is malformed ({})", printable(name), complaint_of(reader_.get())));
    if (archive_entry_hardlink(entry) != nullptr) return hostile(name, "is a hard link");
    if (type == AE_IFDIR) return *path ? names_.add(**path, true) : Result<void>();
    if (type == AE_IFREG) return read_file(entry, **path);
    if (type == AE_IFLNK) return read_link(entry, **path);
    return hostile(name, "is neither a file nor a folder");
  }

  Result<void> read_link(struct archive_entry* entry, const RelPath& path) {
    const char* text = archive_entry_symlink(entry);
    if (text == nullptr || !is_level_text(text) || !may_be_pointer(path)) return hostile(path.text(), "is a symbolic link");
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
    sink_.begin_file(path, size);
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
    static constexpr std::array<std::byte, kChunk> kZeros{};
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
      auto part = unpacker_.next();
      if (!part) return tl::unexpected<Refusal>(std::move(part.error()));
      if (part->empty()) break;
    }
    if (names_.members() == 0) return refuse(RefusalKind::not_an_archive, "the tar inside has no members");
    const auto end = static_cast<std::uint64_t>(archive_read_header_position(reader_.get()));
    if (unpacker_.end_of_nonzero() > end)
      return refuse(RefusalKind::hostile_member, fmt::format("data are hidden behind the end of the tar (byte {})", end));
    if (unpacker_.bytes() < end + kTarBlock) return refuse(RefusalKind::truncated, "the tar inside has no end mark");
    return {};
  }

  Unpacker& unpacker_;
  const std::uint64_t ceiling_;
  MemberSink& sink_;
  Reader reader_;
  Names names_;
  ArchiveFacts facts_;
  std::uint64_t file_bytes_ = 0;
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
  Unpacker unpacker(archive, compression, limits.expanded_bytes, on_read);
  if (auto opened = unpacker.open(); !opened) return tl::unexpected<Refusal>(std::move(opened.error()));
  return TarReader(unpacker, limits.expanded_bytes, sink).run();
}

}  // namespace patchferry
