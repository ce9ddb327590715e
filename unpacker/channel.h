// SPDX-License-Identifier: Apache-2.0
// The words between a program and its unpacker, over a socket. Each message: word, length (both 32 bits, little-endian), body.
//
// The program asks for one job and then answers; the unpacker does it and asks. What comes from the unpacker is judged as if a
// stranger had sent it: a body longer than kMaxBody is BadMessage, and every body is read by a ByteReader.
#pragma once

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
};

struct Message {
  Word word{};
  ByteSpan body;  // until the next call
};

/// The other side broke the rules above, or is gone in the middle of a message.
struct BadMessage {};
/// The other side has said nothing for too long.
struct Silence {};

class Channel {
 public:
  /// `socket`: a stream. `patience`: after so many seconds in which nothing came, receive() gives up; 0: never.
  explicit Channel(Fd socket, unsigned patience = 0);

  /// Kept until flush(), or until there is much. The body is head and tail, together at most kMaxBody. Nobody there: BadMessage.
  void send(Word word, ByteSpan head = {}, ByteSpan tail = {});
  void flush();
  /// Waits. False: the other side has gone, between two messages. Throws Silence.
  bool receive(Message& message);

 private:
  void put(ByteSpan bytes);
  void wait() const;
  /// Makes sure that `count` bytes can be taken from in_.
  bool fill(std::size_t count);

  Fd socket_;
  const unsigned patience_;
  Bytes out_;
  Bytes in_;
  std::size_t begin_ = 0;  // of what has come and was not taken, in in_
  std::size_t end_ = 0;
};

}  // namespace patchferry::unpacker
