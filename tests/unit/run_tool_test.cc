// SPDX-License-Identifier: Apache-2.0
#include "system/run_tool.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>

#include "system/failure.h"
#include "tests/temp_folder.h"

namespace patchferry {

namespace {

ToolOutcome shell(const std::string& script) { return run_tool("/bin/sh", {"-c", script}); }

/// The environment's PATH, until this goes.
class WithPath {
 public:
  explicit WithPath(const std::string& path) : former_(std::getenv("PATH")) { ::setenv("PATH", path.c_str(), 1); }
  ~WithPath() { ::setenv("PATH", former_.c_str(), 1); }
  WithPath(const WithPath&) = delete;
  WithPath& operator=(const WithPath&) = delete;

 private:
  std::string former_;
};

}  // namespace

TEST_CASE("what a tool says on either stream is collected, with its exit code") {
  const auto done = shell("echo one; echo two >&2; exit 7");
  CHECK(done.code == 7);
  CHECK(done.said == "one\ntwo");
  CHECK(shell("true").code == 0);
  CHECK(shell("kill -TERM $$").code == 128 + 15);
}

TEST_CASE("a tool gets its arguments as they are, nothing to read, the C locale, and a SIGPIPE that ends it") {
  CHECK(run_tool("/bin/echo", {"a b", "$HOME;*", ""}).said == "a b $HOME;* ");
  CHECK(shell("cat; echo $LC_ALL").said == "C");
  CHECK(shell("kill -PIPE $$").code == 128 + 13);
}

TEST_CASE("a tool that says very much is heard to its end, and its beginning is kept") {
  const auto done = shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 3");
  CHECK(done.code == 3);
  CHECK(done.said == std::string(64 * 1024, 'x'));
}

TEST_CASE("a tool that cannot be started is the machine's failure, by name") {
  CHECK_THROWS_WITH(run_tool("/no/such/tool", {}), Catch::Contains("/no/such/tool"));
  CHECK_THROWS_AS(run_tool("/no/such/tool", {}), SystemFailure);
}

TEST_CASE("tools are found in absolute folders of PATH only, and beside them where the system keeps its own") {
  const test::TempFolder folder;
  const Fd made = open_file(folder / "odd-tool", O_CREAT | O_WRONLY, 0755);
  {
    const WithPath path(":.:" + folder.path());
    CHECK(find_tool("odd-tool") == folder / "odd-tool");
  }
  {
    const WithPath path(":.:relative");
    CHECK_FALSE(find_tool("odd-tool"));
    CHECK_FALSE(find_tool("sh"));
  }
  make_folder(folder / "sub");
  const WithPath path(folder.path());
  CHECK_FALSE(find_tool("sub"));
}

}  // namespace patchferry
