// SPDX-License-Identifier: Apache-2.0
// A hole in an unpacker: it cannot keep its program, and with it the site's lock, for ever. Whatever it withholds (words, an ear, its
// end), the program gives up; and if it is merely gone, that is no lie.
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "unpacker/channel.h"
#include "unpacker/process.h"

using namespace patchferry;
using namespace patchferry::unpacker;

namespace {

struct Ends {
  Ends() {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    ours = Fd(ends[0], "one end");
    theirs = Fd(ends[1], "other end");
  }
  Fd ours, theirs;
};

Bytes head_of(std::size_t body) {
  ByteWriter head;
  head.u32(static_cast<std::uint32_t>(Word::read));
  head.u32(static_cast<std::uint32_t>(body));
  return head.take();
}

/// Says the bytes again and again, a moment between them, until it is no longer wanted or nobody hears it.
class Drip {
 public:
  Drip(const Fd& socket, Bytes bytes)
      : thread_([this, &socket, bytes = std::move(bytes)] {
          for (std::size_t at = 0; !over_; at = (at + 1) % bytes.size()) {
            if (::send(socket.get(), &bytes[at], 1, MSG_NOSIGNAL) != 1) return;
            ::usleep(2'000);
          }
        }) {}
  ~Drip() {
    over_ = true;
    thread_.join();
  }
  Drip(const Drip&) = delete;
  Drip& operator=(const Drip&) = delete;

 private:
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("an unpacker that says nothing is not waited for") {
  Ends ends;
  Channel channel(std::move(ends.ours), {1, 0});
  CHECK_THROWS_AS(channel.receive(), Silence);
}

TEST_CASE("an unpacker that says a message a letter at a time is not waited for") {
  Ends ends;
  write_all(ends.theirs, head_of(100'000));
  const Drip drip(ends.theirs, Bytes(1));
  Channel channel(std::move(ends.ours), {1, 0});
  CHECK_THROWS_AS(channel.receive(), Silence);
}

TEST_CASE("an unpacker that goes on saying next to nothing is not waited for") {
  Ends ends;
  const Drip drip(ends.theirs, head_of(0));
  Channel channel(std::move(ends.ours), {60, 1});
  const auto listen = [&] {
    for (;;) channel.receive();
  };
  CHECK_THROWS_AS(listen(), Silence);
}

TEST_CASE("an unpacker that does not listen is not waited for") {
  Ends ends;
  Channel channel(std::move(ends.ours), {1, 0});
  const Bytes part(kPart);
  const auto tell = [&] {
    for (;;) channel.send(Word::part, {}, part);
  };
  CHECK_THROWS_AS(tell(), Silence);
}

TEST_CASE("an unpacker that is gone in the middle of a message has not lied") {
  Ends ends;
  write_all(ends.theirs, head_of(100));
  SECTION("while it spoke") {
    ends.theirs = {};
    Channel channel(std::move(ends.ours));
    CHECK_THROWS_AS(channel.receive(), Gone);
  }
  SECTION("while we spoke") {
    ends.theirs = {};
    Channel channel(std::move(ends.ours), {1, 0});
    CHECK_THROWS_AS(channel.send(Word::part, {}, Bytes(kPart)), Gone);
  }
}

TEST_CASE("an unpacker that closes its socket and lives on is not waited for") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  CHECK_FALSE(end_of_child(child, 0));
  ::kill(child, SIGKILL);
  const auto ending = end_of_child(child, 600);
  REQUIRE(ending);
  CHECK(WIFSIGNALED(ending->status));
}
