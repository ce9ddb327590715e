// SPDX-License-Identifier: Apache-2.0
// Whatever is wrong with a backup is refused, and by its kind.
#include "importer/keeping/backup_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "importer/keeping/tar_head.h"
#include "tests/unit/small_backup.h"

using namespace patchferry;
using namespace patchferry::importer::keeping;
using patchferry::test::SmallBackup;
using patchferry::test::tar_member;

namespace {

class InMemory {
 public:
  explicit InMemory(const std::string& bytes) : file_(::memfd_create("backup", 0), "backup") { set(bytes); }
  void set(const std::string& bytes) {
    REQUIRE(::ftruncate(file_.get(), 0) == 0);
    write_all(file_, 0, as_bytes(bytes));
  }
  const Fd& file() const {
    ::lseek(file_.get(), 0, SEEK_SET);
    return file_;
  }

 private:
  Fd file_;
};

/// From end to end; the archive is known.
Result<BackupEnd> read(const InMemory& memory) {
  auto reader = BackupReader::open(memory.file());
  if (!reader) return tl::unexpected(reader.error());
  const BeginMember nobody = [](const std::string&, std::uint64_t) { return TakeBytes(); };
  if (const auto parts = reader->read_parts(nobody); !parts) return tl::unexpected(parts.error());
  return reader->finish(nobody, [](const std::string& file) -> std::optional<Digest> {
    if (file != "K20260105_01.tar.bz2") return std::nullopt;
    return sha256(as_bytes("the archive"));
  });
}

RefusalKind kind_of(const std::string& bytes) {
  const auto done = read(InMemory(bytes));
  REQUIRE_FALSE(done);
  INFO(done.error().text);
  return done.error().kind;
}

/// The first `from` in a backup replaced; of the same length.
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  const auto at = bytes.find(from);
  REQUIRE(at != std::string::npos);
  REQUIRE(from.size() == to.size());
  return bytes.replace(at, from.size(), to);
}

/// A head that says of itself what `change` makes of it, with a sum that fits.
std::string odd_head(const std::string& name, std::size_t at, char byte) {
  std::string head(as_text(encode_tar_head({name, 0})));
  head[at] = byte;
  unsigned sum = 0;
  for (std::size_t i = 0; i < head.size(); ++i) sum += i >= 148 && i < 156 ? 32U : static_cast<unsigned char>(head[i]);
  char digits[7];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  return head.replace(148, 6, digits, 6);
}

}  // namespace

TEST_CASE("a backup is read as it was written, and any tar lists it") {
  const std::string bytes = SmallBackup().bytes();
  const auto end = read(InMemory(bytes));
  REQUIRE(end);
  CHECK(end->members == 3);
  std::vector<std::string> names;
  struct archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  REQUIRE(archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK);
  for (struct archive_entry* entry = nullptr; archive_read_next_header(reader, &entry) == ARCHIVE_OK;)
    names.emplace_back(archive_entry_pathname(entry));
  archive_read_free(reader);
  CHECK(names.size() == 10);
  CHECK(names.front() == "backup.json");
  CHECK(names.back() == "end.json");
}

TEST_CASE("a backup with any bit flipped is refused") {
  const std::string bytes = SmallBackup().bytes();
  const InMemory memory(bytes);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      const char flipped = static_cast<char>(bytes[i] ^ (1 << bit));
      const Fd& file = memory.file();
      write_all(file, i, as_bytes(std::string_view(&flipped, 1)));
      if (read(memory)) ++taken;
      write_all(file, i, as_bytes(std::string_view(&bytes[i], 1)));
    }
  CHECK(taken == 0);
}

TEST_CASE("a backup that was cut short at any byte is refused as such") {
  const std::string bytes = SmallBackup().bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto done = read(InMemory(bytes.substr(0, i)));
    REQUIRE_FALSE(done);
    INFO(i << " " << done.error().text);
    REQUIRE(done.error().kind == RefusalKind::truncated);
  }
}

