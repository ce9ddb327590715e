// SPDX-License-Identifier: Apache-2.0
// The words between a program and its unpacker, over a socket. Each message: word, length (both 32 bits, little-endian), body.
//
// The program asks for one job and then answers; the unpacker does it and asks. What comes from the unpacker is judged as if a
// stranger had sent it: a body longer than kMaxBody is BadMessage, and every body is read by a ByteReader.
#pragma once

#include <chrono>
#include <cstdint>

#include "system/bytes.h"
#include "system/file.h"

namespace patchferry::unpacker {

constexpr std::size_t kMaxBody = std::size_t{1} << 20;
constexpr std::size_t kPart = std::size_t{256} << 10;  // of contents and streams, at most in one message

enum class Word : std::uint32_t {
  // to the unpacker
  job = 1,  // job.h
  packing,  // for job `rebuild`: a part of it; an empty one ends it. Back: likewise, of `read_archive` and `careful_packing`
  part,     // of the stream, answering `next`; empty: its end
  answer,   // u8: yes or no, answering `is_known`
  // from the unpacker
  confined,    // what holds, before a byte is read: names of what is lacking, one a line
  next,        // the next part of the stream?
  is_known,    // u64 bytes, path: is it a content that need not be read?
  read,        // u64: so many more bytes of the input are done with
  stream,      // a part of the tar stream
  begin_file,  // u64 bytes, u8 in one piece, u64 offset, path
  data,        // of the file, of a pack's contents, of an archive that is made again
  end_file,
  link,     // level, "\n", path
  done,     // for reading: u64 bytes of the stream, u64 files, top folder
  refused,  // u32 kind, text
  failed,   // the input could not be read
  no_memory,
  no_thread,
};

struct Message {
  Word word{};
  ByteSpan body;  // until the next call
};

/// The other side broke the rules above.
struct BadMessage {};
/// The other side is no longer there, wherever that met us: it may have been killed.
struct Gone {};
/// The other side keeps us waiting too long: it says nothing, takes nothing, or little at a time.
struct Silence {};

/// Seconds; 0: any time.
struct Patience {
  std::uint64_t a_step = 0;      // a message, or what is sent at once
  std::uint64_t altogether = 0;  // all the time in which we had nothing to do but wait
};

class Channel {
 public:
  /// `socket`: a stream. Without patience, whoever waits makes no call but read() and write(): an unpacker may make no other.
  explicit Channel(Fd socket) : Channel(std::move(socket), {}) {}
  Channel(Fd socket, Patience patience);

  /// Kept until flush(), or until there is much. The body is head and tail, together at most kMaxBody. Throws Gone, Silence.
  void send(Word word, ByteSpan head = {}, ByteSpan tail = {});
  void flush();
  /// The next message. Throws Gone, Silence, BadMessage.
  Message receive();

 private:
  using Clock = std::chrono::steady_clock;
  void put(ByteSpan bytes);
  /// Makes sure that `count` bytes can be taken from in_.
  void fill(std::size_t count);
  void begin_step();
  /// Until the socket is ready for `what`, which poll() knows.
  void wait_for(short what);

  Fd socket_;
  const Patience patience_;
  Clock::duration waited_{};  // altogether
  Clock::time_point step_ends_{};
  Bytes out_;
  Bytes in_;
  std::size_t begin_ = 0;  // of what has come and was not taken, in in_
  std::size_t end_ = 0;
};

}  // namespace patchferry::unpacker
