// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/plain_archive_work.h"
#include "tests/unit/read_archives.h"

#include <utility>

namespace patchferry::test {

ReadOutcome read_packed(ByteSpan archive, Compression compression, ArchiveLimits limits) {
  const Fd file = memory_file(archive);
  Recorder sink;
  auto facts = plain_archive_work().read_archive(file, compression, limits, sink);
  return {std::move(facts), std::move(sink.log)};
}

ReadOutcome read_tar(ByteSpan tar) { return read_packed(packed(tar, Packing::bzip2)); }

std::string kind_of(const Result<ArchiveFacts>& facts) { return facts ? "accepted" : name_of(facts.error().kind); }

std::string kind_of_tar(ByteSpan tar) { return kind_of(read_tar(tar).facts); }

TarBuilder small_tar() {
  TarBuilder tar;
  const std::string ident = "top/" + kKhash;
  tar.folder("top/").folder(ident + "/").file(ident + "/27/kpatch.bin", "patch bytes").file(ident + "/27/empty", "");
  tar.symlink(ident + "/latest", "27").file(ident + "/latest.v1", "27\n");
  return tar;
}

std::string small_log() {
  return "top/" + kKhash + "/27/kpatch.bin=patch bytes;top/" + kKhash + "/27/empty=;top/" + kKhash + "/latest->27;top/" + kKhash +
         "/latest.v1=27\n;";
}

}  // namespace patchferry::test
