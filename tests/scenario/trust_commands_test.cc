// SPDX-License-Identifier: Apache-2.0
// Root documents as people make them: three signers on three machines, rotations, losses.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

/// Some people, each with a key in one folder.
class People {
 public:
  People() {
    for (const char* name : {"ann", "ben", "cem", "dot", "ria", "rob", "hal"})
      REQUIRE(typed({"keygen", "--out", at(name), "--no-password"}).code == 0);
  }
  std::string at(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string pub(const std::string& name) const { return at(name) + ".pub"; }
  std::string key(const std::string& name) const { return at(name) + ".key"; }
  std::string print_of(const std::string& name) const {
    return json_of(typed({"trust", "words", pub(name), "--json"}))["keys"][0]["fingerprint"];
  }
  /// 2 of 3 root keys, 2 of 2 release keys, a head key; signed by `signers`.
  Outcome create(const std::string& folder, const std::vector<std::string>& signers = {}) const {
    Words words = {"trust",
                   "create",
                   "--out",
                   at(folder),
                   "--root",
                   pub("ann"),
                   "--root",
                   pub("ben"),
                   "--root",
                   pub("cem"),
                   "--root-threshold",
                   "2",
                   "--release",
                   pub("ria"),
                   "--release",
                   pub("rob"),
                   "--release-threshold",
                   "2",
                   "--head",
                   pub("hal")};
    for (const auto& name : signers) {
      words.emplace_back("--sign");
      words.push_back(key(name));
    }
    return typed(words);
  }
  json show(const std::string& path) const { return json_of(typed({"trust", "show", at(path), "--json"})); }

 private:
  TempFolder folder_;
};

}  // namespace

TEST_CASE("three signers on three machines bring a root document into force") {
  const People people;
  REQUIRE(people.create("trust").code == 0);
  const auto draft = people.show("trust");
  CHECK(draft["complete"] == false);
  CHECK(draft["documents"][0]["needs"][0]["signatures"] == 2);
  CHECK(draft["documents"][0]["needs"][0]["keys"].size() == 3);
  CHECK(draft["documents"][0]["roles"]["root"]["threshold"] == 2);
  CHECK(draft["documents"][0]["roles"]["release"]["keys"].size() == 2);

  // Ann and Ben each take a copy away and sign it there.
  for (const char* copy : {"at-ann", "at-ben", "at-cem"}) copy_tree(people.at("trust"), people.at(copy));
  const auto ann = typed({"sign", people.at("at-ann/root-0001.pfr"), "--key", people.key("ann")});
  CHECK(ann.code == 0);
  CHECK(says(ann.out, "root: 2 of 3: "));
  CHECK(says(ann.out, "signed by nobody yet"));
  CHECK(says(ann.out, "needs 1 more of the root keys of document 1: "));
  CHECK(typed({"sign", people.at("at-ben/root-0001.pfr"), "--key", people.key("ben")}).code == 0);

  // The same words everywhere, whoever has signed.
  const auto words = json_of(typed({"trust", "words", people.at("trust"), "--json"}));
  CHECK(words["domain"]["words"] == json_of(typed({"trust", "words", people.at("at-ann"), "--json"}))["domain"]["words"]);
  CHECK(says(ann.out, words["document"]["words"].get<std::string>()));

  // A third one puts both together.
  const std::string file = people.at("at-cem/root-0001.pfr");
  const auto merged =
      typed({"sign", file, "--merge", people.at("at-ann/root-0001.pfr"), "--merge", people.at("at-ben/root-0001.pfr"), "--json"});
  CHECK(merged.code == 0);
  CHECK(json_of(merged)["added"] == 2);
  CHECK(json_of(merged)["complete"] == true);
  CHECK(people.show("at-cem")["complete"] == true);
  CHECK(typed({"sign", file, "--merge", people.at("at-ann/root-0001.pfr")}).code == 4);
  CHECK(typed({"sign", file, "--key", people.key("ann")}).code == 4);
  const auto third = typed({"sign", file, "--key", people.key("cem")});
  CHECK(third.code == 0);
  CHECK(says(third.out, "complete"));
}

