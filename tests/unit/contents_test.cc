// SPDX-License-Identifier: Apache-2.0
// What is learnt of an archive while it is read, and that it cannot be made to fill our memory.
#include <catch2/catch.hpp>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/archive/contents.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kTop = "K20260105_01/";
const std::string kIdent(40, 'a');

Result<PatchsetContents> contents_of(const TarBuilder& tar) {
  const Fd file = memory_file(packed(tar.finish(), Packing::bzip2));
  FileKeeper nothing;
  return read_contents(plain_archive_work(), file, *parse_archive_name("K20260105_01.tar.bz2"), {}, nothing);
}

}  // namespace

TEST_CASE("levels, pointers and fixes of an archive are found beneath its top folder") {
  TarBuilder tar;
  tar.file(kTop + kIdent + "/3/kpatch.bin", "patch");
  tar.file(kTop + kIdent + "/3/kpatch.info", "uname: 6.1.0\n\nkpatch-name: a\nkpatch-cve: CVE-2026-0001\nkpatch-cvss: 7.8\n");
  tar.file(kTop + kIdent + "/latest.v1", "3\n").file(kTop + kIdent + "/version", "6.1.0\n").file(kTop + "before", "#!/bin/sh\n");
  const auto contents = contents_of(tar);
  REQUIRE(contents);
  REQUIRE(contents->levels.size() == 1);
  CHECK(contents->levels[0].level == 3);
  CHECK(contents->levels[0].files.size() == 2);
  CHECK(contents->levels[0].info.kernel == "6.1.0");
  REQUIRE(contents->levels[0].info.fixes.size() == 1);
  CHECK(contents->levels[0].info.fixes[0].cvss_tenths == 78);
  REQUIRE(contents->pointers.size() == 2);
  CHECK(contents->pointers[0].text == "3\n");
}

TEST_CASE("an archive whose pointer files would fill the memory is refused") {
  TarBuilder tar;
  const std::string large(64 << 10, '1');
  for (int i = 0; i < 1100; ++i) tar.file(kIdent + "/latest." + std::to_string(i), large);
  const auto contents = contents_of(tar);
  REQUIRE_FALSE(contents);
  CHECK(contents.error().kind == RefusalKind::too_large);
}
