// SPDX-License-Identifier: Apache-2.0
// User-space patches as the open-source libcare reads them: those that contradict themselves are refused, however they come, and a
// store holds the others as that program looks for them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "bundle-format/archive/kpatch1.h"
#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;

namespace {

const std::string kName = "U20260112_01";
const std::string kFile = kName + ".tar.bz2";

/// A release whose patch is for another library than the folder's.
std::vector<Member> misplaced(const std::string& name) {
  auto members = user_release(name, 1, 2026011201);
  members[0].content = user_release(name, 2, 2026011201)[0].content;
  return members;
}

std::string complaint(const std::string& name) {
  return "'" + name + "/" + build_id(1) + "/2026011201/kpatch.bin' says that it patches build id '" + build_id(2) +
         "', but lies beneath " + build_id(1);
}

void check_complaint(const nlohmann::json& refused) {
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].at("kind") == "malformed");
  CHECK(refused[0].at("text") == complaint(kName));
}

/// The bundle of a store that has looked less closely: it took the archive for a kernel's, and names it as it is.
std::string bundle_of_lax_store(const World& world, const std::string& ending) {
  const std::string as_kernel = "K20260112_01" + ending, truly = kName + ending;
  write_contents(world.at("downloads/" + as_kernel), archive_of(misplaced(kName), "ustar", ending == ".tgz" ? "gzip" : "bzip2"));
  REQUIRE(typed({"mirror", "add", "--store", world.at("store"), world.at("downloads/" + as_kernel)}).code == 0);
  patchferry::rename_path(world.at("store/archives/" + as_kernel), world.at("store/archives/" + truly));
  {
    patchferry::Database db(world.at("store/patchferry-store.sqlite"));
    patchferry::Query(db, "UPDATE patchset SET name=?1, file=?2").bind(kName, truly).run();
  }
  return world.export_full();
}

bool is_link(const std::string& path) { return patchferry::read_symlink(path).has_value(); }

}  // namespace

TEST_CASE("mirror add takes no patch that lies beneath another build id, nor one that is cut short, and says which") {
  const World world;
  write_archive(world.at("downloads/" + kFile), misplaced(kName));
  const auto done = typed({"mirror", "add", "--store", world.at("store"), world.at("downloads"), "--json"});
  CHECK(done.code == 1);
  check_complaint(json_of(done).at("refused"));
  CHECK(names_in(world.at("store/archives")).empty());

  auto cut = user_release(kName, 1, 2026011201);
  cut[0].content.resize(4999);
  write_archive(world.at("downloads/" + kFile), cut);
  const auto again = typed({"mirror", "add", "--store", world.at("store"), world.at("downloads")});
  CHECK(again.code == 1);
  CHECK(says(again.err, "says that it has 5000 bytes, and has 4999"));

  cut[0].content[6] = '2';  // no KPATCH1 any more, so nobody knows what it should be
  write_archive(world.at("downloads/" + kFile), cut);
  CHECK(typed({"mirror", "add", "--store", world.at("store"), world.at("downloads")}).code == 0);
}

TEST_CASE("adopt takes over no patch that lies beneath another build id, whether it is to be served or not") {
  for (const bool deploy : {true, false}) {
    const World world;
    write_archive(world.at("downloads/" + kFile), misplaced(kName));
    Words words = {"adopt", "--base", world.base(), world.at("downloads"), "--json"};
    if (!deploy) words.push_back("--no-deploy");
    const auto done = typed(words);
    CHECK(done.code == 1);
    check_complaint(json_of(done).at("refused"));
    CHECK(served(world.base()).empty());
  }
}

TEST_CASE("import refuses such a patch in a bundle that is rightly signed, in an archive that travels as it is or taken apart") {
  for (const char* ending : {".tar.bz2", ".tgz"}) {
    INFO(ending);
    const World world;
    const std::string bundle = bundle_of_lax_store(world, ending);
    CHECK(world.verify({bundle}).code == 0);
    const auto before = visible(world.base());
    const auto done = world.import({bundle, "--json"});
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(kinds_of(done) == std::vector<std::string>{"malformed"});
    CHECK(json_of(done).at("findings")[0].at("text") == complaint(kName));
    CHECK(visible(world.base()) == before);
  }
}

TEST_CASE("the open-source libcare finds in a feed's u/ what it looks for: a link with a bare level, and that level's patch") {
  const World world;
  world.release(kName, user_release(kName, 1, 2026011201));
  auto second = user_release("U20260126_01", 1, 2026012601);
  for (const auto& member : user_release("U20260126_01", 2, 2026012601)) second.push_back(member);
  std::erase_if(second,
                [](const Member& m) { return m.path.ends_with(build_id(2) + "/latest"); });  // where the vendor ships none
  for (const char* name : {"before", "after"}) second.push_back({std::string("U20260126_01/") + name, "#!/bin/sh\n"});
  world.release("U20260126_01", second);
  REQUIRE(world.import({world.export_full()}).code == 0);

  const std::string store = world.base() + "/feeds/main/current/u";
  CHECK(names_in(store) ==
        std::vector<std::string>{build_id(1), build_id(2)});  // it executes before and after, if they are there
  for (const auto& id : names_in(store)) {
    INFO(id);
    const std::string latest = store + "/" + id + "/latest";
    REQUIRE(is_link(latest));
    const std::string level = *patchferry::read_symlink(latest);
    CHECK(level == "2026012601");
    const std::string patch = store + "/" + id + "/" + level + "/kpatch.bin";
    struct stat st {};
    REQUIRE(::stat(patch.c_str(), &st) == 0);
    CHECK(S_ISREG(st.st_mode));
    CHECK((st.st_mode & 0004) != 0);
    const std::string bytes = contents(patch);
    CHECK(bytes.starts_with("KPATCH1"));
    CHECK(patchferry::check_kpatch1(patchferry::as_bytes(bytes).first(patchferry::kKpatch1Header), bytes.size(), id));
    CHECK(contents(latest + "/kpatch.bin") == bytes);
  }
}