TEST_CASE("what a backup may not hold is refused by its kind") {
  const SmallBackup good;
  const std::string bytes = good.bytes();
  CHECK(kind_of("") == RefusalKind::truncated);
  CHECK(kind_of("root:x:0:0:root:/root:/bin/bash\n") == RefusalKind::malformed);
  CHECK(kind_of(bytes + "x") == RefusalKind::extended);
  CHECK(kind_of(bytes + std::string(512, '\0')) == RefusalKind::extended);
  CHECK(kind_of(tar_member("README", "a tar of somebody else")) == RefusalKind::malformed);

  SmallBackup other = good;
  std::swap(other.contents[0], other.contents[1]);
  CHECK(kind_of(other.bytes()) == RefusalKind::malformed);  // out of order
  other = good;
  other.contents.insert(other.contents.begin(), other.contents[0]);
  CHECK(kind_of(other.bytes()) == RefusalKind::malformed);  // twice
  other = good;
  std::rotate(other.contents.begin(), other.contents.begin() + 2, other.contents.end());
  CHECK(kind_of(other.bytes()) == RefusalKind::malformed);  // objects come first
  for (const char* name : {"objects/../../../etc/cron.d/x", "objects/ab", "arch/../site.key", "arch/K20260105_02.tar.bz2",
                           "/etc/passwd", "site.key", "feeds/main/current"}) {
    INFO(name);
    other = good;
    other.contents = {{name, "x"}};
    CHECK(kind_of(other.bytes()) == RefusalKind::hostile_member);
  }
  for (const char* name : {"../site.key", "/etc/passwd", "trust/../../x.pub", "trust/.x.pub", "trust/x", "trust/x.pub/y",
                           "evidence/x", "evidence/../x", "quarantine/x", "patchferry.sqlite-journal", ".restoring", "a\nb"}) {
    INFO(name);
    other = good;
    other.parts.emplace_back(name, "x");
    std::sort(other.parts.begin(), other.parts.end());
    other.list_parts();
    CHECK(kind_of(other.bytes()) == RefusalKind::hostile_member);
  }
  other = good;
  other.list.contents = false;
  CHECK(kind_of(other.bytes()) == RefusalKind::hostile_member);  // contents that are not announced
  other = good;
  other.contents.back().second = "another one";
  CHECK(kind_of(other.bytes()) == RefusalKind::damaged);
  other = good;
  other.parts.erase(other.parts.begin() + 2);
  other.list_parts();
  CHECK(kind_of(other.bytes()) == RefusalKind::malformed);  // without site.key
  other = good;
  other.parts.erase(other.parts.begin());
  CHECK(kind_of(other.bytes()) == RefusalKind::malformed);  // listed, and not there
  other = good;
  other.list.parts[2].bytes = kMaxSmallPart + 1;
  CHECK(kind_of(other.bytes()) == RefusalKind::too_large);

  const std::string list = encode_list(good.list);
  const auto with_list = [&](const std::string& text) {
    return kind_of(tar_member(kListName, text) + bytes.substr(tar_member(kListName, list).size()));
  };
  CHECK(with_list(replaced(list, "\"format\": 1", "\"format\": 2")) == RefusalKind::unknown_format);
  CHECK(with_list(replaced(list, "patchferry-backup", "patchferry-backed")) == RefusalKind::malformed);
  CHECK(with_list(list + "\n") == RefusalKind::malformed);
  CHECK(with_list("{}\n") == RefusalKind::malformed);
  CHECK(with_list(std::string(2000, '[')) == RefusalKind::malformed);
  CHECK(kind_of(std::string(as_text(encode_tar_head({kListName, kMaxList + 1})))) == RefusalKind::too_large);
}

TEST_CASE("a head is taken in one form only") {
  for (const std::uint64_t size : {0ULL, 1ULL, 511ULL, (1ULL << 33) - 1, 1ULL << 33, 1ULL << 40}) {
    const auto head = decode_tar_head(encode_tar_head({"objects/x", size}));
    REQUIRE(head);
    CHECK(head->bytes == size);
  }
  const auto kind = [](const std::string& head) {
    const auto done = decode_tar_head(as_bytes(head));
    return done ? std::string("taken") : std::string(name_of(done.error().kind));
  };
  for (const char type : {'1', '2', '3', '5', 'x', 'g', 'L'}) CHECK(kind(odd_head("site.key", 156, type)) == "not-regular");
  CHECK(kind(odd_head("site.key", 104, '7')) == "malformed");  // mode
  CHECK(kind(odd_head("site.key", 157, 'a')) == "malformed");  // a link's target
  CHECK(kind(odd_head("site.key", 345, 'a')) == "malformed");  // a prefix of the name
  CHECK(kind(odd_head("site.key", 20, 'a')) == "malformed");   // behind the name
  CHECK(kind(odd_head("site.key", 124, ' ')) == "malformed");  // another way to write the size
  CHECK(kind(odd_head("site.key", 0, '\0')) == "malformed");
  CHECK(kind(odd_head("site.key", 124, static_cast<char>(0xff))) == "malformed");
}
