// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/kpatch_info.h"

#include <catch2/catch.hpp>

namespace patchferry {

namespace {

const std::string kHeader = "OS: centos7\nkernel: kernel-3.10.0-1160.el7\ntime: 2023-07-12 10:00:00\nuname: 3.10.0-1160.el7\n\n";

std::string text_of(const KpatchInfo& info) {
  std::string out;
  for (const auto& fix : info.fixes) out += fix.cve + "=" + std::to_string(fix.cvss_tenths) + " ";
  return out;
}

std::string fixes_in(const std::string& records) { return text_of(parse_kpatch_info(kHeader + records)); }

}  // namespace

TEST_CASE("a kpatch.info names its kernel and its CVEs with their scores") {
  const auto info = parse_kpatch_info(kHeader +
                                      "kpatch-name: 3.10.0/CVE-2022-1011-fuse.patch\nkpatch-description: fuse: fix pipe\n"
                                      "kpatch-kernel: kernel-3.10.0-1160.62.1.el7\nkpatch-cve: CVE-2022-1011\nkpatch-cvss: 7.8\n"
                                      "kpatch-cve-url: https://example.org/1011\nkpatch-patch-url: https://example.org/\n\n"
                                      "kpatch-name: other.patch\nkpatch-cve: CVE-2021-4083 CVE-2020-36322\nkpatch-cvss: 10.0\n");
  CHECK(info.kernel == "3.10.0-1160.el7");
  CHECK(text_of(info) == "CVE-2020-36322=100 CVE-2021-4083=100 CVE-2022-1011=78 ");
}

TEST_CASE("several CVEs in one field are separated by white space or commas") {
  CHECK(fixes_in("kpatch-cve: CVE-2022-0002, CVE-2022-0001,CVE-2022-0003\tCVE-2022-0004 ,, \nkpatch-cvss: 5\n") ==
        "CVE-2022-0001=50 CVE-2022-0002=50 CVE-2022-0003=50 CVE-2022-0004=50 ");
}

TEST_CASE("the score may stand before the CVE of its record") {
  CHECK(fixes_in("kpatch-cvss: 5.5\nkpatch-cve: CVE-2022-0001\n") == "CVE-2022-0001=55 ");
}

TEST_CASE("a record without a score does not inherit one") {
  CHECK(fixes_in("kpatch-cve: CVE-2022-0001\nkpatch-cvss: 7.0\n\nkpatch-cve: CVE-2022-0002\nkpatch-cvss: N/A\n\n"
                 "kpatch-cve: CVE-2022-0003\n") == "CVE-2022-0001=70 CVE-2022-0002=0 CVE-2022-0003=0 ");
}

TEST_CASE("a CVE named twice is listed once with its highest score") {
  CHECK(fixes_in("kpatch-cve: CVE-2022-0001\nkpatch-cvss: 4.0\n\nkpatch-cve: CVE-2022-0001\nkpatch-cvss: 9.8\n\n"
                 "kpatch-cve: CVE-2022-0001 CVE-2022-0001\n") == "CVE-2022-0001=98 ");
}

TEST_CASE("lines may end in CR LF and the last one in nothing") {
  std::string text = kHeader + "kpatch-cve: CVE-2022-0001\nkpatch-cvss: 7.8\n\nkpatch-cve: CVE-2022-0002";
  std::string crlf;
  for (const char c : text) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(parse_kpatch_info(crlf).kernel == "3.10.0-1160.el7");
  CHECK(text_of(parse_kpatch_info(crlf)) == "CVE-2022-0001=78 CVE-2022-0002=0 ");
}

TEST_CASE("without a usable uname the kernel field is taken") {
  CHECK(parse_kpatch_info("kernel: kernel-3.10\nuname: N/A\n").kernel == "kernel-3.10");
  CHECK(parse_kpatch_info("\n\nkernel: kernel-3.10\n").kernel == "kernel-3.10");
  CHECK(parse_kpatch_info("kernel: N/A\nuname:\n").kernel.empty());
  CHECK(parse_kpatch_info("OS: x\n\nuname: 3.10\n").kernel.empty());
}

TEST_CASE("what does not fit the grammar is left out") {
  CHECK(parse_kpatch_info("uname: 3.10\x1b[31m\n").kernel.empty());
  CHECK(parse_kpatch_info("uname: " + std::string(129, 'a') + "\n").kernel.empty());
  CHECK(parse_kpatch_info("uname: " + std::string(128, 'a') + "\n").kernel.size() == 128);
  CHECK(fixes_in("kpatch-cve: N/A\nkpatch-cvss: N/A\n").empty());
  CHECK(fixes_in("kpatch-cve:\n").empty());
  CHECK(fixes_in("kpatch-cve: CVE-2022-123 CVE-22-1234 CVE-2022-12a4 cve-2022-1234 XCVE-2022-1234 CVE-2022_1234 CVE-2022-\x1b[0m "
                 "CVE-2022-1234567\n") == "CVE-2022-1234567=0 ");
  CHECK(fixes_in("kpatch-cve: CVE-2022-" + std::string(20, '1') + "\n").empty());
  for (const char* score : {"10.1", "11", "99.9", "100", "-1", "7.", ".7", "7.85", "7,8", "0x7", "high", ""}) {
    INFO(score);
    CHECK(fixes_in(std::string("kpatch-cve: CVE-2022-0001\nkpatch-cvss: ") + score + "\n") == "CVE-2022-0001=0 ");
  }
  CHECK(fixes_in("kpatch-cve: CVE-2022-0001\nkpatch-cvss: 7.8 HIGH\n") == "CVE-2022-0001=78 ");
}

TEST_CASE("nothing at all is an empty answer") {
  for (const std::string text : {"", "\n", "\r\n\r\n", ":", "::::", "no colon", "\0\0"}) {
    CHECK(parse_kpatch_info(text).kernel.empty());
    CHECK(parse_kpatch_info(text).fixes.empty());
  }
}

}  // namespace patchferry
