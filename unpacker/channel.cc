// SPDX-License-Identifier: Apache-2.0
#include "unpacker/channel.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace patchferry::unpacker {

namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kHeld = std::size_t{128} << 10;

}  // namespace

Channel::Channel(Fd socket, unsigned patience) : socket_(std::move(socket)), patience_(patience), in_(kMaxBody + kHeader) {
  out_.reserve(kHeld + kHeader);
}

// write(), since an unpacker may make no other call; who is deaf to SIGPIPE hears of it by EPIPE, and an unpacker may die of it.
void Channel::put(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(socket_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw BadMessage();
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void Channel::send(Word word, ByteSpan head, ByteSpan tail) {
  assert(head.size() + tail.size() <= kMaxBody);
  ByteWriter header;
  header.u32(static_cast<std::uint32_t>(word));
  header.u32(static_cast<std::uint32_t>(head.size() + tail.size()));
  const Bytes bytes = header.take();
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  out_.insert(out_.end(), head.begin(), head.end());
  if (tail.size() >= kHeld) {  // not through our hands
    flush();
    put(tail);
    return;
  }
  out_.insert(out_.end(), tail.begin(), tail.end());
  if (out_.size() >= kHeld) flush();
}

void Channel::flush() {
  put(out_);
  out_.clear();
}

bool Channel::fill(std::size_t count) {
  if (end_ - begin_ >= count) return true;
  if (begin_ + count > in_.size()) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < count) {
    if (patience_ > 0) wait();
    const ssize_t n = ::read(socket_.get(), in_.data() + end_, in_.size() - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    end_ += static_cast<std::size_t>(n);
  }
  return true;
}

void Channel::wait() const {
  pollfd one{socket_.get(), POLLIN, 0};
  for (;;) {
    const int n = ::poll(&one, 1, static_cast<int>(patience_ * 1000));
    if (n == 0) throw Silence();
    if (n > 0 || errno != EINTR) return;
  }
}

bool Channel::receive(Message& message) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (!fill(kHeader)) {
    if (begin_ == end_) return false;
    throw BadMessage();
  }
  ByteReader header(ByteSpan(in_).subspan(begin_, kHeader));
  message.word = static_cast<Word>(header.u32());
  const std::uint32_t length = header.u32();
  if (length > kMaxBody) throw BadMessage();
  if (!fill(kHeader + length)) throw BadMessage();
  message.body = ByteSpan(in_).subspan(begin_ + kHeader, length);
  begin_ += kHeader + length;
  return true;
}

}  // namespace patchferry::unpacker
