// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/hostile_tars.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

#include "tests/scenario/world.h"
#include "tests/unit/tar_builder.h"

namespace patchferry::test {

namespace {

constexpr std::size_t kBlock = 512;
const std::string kUstar("ustar\00000", 8), kGnu("ustar  \0", 8), kV7(8, '\0');

/// One header as raw text; what is not set is what a tar program would write.
struct Raw {
  std::string name = {};
  std::string mode = "0000644";
  std::string uid = "0000000";
  std::string size = {};  // twelve bytes; empty: that of `content`
  char type = '0';
  std::string link = {};
  std::string magic = kUstar;
  std::string major = "0000000";
  std::string prefix = {};
  std::string sum = {};  // empty: the right one
  std::string content = {};
  std::string tail = {};  // from byte 345 on, in place of `prefix`
};

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return bytes;
}

std::string header_of(const Raw& raw) {
  std::string block(kBlock, '\0');
  const auto put = [&](std::size_t at, std::size_t room, const std::string& text) {
    block.replace(at, std::min(room, text.size()), text, 0, room);
  };
  put(0, 100, raw.name);
  put(100, 8, raw.mode);
  put(108, 8, raw.uid);
  put(116, 8, raw.uid);
  put(124, 12, raw.size.empty() ? fmt::format("{:011o}", raw.content.size()) : raw.size);
  put(136, 12, "14371573000");
  block[156] = raw.type;
  put(157, 100, raw.link);
  put(257, 8, raw.magic);
  put(329, 8, raw.major);
  put(337, 8, raw.major);
  put(345, 155, raw.prefix);
  if (!raw.tail.empty()) put(345, 167, raw.tail);
  put(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, 8, raw.sum.empty() ? fmt::format("{:06o}", sum) + std::string("\0 ", 2) : raw.sum);
  return block;
}

std::string member(const Raw& raw) { return header_of(raw) + padded(raw.content); }

std::string record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}
std::string pax(const std::string& records, char type = 'x') {
  return member({.name = "PaxHeaders/x", .type = type, .content = records});
}
std::string long_name(const std::string& text, char type = 'L') {
  return member({.name = "././@LongLink", .type = type, .magic = kGnu, .content = text + std::string(1, '\0')});
}

const std::string kTop = "top/" + khash(1);
std::string good_file(const std::string& name = kTop + "/1/kpatch.bin") { return member({.name = name, .content = "patch"}); }
std::string end() { return std::string(2 * kBlock, '\0'); }
std::string packed_text(const std::string& tar) { return std::string(as_text(packed(as_bytes(tar), Packing::bzip2))); }

using Kinds = std::vector<std::string>;
const Kinds kTaken = {}, kTooLarge = {"too-large"}, kHostile = {"hostile-member"}, kBadName = {"bad-name"},
            kBroken = {"not-an-archive", "truncated"}, kImpossible = {"not-an-archive", "too-large", "hostile-member"};
const Kinds kAnyKind = {"hostile-member", "bad-name", "not-an-archive", "truncated", "too-large"};

class Collection {
 public:
  /// A tar of a good member, what is given, and the end.
  void add(const std::string& what, const std::string& members, const Kinds& refused) {
    add_tar(what, good_file() + members + end(), refused);
  }
  void add_tar(const std::string& what, const std::string& tar, const Kinds& refused) {
    all.push_back({what, packed_text(tar), refused});
  }
  void add_packed(const std::string& what, const std::string& bytes, const Kinds& refused) {
    all.push_back({what, bytes, refused});
  }

  std::vector<HostileArchive> all;
};

struct Format {
  const char* name;
  std::string magic;
};
const Format kFormats[] = {{"v7", kV7}, {"ustar", kUstar}, {"gnu", kGnu}};

/// One name in each way in which a tar can give it, for a file, a folder and a link.
void add_name(Collection& out, const std::string& what, const std::string& name, const Kinds& refused) {
  for (const auto& [format, magic] : kFormats) {
    if (name.size() <= 100) {
      out.add(fmt::format("a file named {} ({})", what, format), member({.name = name, .magic = magic, .content = "x"}), refused);
      out.add(fmt::format("a folder named {} ({})", what, format), member({.name = name, .type = '5', .magic = magic}), refused);
    }
  }
  if (name.empty()) return;  // then, the other ways say nothing
  out.add(fmt::format("a file named {} (pax)", what), pax(record("path", name)) + member({.name = "fine", .content = "x"}),
          refused);
  out.add(fmt::format("a file named {} (gnu long name)", what),
          long_name(name) + member({.name = "fine", .magic = kGnu, .content = "x"}), refused);
  out.add(fmt::format("a file named {} (sparse name)", what),
          pax(record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "1") +
              record("GNU.sparse.name", name)) +
              member({.name = "fine", .content = padded("1\n0\n1\n") + "x"}),
          kAnyKind);
}

