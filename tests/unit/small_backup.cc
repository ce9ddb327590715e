// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/small_backup.h"

#include <algorithm>

#include "importer/keeping/tar_head.h"

namespace patchferry::test {

using namespace importer::keeping;

std::string tar_member(const std::string& name, const std::string& body) {
  const auto head = encode_tar_head({name, body.size()});
  return std::string(as_text(head)) + body + std::string(tar_padding(body.size()), '\0');
}

SmallBackup::SmallBackup() {
  list.site = "plant1";
  list.program = "0.1.0";
  list.made = 1767607200;
  list.contents = true;
  parts = {{"audit.head", "head\n"},
           {"patchferry.sqlite", std::string(700, 'd')},
           {"site.key", "secret\n"},
           {"site.pub", "public\n"},
           {"trust/ab12.pub", "key\n"}};
  for (const std::string body : {"one", "another"}) contents.emplace_back("objects/" + to_hex(sha256(as_bytes(body))), body);
  std::sort(contents.begin(), contents.end());
  contents.emplace_back("arch/K20260105_01.tar.bz2", "the archive");
  list_parts();
}

void SmallBackup::list_parts() {
  list.parts.clear();
  for (const auto& [name, body] : parts) list.parts.push_back({name, body.size(), sha256(as_bytes(body))});
}

std::string SmallBackup::bytes() const {
  std::string out = tar_member(kListName, encode_list(list));
  for (const auto& [name, body] : parts) out += tar_member(name, body);
  BackupEnd end;
  end.list = sha256(as_bytes(encode_list(list)));
  for (const auto& [name, body] : contents) {
    out += tar_member(name, body);
    ++end.members;
    end.bytes += body.size();
  }
  return out + tar_member(kEndName, encode_end(end)) + std::string(1024, '\0');
}

}  // namespace patchferry::test
