// SPDX-License-Identifier: Apache-2.0
// Root documents on disk, and what load_trust() makes of them.
#include <catch2/catch.hpp>

#include "system/failure.h"
#include "tests/unit/small_bundle.h"
#include "verifier/root_files.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// Document `version` of key 1 alone, with a new epoch each time; `salt` makes another one of the same version.
SignedRoot link(std::uint32_t version, bool signed_by_key = true, std::uint32_t salt = 0) {
  RootDocument root = single_key_root(test_key(1).public_key());
  root.version = version;
  root.epoch = version + salt;
  if (version > 1) root.previous = sha256(link(version - 1).document);
  SignedRoot out{encode_root(root), {}};
  if (!signed_by_key) return out;
  const SigningKey key = test_key(1);
  const Signature s = key.sign(DocumentType::root, out.document);
  out.envelope = {{id_of(key.public_key()), Bytes(s.begin(), s.end())}};
  return out;
}

void put(const TempFolder& temp, const std::string& name, const SignedRoot& one) { spit(temp / name, encode_root_file(one)); }

std::optional<RefusalKind> refused(const std::string& path) {
  const auto chain = load_root_chain(path);
  const auto trust = load_trust({path});
  CHECK(chain.has_value() == trust.has_value());
  if (chain) return std::nullopt;
  CHECK(trust.error().kind == chain.error().kind);
  CHECK_FALSE(chain.error().where.empty());
  return chain.error().kind;
}

}  // namespace

TEST_CASE("a folder of root documents is a chain, and so is one file of all of them") {
  const TempFolder temp;
  for (std::uint32_t version = 1; version <= 12; ++version) put(temp, root_file_name(version), link(version));
  spit(temp / "ann.pub", as_bytes(encode_public_key(test_key(2).public_key())));
  const auto chain = load_root_chain(temp.path());
  REQUIRE(chain);
  CHECK(chain->size() == 12);
  const auto trust = load_trust({temp.path()});
  REQUIRE(trust);
  REQUIRE(trust->anchors.size() == 1);  // a key that lies there is not believed alone
  CHECK(trust->anchors[0].version == 12);
  CHECK(trust->anchors[0].domain == sha256(link(1).document));
  CHECK(trust->anchors[0].document == sha256(link(12).document));

  const TempFolder other;
  spit(other / "whole", encode_root_chain(*chain));
  const auto again = load_trust({other / "whole"});
  REQUIRE(again);
  CHECK(again->anchors[0].version == 12);
  CHECK(load_root_chain(temp / "root-0001.pfr")->size() == 1);
}

TEST_CASE("a folder of several enrolled chains and keys is read whole, one anchor a domain") {
  const TempFolder temp;
  spit(temp / "one.root", encode_root_chain({link(1), link(2)}));
  spit(temp / "one.pub", as_bytes(encode_public_key(test_key(1).public_key())));  // the same domain, known less far
  spit(temp / "two.pub", as_bytes(encode_public_key(test_key(2).public_key())));
  spit(temp / "notes.txt", as_bytes("not a key"));
  make_folder(temp / "z");
  put(temp, "z/root-0001.pfr", link(1));
  put(temp, "z/root-0002.pfr", link(2));
  put(temp, "z/root-0003.pfr", link(3));
  const auto trust = load_trust({temp.path()});
  REQUIRE(trust);
  REQUIRE(trust->anchors.size() == 2);
  CHECK(trust->find(sha256(link(1).document))->version == 3);
  CHECK(trust->find(domain_of(single_key_root(test_key(2).public_key())))->version == 1);

  spit(temp / "x.root", encode_root_chain({link(1), link(2, true, 7)}));
  const auto forked = load_trust({temp.path()});
  REQUIRE_FALSE(forked);
  CHECK(forked.error().kind == RefusalKind::fork);
}

