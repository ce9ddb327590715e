// SPDX-License-Identifier: Apache-2.0
// Golden vectors: the bytes of tests/vectors, made again and compared. A second implementation can read them; a change
// that alters them changes the format (CONTRIBUTING.md). PATCHFERRY_WRITE_VECTORS=1 writes them, and the fuzz seeds.
#include <catch2/catch.hpp>

#include <cstdlib>

#include "bundle-format/readme.h"
#include "bundle-format/receipt.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kVectors = PATCHFERRY_SOURCE_DIR "/tests/vectors";
const std::string kSeeds = PATCHFERRY_SOURCE_DIR "/tests/fuzz/seeds";

bool writing() { return std::getenv("PATCHFERRY_WRITE_VECTORS") != nullptr; }

void same_as_vector(const std::string& path, ByteSpan bytes) {
  if (writing()) {
    make_folders(parent_of(path));
    spit(path, bytes);
  }
  INFO(path);
  REQUIRE(exists(path));
  const Bytes golden = slurp(path);
  CHECK(golden == Bytes(bytes.begin(), bytes.end()));
}

}  // namespace

TEST_CASE("bundles are made of the very bytes of the golden vectors") {
  for (const std::uint64_t volume_size : {std::uint64_t{0}, std::uint64_t{9000}}) {
    const std::string vector = kVectors + (volume_size == 0 ? "/one-volume" : "/several-volumes");
    const TempFolder temp;
    write_small_bundle(temp / "b", {.volume_size = volume_size});
    for (const auto& name : folder_entries(temp / "b")) same_as_vector(vector + "/" + name, slurp(temp / "b/" + name));
    CHECK(folder_entries(vector) == folder_entries(temp / "b"));
    CHECK(verify_all({vector}, trust_in(1)).empty());
  }
  const SigningKey key = test_key(1);
  same_as_vector(kVectors + "/key.pub", as_bytes(encode_public_key(key.public_key())));
  same_as_vector(kVectors + "/key.key", as_bytes(key.encode("")));
}

TEST_CASE("a receipt is made of the very bytes of the golden vector") {
  const SigningKey key = test_key(5);
  Receipt r;
  r.site = "plant1";
  r.domains = {trust_in(1).anchors.front().domain};
  r.stream.bytes.fill(std::byte{0x51});
  r.sequence = 7;
  r.statement = sha256(as_bytes("statement"));
  r.issued = 1767607200;
  r.free_bytes = 1000000;
  r.patchsets = {{"K20260105_01", sha256(as_bytes("a"))}};
  r.withdrawn = {"K20250105_01"};
  same_as_vector(
      kVectors + "/plant1.receipt",
      as_bytes(encode_receipt(r, key.public_key(), key.sign(DocumentType::receipt, as_bytes(encode_receipt_body(r))))));
}

TEST_CASE("the fuzz targets start from good documents") {
  const TempFolder files;
  const SignedBundle bundle = small_bundle(files);
  const auto seed = [&](const char* target, ByteSpan bytes) { same_as_vector(kSeeds + "/" + target + "/good", bytes); };
  seed("statement", encode_statement(bundle.layout.statement));
  seed("envelope", bundle.envelope);
  seed("root_chain", bundle.layout.root_chain);
  seed("root_file", encode_root_file({encode_root(single_key_root(test_key(1).public_key())), {}}));
  seed("volume", slurp(kVectors + "/one-volume/" + volume_file_name(bundle.layout.statement.bundle, 1)));
  seed("manifest", as_bytes(bundle.layout.manifest));
  seed("tables", bundle.layout.tables);
  seed("receipt", slurp(kVectors + "/plant1.receipt"));
  seed("key_file", slurp(kVectors + "/key.pub"));
}