TEST_CASE("signing one after the other, and what is refused on the way") {
  const People people;
  REQUIRE(people.create("trust", {"ann"}).code == 0);
  const std::string file = people.at("trust/root-0001.pfr");
  const std::string before = contents(file);

  const auto wrong = typed({"sign", file, "--key", people.key("ria")});
  CHECK(wrong.code == 1);
  CHECK(says(wrong.err, "root key neither of this document"));
  const auto mixed = typed({"sign", file, "--key", people.key("ben"), "--key", people.key("dot")});
  CHECK(mixed.code == 1);
  CHECK(contents(file) == before);  // all or nothing

  CHECK(typed({"sign", file}).code == 2);
  CHECK(typed({"sign", people.at("nowhere.pfr"), "--key", people.key("ann")}).code == 2);
  CHECK(typed({"sign", people.pub("ann"), "--key", people.key("ann")}).code == 2);
  CHECK(typed({"sign", people.at("trust"), "--key", people.key("ann")}).code == 2);

  // Nobody may build on a document that is not in force.
  CHECK(typed({"trust", "rotate", "--trust", people.at("trust"), "--new-epoch"}).code == 1);
  const auto early = typed({"verify", people.at("trust"), "--trust", people.at("trust")});
  CHECK(early.code == 1);
  CHECK(says(early.err, "patchferry sign " + file));

  // A copy that was tampered with, and a copy of another document, give nothing.
  std::string altered = before;
  altered[8 + 8 + 36 + 3] = static_cast<char>(altered[8 + 8 + 36 + 3] ^ 1);
  write_contents(people.at("altered.pfr"), altered);
  CHECK(typed({"sign", file, "--merge", people.at("altered.pfr")}).code == 1);
  REQUIRE(
      typed({"trust", "create", "--out", people.at("other"), "--root", people.pub("ann"), "--sign", people.key("ann")}).code ==
      0);
  const auto other = typed({"sign", file, "--merge", people.at("other/root-0001.pfr")});
  CHECK(other.code == 1);
  CHECK(says(other.err, "another document"));
  CHECK(contents(file) == before);

  CHECK(typed({"sign", file, "--key", people.key("ben")}).code == 0);
  CHECK(people.show("trust")["complete"] == true);
}

TEST_CASE("a single key makes the document that its .pub file stands for") {
  const People people;
  REQUIRE(typed({"trust", "create", "--out", people.at("one"), "--root", people.pub("ann"), "--sign", people.key("ann")}).code ==
          0);
  REQUIRE(typed({"trust", "create", "--out", people.at("same"), "--root", people.pub("ann"), "--release", people.pub("ann"),
                 "--head", people.pub("ann"), "--sign", people.key("ann")})
              .code == 0);
  CHECK(contents(people.at("one/root-0001.pfr")) == contents(people.at("same/root-0001.pfr")));
  CHECK(people.show("one")["domain"] == people.show("ann.pub")["domain"]);
  CHECK(people.show("ann.pub")["complete"] == true);
}

TEST_CASE("root documents that break the rules are not made") {
  const People people;
  const auto refused = [&](Words more, const std::string& part) {
    Words words = {"trust", "create", "--out", people.at("bad")};
    words.insert(words.end(), more.begin(), more.end());
    const auto done = typed(words);
    INFO(done.err);
    CHECK(done.code == 2);
    CHECK(says(done.err, part));
    CHECK(names_in(people.at("")).size() == 14);  // the key files, and nothing else
  };
  const std::string ann = people.pub("ann"), ben = people.pub("ben"), ria = people.pub("ria"), hal = people.pub("hal");
  refused({}, "root");
  refused({"--root", ann, "--root", ben, "--release", ria, "--head", hal}, "--root-threshold");
  refused({"--root", ann, "--root", ben, "--root-threshold", "3", "--release", ria, "--head", hal}, "3 of 2");
  refused({"--root", ann, "--root-threshold", "0", "--release", ria, "--head", hal}, "root-threshold");
  refused({"--root", ann, "--root-threshold", "one", "--release", ria, "--head", hal}, "root-threshold");
  refused({"--root", ann, "--release", ria}, "'head' has no key");
  refused({"--root", ann, "--release", ann, "--head", hal}, "'root' and 'release'");
  refused({"--root", ann, "--root", ann, "--release", ria, "--head", hal}, "same key");
  refused({"--root", people.at("nobody.pub"), "--release", ria, "--head", hal}, "nobody.pub");

  // A secret key is refused as what it is, and a key that may not sign leaves nothing behind.
  CHECK(typed({"trust", "create", "--out", people.at("bad"), "--root", people.key("ann")}).code == 1);
  CHECK(typed({"trust", "create", "--out", people.at("bad"), "--root", ann, "--sign", people.key("ben")}).code == 1);
  CHECK(names_in(people.at("")).size() == 14);

  REQUIRE(people.create("trust").code == 0);
  CHECK(people.create("trust").code == 2);
}

