// SPDX-License-Identifier: Apache-2.0
// The manifest's reader by itself: what is written is read, nothing else is, and within bounds.
#include "bundle-format/manifest_reader.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace patchferry;

namespace {

ManifestPatchset patchset(const std::string& file, std::vector<ManifestFix> fixes, const std::string& channel = kDefaultChannel) {
  ManifestPatchset out;
  out.name = *parse_archive_name(file);
  out.archive = sha256(as_bytes(file));
  out.archive_bytes = ~0ULL;
  out.expanded_bytes = 20480;
  out.first_seen = 1767607200;
  out.fixes = std::move(fixes);
  out.channel = channel;
  return out;
}

/// Something in every list.
Manifest full() {
  Manifest m;
  m.site = "plant1";
  m.sequence = 12;
  m.kernels = {"5.14.0-1.el9.x86_64", "6.1.0-47-cloud-amd64", "a],[b},{c"};
  m.patchsets = {patchset("K04082020_1.tgz", {}),
                 patchset("K20260105_01.tar.bz2", {{"CVE-2025-0001", 0, {}}, {"CVE-2026-10001", 78, {0, 2}}}, "test"),
                 patchset("U20260112_01-qemu.tar.bz2", {{"CVE-2026-10002", 100, {1}}})};
  m.withdrawn = {"K20251201_01", "K20251202_01"};
  m.needs = {{"K20251203_01", sha256(as_bytes("a")), 3}, {"K20251204_01", sha256(as_bytes("b")), 11}};
  m.objects_bytes = 64;
  m.recipes_bytes = 80;
  m.packs_bytes = 1;
  m.bases_bytes = 0;
  m.memory = 1 << 27;
  return m;
}

/// With one list that has `count` items.
std::string with_kernels(std::uint64_t count) {
  Manifest m = full();
  m.kernels.clear();
  for (std::uint64_t i = 0; i < count; ++i) m.kernels.push_back(fmt::format("{:07}", i));
  return encode_manifest(m);
}
std::string with_fixes(std::uint64_t count) {
  Manifest m;
  m.patchsets = {patchset("K20260105_01.tar.bz2", {})};
  for (std::uint64_t i = 0; i < count; ++i) m.patchsets[0].fixes.push_back({fmt::format("CVE-2026-{:07}", i), 1, {}});
  return encode_manifest(m);
}
std::string with_indices(std::uint64_t count) {
  Manifest m;
  m.patchsets = {patchset("K20260105_01.tar.bz2", {{"CVE-2026-0001", 1, std::vector<std::uint32_t>(count, 7)}})};
  return encode_manifest(m);
}

void check_malformed(const std::string& text) {
  INFO(text.substr(0, 2000));
  const auto read = read_manifest(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == RefusalKind::malformed);
}

}  // namespace

TEST_CASE("a manifest is read as it was written, field by field") {
  const Manifest was = full();
  const std::string text = encode_manifest(was);
  const auto m = read_manifest(text);
  REQUIRE(m);
  CHECK(encode_manifest(*m) == text);
  CHECK(m->site == was.site);
  CHECK(m->sequence == was.sequence);
  CHECK(m->kernels == was.kernels);
  CHECK(m->fixes_left_out == was.fixes_left_out);
  CHECK(m->withdrawn == was.withdrawn);
  CHECK(m->memory == was.memory);
  CHECK(m->objects_bytes == 64);
  CHECK(m->recipes_bytes == 80);
  CHECK(m->packs_bytes == 1);
  CHECK(m->bases_bytes == 0);
  REQUIRE(m->patchsets.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto &got = m->patchsets[i], &want = was.patchsets[i];
    CHECK(got.name.file == want.name.file);
    CHECK(got.name.patchset == want.name.patchset);
    CHECK(got.archive == want.archive);
    CHECK(got.archive_bytes == want.archive_bytes);
    CHECK(got.expanded_bytes == want.expanded_bytes);
    CHECK(got.first_seen == want.first_seen);
    CHECK(got.fixes == want.fixes);
    CHECK(got.channel == want.channel);
  }
  REQUIRE(m->needs.size() == 2);
  CHECK(m->needs[1].name == "K20251204_01");
  CHECK(m->needs[1].archive == sha256(as_bytes("b")));
  CHECK(m->needs[1].bundle == 11);
  const Manifest empty;
  CHECK(read_manifest(encode_manifest(empty)));
}

TEST_CASE("a manifest cut at any byte is refused, and what any other byte makes of it is refused or written so") {
  const std::string text = encode_manifest(full());
  for (std::size_t at = 0; at < text.size(); ++at) {
    check_malformed(text.substr(0, at));
    for (const char other : std::string("0179-+.eE\"\\,:[]{} \n\x1f\x7f\xc3uKt"))
      for (const std::size_t taken : {std::size_t{0}, std::size_t{1}}) {  // put in, or put in its place
        const std::string altered = text.substr(0, at) + other + text.substr(at + taken);
        if (const auto read = read_manifest(altered)) CHECK(encode_manifest(*read) == altered);
      }
  }
  check_malformed(text + text);
}

TEST_CASE("a manifest's numbers have one spelling") {
  const std::string text = encode_manifest(full());
  const auto with = [&](const std::string& number) {
    std::string out = text;
    const std::string field = "\"sequence\":12";
    return out.replace(out.find(field), field.size(), "\"sequence\":" + number);
  };
  CHECK(read_manifest(with("18446744073709551615")));
  CHECK(read_manifest(with("0")));
  for (const char* other : {"", "012", "00", "-1", "-0", "+1", "1.0", "1e1", " 1", "1 ", "18446744073709551616", "0x1", "\"1\"",
                            "null", "true", "[]", "99999999999999999999999"})
    check_malformed(with(other));
}

TEST_CASE("a manifest holds so many kernels, objects and values, and not one more") {
  CHECK(read_manifest(with_kernels(kMaxManifestKernels)));
  check_malformed(with_kernels(kMaxManifestKernels + 1));
  // Beside the fixes: the whole, its tables, the patchset and its archive.
  CHECK(read_manifest(with_fixes(kMaxManifestObjects - 4)));
  check_malformed(with_fixes(kMaxManifestObjects - 3));
  // And beside the indices: those four; of the whole 4 lists, 5 words and numbers, and 4 numbers of its tables; of the patchset 8 words and
  // numbers, its list of fixes, the fix, 2 words and numbers, and its list.
  CHECK(read_manifest(with_indices(kMaxManifestValues - 30)));
  check_malformed(with_indices(kMaxManifestValues - 29));
}
