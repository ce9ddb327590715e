// SPDX-License-Identifier: Apache-2.0
#include "unpacker/channel.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "system/failure.h"

namespace patchferry::unpacker {

namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kHeld = std::size_t{128} << 10;

bool is_patient(const Patience& patience) { return patience.a_step == 0 && patience.altogether == 0; }

}  // namespace

Channel::Channel(Fd socket, Patience patience) : socket_(std::move(socket)), patience_(patience), in_(kMaxBody + kHeader) {
  out_.reserve(kHeld + kHeader);
  if (is_patient(patience)) return;
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK) != 0) throw_errno("set up", socket_.path());
}

void Channel::begin_step() { step_ends_ = Clock::now() + std::chrono::seconds(patience_.a_step); }

void Channel::wait_for(short what) {
  const auto begin = Clock::now();
  auto left = Clock::duration::max();
  if (patience_.a_step > 0) left = step_ends_ - begin;
  if (patience_.altogether > 0) left = std::min(left, std::chrono::seconds(patience_.altogether) - waited_);
  if (left <= Clock::duration::zero()) throw Silence();
  const auto most = std::min<Clock::duration>(left, std::chrono::hours(1));
  pollfd one{socket_.get(), what, 0};
  ::poll(&one, 1,
         static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(most).count()));  // whatever comes of it: try again
  waited_ += Clock::now() - begin;
}

// write(), since an unpacker may make no other call; who is deaf to SIGPIPE hears of it by EPIPE, and an unpacker may die of it.
void Channel::put(ByteSpan bytes) {
  begin_step();
  while (!bytes.empty()) {
    const ssize_t n = ::write(socket_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      wait_for(POLLOUT);
      continue;
    }
    if (n <= 0) throw Gone();
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

void Channel::fill(std::size_t count) {
  if (end_ - begin_ >= count) return;
  if (begin_ + count > in_.size()) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < count) {
    const ssize_t n = ::read(socket_.get(), in_.data() + end_, in_.size() - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      wait_for(POLLIN);
      continue;
    }
    if (n <= 0) throw Gone();
    end_ += static_cast<std::size_t>(n);
  }
}

Message Channel::receive() {
  if (begin_ == end_) begin_ = end_ = 0;
  begin_step();
  fill(kHeader);
  ByteReader header(ByteSpan(in_).subspan(begin_, kHeader));
  Message message;
  message.word = static_cast<Word>(header.u32());
  const std::uint32_t length = header.u32();
  if (length > kMaxBody) throw BadMessage();
  fill(kHeader + length);
  message.body = ByteSpan(in_).subspan(begin_ + kHeader, length);
  begin_ += kHeader + length;
  return message;
}

}  // namespace patchferry::unpacker