TEST_CASE("a rotation is made, shown, signed by old and new keepers, and counts then") {
  const People people;
  REQUIRE(people.create("trust", {"ann", "ben"}).code == 0);
  const std::string trust = people.at("trust");
  CHECK(typed({"trust", "rotate", "--trust", trust}).code == 4);
  CHECK(typed({"trust", "rotate", "--trust", trust, "--root-threshold", "2", "--add-root", people.pub("cem")}).code == 4);
  const auto absent = typed({"trust", "rotate", "--trust", trust, "--remove-root", people.pub("ria")});
  CHECK(absent.code == 2);
  CHECK(typed({"trust", "rotate", "--trust", trust, "--remove-head", people.pub("hal")}).code == 2);     // a role without a key
  CHECK(typed({"trust", "rotate", "--trust", trust, "--add-head", people.pub("dot")}).code == 2);        // how many of two?
  CHECK(typed({"trust", "rotate", "--trust", trust, "--add-release", people.pub("ann")}).code == 2);     // two roles
  CHECK(typed({"trust", "rotate", "--trust", trust, "--remove-release", people.pub("ria")}).code == 2);  // 2 of 1
  CHECK(typed({"trust", "rotate", "--trust", trust, "--lowest-format", "9"}).code == 2);
  CHECK(typed({"trust", "rotate", "--trust", people.at("nowhere"), "--new-epoch"}).code == 2);
  CHECK(typed({"trust", "rotate", "--trust", trust, "--new-epoch", "--sign", people.key("ria")}).code == 1);
  CHECK(names_in(trust).size() == 1);

  // Ann leaves, Dot comes; named by fingerprint, as one does when the file is gone.
  const auto made = typed({"trust", "rotate", "--trust", trust, "--remove-root", people.print_of("ann"), "--add-root",
                           people.pub("dot"), "--new-epoch", "--sign", people.key("cem")});
  INFO(made.err);
  REQUIRE(made.code == 0);
  CHECK(says(made.out, "added"));
  CHECK(says(made.out, "removed"));
  CHECK(says(made.out, "epoch 2, until now 1"));
  CHECK(says(made.out, "of document 2"));
  CHECK(says(made.out, "of document 1"));
  CHECK(people.show("trust")["complete"] == false);
  CHECK(people.show("trust/root-0002.pfr")["documents"].size() == 2);

  // Dot counts for document 2 only, Ann for document 1 only.
  const std::string file = people.at("trust/root-0002.pfr");
  CHECK(typed({"sign", file, "--key", people.key("dot")}).code == 0);
  const auto half = people.show("trust")["documents"][1]["needs"];
  REQUIRE(half.size() == 1);
  CHECK(half[0]["document"] == 1);
  CHECK(typed({"sign", file, "--key", people.key("ann")}).code == 0);
  const auto done = people.show("trust");
  CHECK(done["complete"] == true);
  CHECK(done["documents"][1]["signed"].size() == 3);
  CHECK(done["domain"] == people.show("trust/root-0001.pfr")["domain"]);

  // Ann has left: she signs nothing any more.
  REQUIRE(typed({"trust", "rotate", "--trust", trust, "--new-epoch"}).code == 0);
  CHECK(typed({"sign", people.at("trust/root-0003.pfr"), "--key", people.key("ann")}).code == 1);
  CHECK(typed({"sign", people.at("trust/root-0003.pfr"), "--key", people.key("dot"), "--key", people.key("ben")}).code == 0);
  CHECK(people.show("trust")["documents"].size() == 3);
}

