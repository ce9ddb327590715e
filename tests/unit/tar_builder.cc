// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tar_builder.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <sys/mman.h>

#include "system/failure.h"

namespace patchferry::test {

namespace {

constexpr std::size_t kBlock = 512;

struct FreeWriter {
  void operator()(struct archive* writer) const noexcept { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(struct archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

void put(std::array<char, kBlock>& block, std::size_t at, std::size_t room, std::string_view text) {
  std::copy_n(text.begin(), std::min(text.size(), room), block.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string octal(std::uint64_t value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return text.data();
}

la_ssize_t append(struct archive*, void* out, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  static_cast<Bytes*>(out)->insert(static_cast<Bytes*>(out)->end(), first, first + size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

TarBuilder& TarBuilder::header(const TarHeader& fields) {
  std::array<char, kBlock> block{};
  put(block, 0, 100, fields.name);
  put(block, 100, 7, fields.mode_field);
  put(block, 108, 7, "0000000");
  put(block, 116, 7, "0000000");
  put(block, 124, 12, fields.size_field.empty() ? octal(fields.size, 11) : fields.size_field);
  put(block, 136, 11, "14371573000");
  put(block, 148, 8, "        ");
  block[156] = fields.type;
  put(block, 157, 100, fields.link);
  put(block, 257, 8, std::string_view("ustar\00000", 8));
  if (fields.type == '3' || fields.type == '4') {
    put(block, 329, 7, "0000001");
    put(block, 337, 7, "0000003");
  }
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, 148, 7, octal(sum, 6) + std::string(1, '\0'));
  return raw(as_bytes({block.data(), block.size()}));
}

TarBuilder& TarBuilder::content(std::string_view bytes) {
  raw(as_bytes(bytes));
  out_.resize((out_.size() + kBlock - 1) / kBlock * kBlock);
  return *this;
}

TarBuilder& TarBuilder::raw(ByteSpan bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

void TarBuilder::long_name(const std::string& name) {
  if (name.size() <= 100) return;
  header({.name = "././@LongLink", .type = 'L', .size = name.size() + 1});
  content(name + std::string(1, '\0'));
}

TarBuilder& TarBuilder::folder(const std::string& name) {
  long_name(name);
  return header({.name = name, .type = '5'});
}

TarBuilder& TarBuilder::file(const std::string& name, std::string_view bytes) {
  long_name(name);
  return header({.name = name, .size = bytes.size()}).content(bytes);
}

TarBuilder& TarBuilder::symlink(const std::string& name, const std::string& text) {
  return header({.name = name, .type = '2', .link = text});
}

TarBuilder& TarBuilder::hardlink(const std::string& name, const std::string& target) {
  return header({.name = name, .type = '1', .link = target});
}

TarBuilder& TarBuilder::device(const std::string& name, char type) { return header({.name = name, .type = type}); }

TarBuilder& TarBuilder::pax(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  const std::string record = std::to_string(length) + rest;
  return header({.name = "PaxHeaders/x", .type = 'x', .size = record.size()}).content(record);
}

Bytes TarBuilder::finish() const {
  Bytes out = out_;
  out.resize(out.size() + 2 * kBlock);
  return out;
}

Bytes packed(ByteSpan bytes, Packing packing, std::size_t times) {
  Bytes out;
  const std::unique_ptr<struct archive, FreeWriter> writer(archive_write_new());
  const std::unique_ptr<struct archive_entry, FreeEntry> entry(archive_entry_new());
  struct archive* w = writer.get();
  archive_write_set_format_raw(w);
  if (packing == Packing::bzip2) archive_write_add_filter_bzip2(w);
  if (packing == Packing::gzip) archive_write_add_filter_gzip(w);
  archive_write_set_bytes_in_last_block(w, 1);
  archive_write_open(w, &out, nullptr, append, nullptr);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_write_header(w, entry.get());
  for (std::size_t i = 0; i < times; ++i)
    if (archive_write_data(w, bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size()))
      throw std::runtime_error("libarchive does not compress");
  if (archive_write_close(w) != ARCHIVE_OK) throw std::runtime_error("libarchive does not compress");
  return out;
}

Fd memory_file(ByteSpan bytes) {
  const int fd = ::memfd_create("test", MFD_CLOEXEC);
  if (fd < 0) throw_errno("create", "a file in memory");
  Fd file(fd, "memory");
  write_all(file, bytes);
  return file;
}

Bytes joined(ByteSpan a, ByteSpan b) {
  Bytes out(a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

}  // namespace patchferry::test