TEST_CASE("what is wrong with root documents on disk is refused by its kind") {
  const TempFolder temp;
  SECTION("nobody has signed") {
    put(temp, "root-0001.pfr", link(1, false));
    CHECK(refused(temp.path()) == RefusalKind::threshold);
    CHECK(refused(temp / "root-0001.pfr") == RefusalKind::threshold);
    const auto chain = load_root_chain(temp.path());
    CHECK(chain.error().hint.find("patchferry sign " + temp.path() + "/root-0001.pfr") != std::string::npos);
  }
  SECTION("a draft after a good document") {
    put(temp, "root-0001.pfr", link(1));
    put(temp, "root-0002.pfr", link(2, false));
    CHECK(refused(temp.path()) == RefusalKind::threshold);
    CHECK(read_root_files(temp.path()));
  }
  SECTION("a good document after a draft") {
    put(temp, "root-0001.pfr", link(1, false));
    put(temp, "root-0002.pfr", link(2));
    CHECK(refused(temp.path()) == RefusalKind::bad_root);
    CHECK_FALSE(read_root_files(temp.path()));
  }
  SECTION("a gap") {
    put(temp, "root-0001.pfr", link(1));
    put(temp, "root-0003.pfr", link(3));
    CHECK(refused(temp.path()) == RefusalKind::incomplete);
  }
  SECTION("the first one missing") {
    put(temp, "root-0002.pfr", link(2));
    CHECK(refused(temp.path()) == RefusalKind::incomplete);
    CHECK(refused(temp / "root-0002.pfr") == RefusalKind::bad_root);
  }
  SECTION("a name with too few digits") {
    put(temp, "root-1.pfr", link(1));
    CHECK(refused(temp.path()) == RefusalKind::bad_name);
  }
  SECTION("files swapped") {
    put(temp, "root-0001.pfr", link(2));
    put(temp, "root-0002.pfr", link(1));
    CHECK(refused(temp.path()) == RefusalKind::bad_root);
  }
  SECTION("a signature altered") {
    SignedRoot one = link(1);
    one.envelope[0].signature[0] ^= std::byte{1};
    put(temp, "root-0001.pfr", one);
    CHECK(refused(temp.path()) == RefusalKind::bad_signature);
  }
  SECTION("somebody else signed") {
    SignedRoot one = link(1);
    one.envelope[0].key[0] ^= std::byte{1};
    put(temp, "root-0001.pfr", one);
    CHECK(refused(temp.path()) == RefusalKind::unknown_key);
  }
  SECTION("two documents in one of the files") {
    spit(temp / "root-0001.pfr", encode_root_chain({link(1), link(2)}));
    CHECK(refused(temp.path()) == RefusalKind::malformed);
    CHECK(refused(temp / "root-0001.pfr") == std::nullopt);  // by itself it is a chain
  }
  SECTION("cut short at any byte, or longer by one") {
    const Bytes whole = encode_root_file(link(1));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      spit(temp / "root-0001.pfr", ByteSpan(whole).first(size));
      CHECK(refused(temp.path()) == RefusalKind::malformed);
    }
    Bytes longer = whole;
    longer.push_back(std::byte{0});
    spit(temp / "root-0001.pfr", longer);
    CHECK(refused(temp.path()) == RefusalKind::malformed);
  }
  SECTION("a folder of nothing") { CHECK_THROWS_AS(load_trust({temp.path()}), UsageError); }
  SECTION("too long") {
    spit(temp / "root-0001.pfr", Bytes(kMaxRootChainBytes + 1));
    CHECK(refused(temp.path()) == RefusalKind::too_large);
  }
}

TEST_CASE("a secret key is never taken for trust") {
  const TempFolder temp;
  spit(temp / "ops.key", as_bytes(test_key(1).encode("")));
  const auto trust = load_trust({temp / "ops.key"});
  REQUIRE_FALSE(trust);
  CHECK(trust.error().kind == RefusalKind::malformed);
  CHECK(trust.error().text.find("secret") != std::string::npos);
}