TEST_CASE("a root document is signed only beside those before it") {
  const People people;
  REQUIRE(people.create("trust", {"ann", "ben"}).code == 0);
  REQUIRE(typed({"trust", "rotate", "--trust", people.at("trust"), "--new-epoch"}).code == 0);
  REQUIRE(typed({"trust", "create", "--out", people.at("alone"), "--root", people.pub("ann")}).code == 0);
  write_contents(people.at("root-0002.pfr"), contents(people.at("trust/root-0002.pfr")));
  const auto alone = typed({"sign", people.at("root-0002.pfr"), "--key", people.key("ann")});
  CHECK(alone.code == 1);
  CHECK(says(alone.err, "root-0001.pfr"));
  write_contents(people.at("alone/copy.pfr"), contents(people.at("trust/root-0002.pfr")));  // another domain, not in force
  CHECK(typed({"sign", people.at("alone/copy.pfr"), "--key", people.key("ann")}).code == 1);
}

TEST_CASE("from one key to roles, and words for everything") {
  const People people;
  REQUIRE(
      typed({"trust", "create", "--out", people.at("trust"), "--root", people.pub("ann"), "--sign", people.key("ann")}).code ==
      0);
  const auto grown = typed({"trust", "rotate", "--trust", people.at("trust"), "--remove-release", people.pub("ann"),
                            "--add-release", people.pub("ria"), "--remove-head", people.pub("ann"), "--add-head",
                            people.pub("hal"), "--sign", people.key("ann")});
  INFO(grown.err);
  REQUIRE(grown.code == 0);
  CHECK(people.show("trust")["complete"] == true);

  const auto words = json_of(typed({"trust", "words", people.at("trust"), "--json"}));
  CHECK(words["keys"].size() == 3);
  CHECK(words["document"]["version"] == 2);
  CHECK(words["domain"]["words"] != words["document"]["words"]);
  const auto key = json_of(typed({"trust", "words", people.pub("ria"), "--json"}));
  CHECK(key["keys"][0]["words"] == words["keys"][1]["words"]);
  CHECK(typed({"trust", "words", people.key("ria")}).code == 1);
  CHECK(typed({"trust", "words", people.at("nowhere")}).code == 2);
}

TEST_CASE("a bundle is verified against root documents as it is against a key, and not under replaced ones") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const auto believed = [&](const std::string& trust) { return typed({"verify", bundle, "--trust", world.at(trust)}); };
  REQUIRE(typed({"trust", "create", "--out", world.at("trust"), "--root", world.at("ops.pub")}).code == 0);
  CHECK(believed("ops.pub").code == 0);
  CHECK(believed("trust").code == 1);  // nobody has signed the document
  REQUIRE(typed({"sign", world.at("trust/root-0001.pfr"), "--key", world.at("ops.key")}).code == 0);
  CHECK(believed("trust").code == 0);
  CHECK(believed("trust/root-0001.pfr").code == 0);
  CHECK(believed("ops.key").code == 1);

  // By a pipe, as 'verify --trust <(…)' gives it.
  auto [read_end, write_end] = pipe_ends();
  const std::string key = contents(world.at("ops.pub"));
  REQUIRE(patchferry::as_bytes(key).size() < 4096);
  patchferry::write_all(write_end, patchferry::as_bytes(key));
  write_end = patchferry::Fd();
  Process piped({"patchferry", "verify", bundle, "--trust", "/dev/stdin"}, std::move(read_end));
  CHECK(piped.wait().code == 0);

  REQUIRE(typed({"trust", "rotate", "--trust", world.at("trust"), "--new-epoch", "--sign", world.at("ops.key")}).code == 0);
  const auto old = believed("trust");
  CHECK(old.code == 1);
  CHECK(says(old.err, "document 2 is in force"));
}