void add_names(Collection& out) {
  const std::pair<const char*, const char*> hostile[] = {
      {"..", ".."},         {"../x", "../x"}, {"../../x", "../../../../../../x"}, {"a/../../x", "a/../../x"},
      {"a/..", "a/.."},     {"/x", "/x"},     {"/etc/passwd", "/etc/passwd"},     {"//x", "//x"},
      {"./../x", "./../x"}, {"/", "/"},       {"top/../../x", "top/../../x"},     {"/proc/self/mem", "/proc/self/mem"},
  };
  for (const auto& [what, name] : hostile) add_name(out, what, name, kHostile);
  const std::pair<const char*, std::string> bad[] = {
      {"with a backslash", "a\\b"},
      {"with a drive", "C:x"},
      {"..\\x", "..\\x"},
      {"with a blank", "a b"},
      {"of a blank", " "},
      {"with a line end", "a\nb"},
      {"that clears the screen", "\x1b[2J"},
      {"that turns the text round",
       "a\xe2\x80\xae"
       "b"},
      {"in broken UTF-8", "\xff\xfe"},
      {"in overlong UTF-8", "a/\xc0\xae\xc0\xae/x"},
      {"with two slashes", "a//b"},
      {"with a dot inside", "a/./b"},
      {"with a quote", "a'b"},
      {"with a dollar", "$(x)"},
      {"with a star", "*"},
      {"of 256 bytes", std::string(256, 'a')},
      {"17 deep", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"},
      {"with accents, one by one", "cafe\xcc\x81"},
      {"with accents, composed", "caf\xc3\xa9"},
  };
  for (const auto& [what, name] : bad) add_name(out, what, name, kBadName);
  out.add("a file without a name", member({.name = "", .content = "x"}), kHostile);
  out.add("a name from a ustar prefix that leads out", member({.name = "x", .prefix = "../.."}), kHostile);
  out.add("a name from a ustar prefix that is absolute", member({.name = "x", .prefix = "/etc"}), kHostile);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "d/";
  out.add("a path of 100000 folders (gnu)", long_name(deep + "f") + member({.name = "f", .magic = kGnu}), kBadName);
  out.add("a path of 100000 folders (pax)", pax(record("path", deep + "f")) + member({.name = "f"}), kBadName);
  std::string up;
  for (int i = 0; i < 30'000; ++i) up += "../";
  out.add("a path of 30000 steps up", long_name(up + "etc/passwd") + member({.name = "f", .magic = kGnu}), kHostile);
  std::string chain;
  for (int i = 0; i < 200; ++i) chain += long_name("n" + std::to_string(i));
  out.add("200 long names in a row", chain + member({.name = "f", .magic = kGnu}), kHostile);
  out.add("a long name of 5 MB", long_name(std::string(5'000'000, 'a')) + member({.name = "f", .magic = kGnu}), kAnyKind);
  out.add("a long name at the end", long_name("n"), kAnyKind);
}

void add_types(Collection& out) {
  for (const Format& format : kFormats) {
    const auto typed = [&](const std::string& what, char type, const std::string& link, const std::string& name = "top/odd") {
      out.add(fmt::format("{} ({})", what, format.name),
              member({.name = name, .type = type, .link = link, .magic = format.magic}), kHostile);
    };
    for (const char* target : {"/etc/passwd", "../../../../etc/passwd", "fine", "/", "..", ".", "", "1/..", "1/x"}) {
      typed(fmt::format("a link to '{}'", target), '2', target);
      typed(fmt::format("a link named latest to '{}'", target), '2', target, kTop + "/latest");
      if (*target != '\0') typed(fmt::format("a hard link to '{}'", target), '1', target);
    }
    typed("a hard link to a member", '1', kTop + "/1/kpatch.bin");
    if (format.magic != kV7) {
      typed("a character device", '3', "");
      typed("a block device", '4', "");
      typed("a pipe", '6', "");
    }
    const std::string through = member({.name = "top/link", .type = '2', .link = "/tmp", .magic = format.magic});
    out.add(fmt::format("a file through a link out ({})", format.name),
            through + member({.name = "top/link/x", .magic = format.magic, .content = "x"}), kHostile);
    const std::string pointer = member({.name = kTop + "/latest", .type = '2', .link = "1", .magic = format.magic});
    out.add(fmt::format("a file through the pointer ({})", format.name),
            pointer + member({.name = kTop + "/latest/x", .magic = format.magic, .content = "x"}), kHostile);
    out.add(fmt::format("a pointer in the place of a file ({})", format.name),
            pointer + member({.name = kTop + "/latest", .magic = format.magic, .content = "9"}), kHostile);
  }
  // A type that nobody has defined is an ordinary file, says POSIX; those of other programs are none.
  for (const char type : {'7', 'D', 'N', 'S', 'Z', 'I', '8', '\x7f', '\xff'})
    out.add(fmt::format("a member of type {:#04x}", static_cast<unsigned char>(type)),
            member({.name = "top/odd", .type = type, .magic = kGnu}), kTaken);
  for (const char type : {'M', 'V'})
    out.add(fmt::format("a member of type {}", type), member({.name = "top/odd", .type = type, .magic = kGnu}), kHostile);
  for (const char type : {'A', 'X'})
    out.add(fmt::format("a member of type {}", type), member({.name = "top/odd", .type = type, .magic = kGnu}), kBroken);
  for (const char* mode : {"0004755", "0002755", "0006777", "0001777", "7777777", "xxxxxxx", "-000001"})
    out.add(fmt::format("a file of mode {}", mode), member({.name = "top/odd", .mode = mode, .content = "x"}), kTaken);
  out.add("a file of an owner below zero", member({.name = "top/odd", .uid = "-000001", .content = "x"}), kTaken);
  out.add("a file with a device number", member({.name = "top/odd", .major = "7777777", .content = "x"}), kTaken);
}

void add_places(Collection& out) {
  const auto two = [&](const std::string& what, const Raw& one, const Raw& other) {
    out.add(what, member(one) + member(other), kHostile);
  };
  two("a file twice", {.name = "a/f"}, {.name = "a/f"});
  two("a file twice, once by way of a dot", {.name = "a/f"}, {.name = "./a/f"});
  two("names that differ in case", {.name = "a/f"}, {.name = "a/F"});
  two("folders that differ in case", {.name = "a/f"}, {.name = "A/g"});
  two("a folder twice", {.name = "a/", .type = '5'}, {.name = "a/", .type = '5'});
  two("a file where a folder is", {.name = "a/f"}, {.name = "a"});
  two("a folder where a file is", {.name = "a"}, {.name = "a/f"});
  two("a file with a trailing slash", {.name = "a"}, {.name = "a/", .type = '5'});
  two("the good member once more", {.name = kTop + "/1/kpatch.bin", .content = "other"}, {.name = "z"});
}

void add_sizes(Collection& out) {
  const std::pair<const char*, std::string> sizes[] = {
      {"8 GiB less one", "77777777777"},
      {"of blanks", "           "},
      {"of letters", "abcdefghijk"},
      {"below zero, in text", "-0000000001"},
      {"below zero, in binary", std::string(12, '\xff')},
      {"2^32 in binary", std::string("\x80\0\0\0\0\0\0\x01\0\0\0\0", 12)},
      {"2^62 in binary", std::string("\x80\0\0\0\x40\0\0\0\0\0\0\0", 12)},
      {"2^63 less one in binary", std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)},
      {"2^63 in binary", std::string("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12)},
      {"2^95 in binary", std::string("\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 12)},
      {"without an end", "000000000001"},
      {"with digits that are none", "00000000009"},
  };
  for (const auto& [what, size] : sizes)
    for (const char type : {'0', 'x', 'L', 'K', 'g'})
      out.add(fmt::format("a size {} (type {})", what, type),
              member({.name = "top/odd", .size = size, .type = type, .content = "x"}),
              std::string(what) == "without an end" && type == '0' ? kTaken : kImpossible);
  for (const char* size : {"-1", "9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999999",
                           "1e3", " 1", "0x1", ""})
    out.add(fmt::format("a pax size of '{}'", size), pax(record("size", size)) + member({.name = "top/odd", .content = "x"}),
            std::string(size) == "1e3" || std::string(size) == " 1" ? kTaken : kBroken);
}

void add_pax(Collection& out) {
  const auto raw = [&](const std::string& what, const std::string& records, const Kinds& refused, const Kinds& global = kTaken) {
    out.add("pax: " + what, pax(records) + member({.name = "top/odd", .content = "x"}), refused);
    out.add("global pax: " + what, pax(records, 'g') + member({.name = "top/odd", .content = "x"}), global);
  };
  raw("a record of length 0", "0 path=a\n", kHostile);
  raw("a record that is too long", "999 path=a\n", kHostile);
  raw("a record of length 2^64", "18446744073709551616 path=a\n", kHostile);
  raw("a record of length below zero", "-5 path=a\n", kHostile);
  raw("a record without a line end", "8 path=a", kHostile);
  raw("a record without '='", "7 path\n", kHostile);
  raw("a record without a key", "5 =a\n", kBroken);
  raw("no length", "path=a\n", kHostile);
  raw("only digits", std::string(100, '9'), kHostile);
  raw("a zero byte in a path", record("path", std::string("top/a\0b", 7)), kTaken);
  raw("an empty path", record("path", ""), kTaken);
  raw("a link path", record("linkpath", "/etc/passwd"), kTaken);
  raw("a path of 3 MB", record("path", std::string(3'000'000, 'a')), kBroken, kBroken);
  raw("a header of 5 MB", record("comment", std::string(5'000'000, 'c')), kBroken, kBroken);
  raw("two paths", record("path", "top/a") + record("path", "../b"), kHostile);
  raw("times without end", record("mtime", "99999999999999999999.9") + record("atime", "-1"), kTaken);
  raw("another character set", record("hdrcharset", "BINARY") + record("path", "\xff"), kBadName);
  raw("extended attributes", record("SCHILY.xattr.security.capability", "x") + record("LIBARCHIVE.xattr.user.a", "eA=="), kTaken);
  raw("access lists", record("SCHILY.acl.access", "user::rwx,user:root:rwx"), kTaken);
  raw("a device", record("SCHILY.devmajor", "1") + record("SCHILY.devminor", "1"), kTaken);
  raw("a file type", record("LIBARCHIVE.creationtime", "0") + record("SCHILY.fflags", "schg"), kTaken);
  raw(
      "a thousand unknown records",
      [] {
        std::string out_text;
        for (int i = 0; i < 1000; ++i) out_text += record("X.key" + std::to_string(i), "v");
        return out_text;
      }(),
      kTaken);
  out.add(
      "a thousand pax headers in a row",
      [] {
        std::string headers;
        for (int i = 0; i < 1000; ++i) headers += pax(record("path", "top/p" + std::to_string(i)));
        return headers + member({.name = "f"});
      }(),
      kHostile);
  out.add("a pax header for a link that leads out",
          pax(record("linkpath", "/etc")) + member({.name = kTop + "/latest", .type = '2', .link = "1"}), kHostile);
}

void add_sparse(Collection& out) {
  const auto pax_sparse = [&](const std::string& what, const std::string& records, const Kinds& refused,
                              const std::string& content = "onetwo") {
    out.add("sparse: " + what, pax(records) + member({.name = "top/odd", .content = content}), refused);
  };
  const auto map01 = [](const std::string& map, const std::string& size) {
    return record("GNU.sparse.size", size) + record("GNU.sparse.numblocks", "2") + record("GNU.sparse.map", map);
  };
  pax_sparse("0.1 backwards", map01("7,3,2,3", "12"), kHostile);
  pax_sparse("0.1 overlapping", map01("0,3,1,3", "12"), kHostile);
  pax_sparse("0.1 behind its end", map01("2,3,7,3", "9"), kHostile);
  pax_sparse("0.1 below zero", map01("2,-3,7,3", "12"), kHostile);
  pax_sparse("0.1 beyond 2^63", map01("9223372036854775807,3,7,3", "12"), kHostile);
  pax_sparse("0.1 of 2^62 bytes", map01("2,3,7,3", "4611686018427387904"), kTooLarge);
  pax_sparse("0.1 with an odd number", map01("2,3,7", "12"), kTaken);
  pax_sparse("0.1 of letters", map01("a,b,c,d", "12"), kHostile);
  pax_sparse("0.0 backwards",
             record("GNU.sparse.size", "12") + record("GNU.sparse.numblocks", "2") + record("GNU.sparse.offset", "7") +
                 record("GNU.sparse.numbytes", "3") + record("GNU.sparse.offset", "2") + record("GNU.sparse.numbytes", "3"),
             kHostile);
  pax_sparse("0.0 of 2^63 bytes",
             record("GNU.sparse.size", "9223372036854775807") + record("GNU.sparse.numblocks", "1") +
                 record("GNU.sparse.offset", "9223372036854775806") + record("GNU.sparse.numbytes", "1"),
             kTooLarge);
  const std::string one = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "12");
  const std::pair<std::string, Kinds> maps[] = {
      {"2\n0\n3\n7\n3\n", kTaken},
      {"2\n7\n3\n2\n3\n", kHostile},
      {"99999999999\n", kBroken},
      {"-1\n0\n3\n", kBroken},
      {"x\n", kBroken},
      {"2\n0\n", kBroken},
      {"1\n9223372036854775807\n3\n", kBroken},
      {"1\n0\n99999\n", kTaken},  // more than there is: the rest is zeros
      {"", kBroken},
  };
  for (const auto& [map, refused] : maps)
    pax_sparse("1.0 map '" + map + "'", one, refused, padded(map.empty() ? std::string(kBlock, '\0') : map) + "onetwo");
  pax_sparse("1.0 map of a million lines", one, kTaken, [] {
    std::string map = "1000000\n";
    for (int i = 0; i < 1'000'000; ++i) map += "0\n0\n";
    return padded(map);
  }());
  const auto old = [&](const std::string& what, const std::string& entries, const std::string& real, const Kinds& refused) {
    std::string tail(41, '\0');  // from 345: times, offset, long names; then four entries of 24 bytes at 386
    tail += entries;
    tail.resize(41 + 97, '\0');
    tail += real;
    out.add("sparse: old GNU " + what, member({.name = "top/odd", .type = 'S', .magic = kGnu, .content = "onetwo", .tail = tail}),
            refused);
  };
  const auto entry = [](const std::string& offset, const std::string& bytes) {
    return fmt::format("{:>11} {:>11} ", offset, bytes);
  };
  old("as it should be", entry("00000000002", "00000000003") + entry("00000000007", "00000000003"), "00000000014", kTaken);
  old("backwards", entry("00000000007", "00000000003") + entry("00000000002", "00000000003"), "00000000014", kHostile);
  old("beyond its size", entry("00000000002", "00000000003") + entry("77777777777", "00000000003"), "00000000014", kHostile);
  old("of 8 GiB", entry("00000000002", "00000000003"), "77777777777", kTooLarge);
  old("of letters", entry("abc", "def"), "xyz", kTaken);
}

void add_streams(Collection& out) {
  const std::string whole = good_file() + member({.name = "top/other", .content = "other"}) + end();
  // Cut behind each field of the second header, and elsewhere.
  for (const std::size_t field :
       {1U, 99U, 100U, 108U, 116U, 124U, 136U, 148U, 156U, 157U, 257U, 263U, 265U, 297U, 329U, 337U, 345U, 500U, 511U})
    out.add_tar(fmt::format("a tar cut at byte {} of its second header", field), whole.substr(0, 2 * kBlock + field), kAnyKind);
  for (const std::size_t blocks : {1U, 2U, 3U, 4U})
    out.add_tar(fmt::format("a tar cut behind {} blocks", blocks), whole.substr(0, blocks * kBlock), kAnyKind);
  for (const char* sum : {"0000000", "7777777", "-000001", "       ", "xxxxxxx"})
    out.add(fmt::format("a checksum of '{}'", sum), member({.name = "top/odd", .sum = sum, .content = "x"}), kBroken);
  out.add_tar("bytes behind the end", whole + "x", kHostile);
  out.add_tar("a second tar behind the end", whole + good_file("later") + end(), kHostile);
  out.add_tar("a second tar far behind the end", whole + std::string(300'000, '\0') + good_file("later") + end(), kHostile);
  out.add_tar("nothing but zeros", std::string(10'240, '\0'), kBroken);
  out.add_tar("nothing", "", kBroken);
  out.add_tar("text", "This is text, and a good deal longer than any magic.", kBroken);
  out.add_tar("noise", noise(1, 20'000), kBroken);
  out.add_tar("a cpio", "070701" + std::string(500, '0'), kBroken);
  out.add_tar("a zip", "PK\x03\x04" + std::string(500, '\0'), kBroken);
  out.add_tar("an archive within an archive", packed_text(whole), kBroken);
  out.add_tar("an archive within an archive within an archive", packed_text(packed_text(whole)), kBroken);
  out.add_tar("a gzip within", std::string(as_text(packed(as_bytes(whole), Packing::gzip))), kBroken);
  const std::string once = packed_text(whole);
  out.add_packed("two archives glued together", once + once, kAnyKind);
  out.add_packed("a stream in two pieces", packed_text(whole.substr(0, 700)) + packed_text(whole.substr(700)), kTaken);
  out.add_packed("bytes behind the stream", once + "hidden", kTaken);
  out.add_packed("no compression", whole, kBroken);
  out.add_packed("gzip under the name of bzip2", std::string(as_text(packed(as_bytes(whole), Packing::gzip))), kBroken);
  out.add_packed("an empty file", "", kBroken);
  for (std::size_t cut = 1; cut < once.size(); cut += std::max<std::size_t>(1, once.size() / 24))
    out.add_packed(fmt::format("a bzip2 file cut to {} bytes", cut), once.substr(0, cut), kBroken);
}

/// `count` bits from bit `at` on, the most significant first.
std::string with_bits(std::string bytes, std::size_t at, unsigned count, std::uint32_t value) {
  for (unsigned i = 0; i < count; ++i) {
    const std::size_t bit = at + i;
    const auto mask = static_cast<char>(0x80U >> (bit % 8));
    const bool set = (value >> (count - 1 - i) & 1U) != 0;
    bytes[bit / 8] = static_cast<char>(set ? bytes[bit / 8] | mask : bytes[bit / 8] & ~mask);
  }
  return bytes;
}

void add_bzip2(Collection& out) {
  const std::string once = packed_text(good_file() + end());
  constexpr std::size_t kMagic = 32, kCrc = 80, kRandomised = 112, kOrigin = 113, kMap = 137;
  const auto bits = [&](const std::string& what, std::size_t at, unsigned count, std::uint32_t value) {
    out.add_packed("bzip2: " + what, with_bits(once, at, count, value), kBroken);
  };
  unsigned maps = 0;  // of 16 symbols each that are in use
  for (std::size_t i = 0; i < 16; ++i) maps += static_cast<unsigned char>(once[(kMap + i) / 8]) >> (7 - (kMap + i) % 8) & 1U;
  const std::size_t groups = kMap + 16 + 16 * maps, selectors = groups + 3, choice = selectors + 15;
  bits("level 0", 24, 8, '0');
  bits("level ':'", 24, 8, ':');
  bits("another magic", 0, 8, 'A');
  bits("another block magic", kMagic, 8, 0);
  bits("a block's checksum", kCrc, 8, 0xff);
  // The first byte that this scrambles is the 619th or so, and so is the last that it could betray.
  out.add_packed("bzip2: a randomised block",
                 with_bits(packed_text(padded(noise(2, 5000)) + good_file() + end()), kRandomised, 1, 1), kBroken);
  bits("an origin out of range", kOrigin, 24, 0xffffff);
  bits("an origin just out of range", kOrigin, 24, 900'001);
  bits("no symbols", kMap, 16, 0);
  bits("all symbols, of which no map is there", kMap, 16, 0xffff);
  for (const std::uint32_t count : {0U, 1U, 7U}) bits(fmt::format("{} tables", count), groups, 3, count);
  for (const std::uint32_t count : {0U, 18'002U, 32'767U}) bits(fmt::format("{} selectors", count), selectors, 15, count);
  bits("selectors that never end", choice, 24, 0xffffff);
  bits("code lengths that overflow", choice + 8, 24, 0xaaaaaa);
  bits("code lengths of zero", choice + 1, 32, 0);
  for (std::size_t at = once.size() * 8 - 40; at < once.size() * 8 - 8; at += 8) bits("the stream's checksum", at, 8, 0x5a);
  const std::string empty("BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", 14);
  out.add_packed("bzip2: an empty stream", empty, kBroken);
  out.add_packed(
      "bzip2: a thousand empty streams before the good one",
      [&] {
        std::string many;
        for (int i = 0; i < 1000; ++i) many += empty;
        return many + once;
      }(),
      kTaken);
  for (std::size_t at = kMap; at < std::min<std::size_t>(once.size() * 8, 1200); at += 37)
    out.add_packed(fmt::format("bzip2: bit {} turned over", at),
                   with_bits(once, at, 1, ~static_cast<unsigned>(static_cast<unsigned char>(once[at / 8]) >> (7 - at % 8)) & 1U),
                   kBroken);
}

}  // namespace

std::vector<HostileArchive> hostile_archives() {
  Collection out;
  add_names(out);
  add_types(out);
  add_places(out);
  add_sizes(out);
  add_pax(out);
  add_sparse(out);
  add_streams(out);
  add_bzip2(out);
  return std::move(out.all);
}

}  // namespace patchferry::test
