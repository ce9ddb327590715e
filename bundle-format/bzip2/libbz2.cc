// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/libbz2.h"

#include <array>
#include <cassert>
#include <new>
#include <stdexcept>

#include "bundle-format/bzip2/workspace.h"

namespace patchferry::bzip2 {

namespace {

constexpr std::size_t kMostAtOnce = 1 << 30;  // libbz2 counts in unsigned int

// libbz2 takes what it only reads by a pointer to char.
char* as_input(ByteSpan bytes) { return reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data())); }

void expect_ready(int result) {
  if (result == BZ_MEM_ERROR) throw std::bad_alloc();
  if (result != BZ_OK) throw std::runtime_error("libbz2 does not start");
}

}  // namespace

BlockMaker::BlockMaker(unsigned level) {
  use_workspace(stream_);
  expect_ready(BZ2_bzCompressInit(&stream_, static_cast<int>(level), 0, 0));
}

BlockMaker::~BlockMaker() { BZ2_bzCompressEnd(&stream_); }

void BlockMaker::run(ByteSpan plain, int action) {
  assert(plain.size() <= kMostAtOnce);
  stream_.next_in = as_input(plain);
  stream_.avail_in = static_cast<unsigned>(plain.size());
  std::array<std::byte, 16 << 10> room;
  for (int result = BZ_OK; action == BZ_FINISH ? result != BZ_STREAM_END : stream_.avail_in > 0;) {
    stream_.next_out = reinterpret_cast<char*>(room.data());
    stream_.avail_out = room.size();
    result = BZ2_bzCompress(&stream_, action);
    if (result < 0) throw std::runtime_error("libbz2 does not compress");
    out_.insert(out_.end(), room.begin(), room.end() - static_cast<std::ptrdiff_t>(stream_.avail_out));
  }
}

void BlockMaker::add(ByteSpan plain) {
  if (plain.empty()) return;
  if (held_) run(ByteSpan(&*held_, 1), BZ_RUN);
  held_ = plain.back();
  run(plain.first(plain.size() - 1), BZ_RUN);
}

std::optional<BlockBits> BlockMaker::finish() {
  if (!held_) return std::nullopt;
  run(ByteSpan(&*held_, 1), BZ_FINISH);
  BlockBits out;
  out.bytes = std::move(out_);
  out.first = kHeaderBits;
  const std::uint64_t all = static_cast<std::uint64_t>(out.bytes.size()) * 8;
  for (unsigned padding = 0; padding < 8; ++padding) {
    const std::uint64_t end = all - padding - kCrcBits - kMagicBits;
    if (BitReader(out.bytes, end).get(kMagicBits) != kEndMagic) continue;
    out.count = end - kHeaderBits;
    return out;
  }
  throw std::runtime_error("libbz2 wrote a stream without an end");
}

BlockReader::BlockReader(unsigned level) {
  use_workspace(stream_);
  expect_ready(BZ2_bzDecompressInit(&stream_, 0, 0));
  const std::array<std::byte, 4> header{std::byte{'B'}, std::byte{'Z'}, std::byte{'h'}, static_cast<std::byte>('0' + level)};
  ByteSpan in(header);
  step(in, {});
}

BlockReader::~BlockReader() { BZ2_bzDecompressEnd(&stream_); }

int BlockReader::step(ByteSpan& in, std::span<std::byte> out) {
  stream_.next_in = as_input(in);
  stream_.avail_in = static_cast<unsigned>(in.size());
  stream_.next_out = reinterpret_cast<char*>(out.data());
  stream_.avail_out = static_cast<unsigned>(out.size());
  const int result = BZ2_bzDecompress(&stream_);
  in = in.last(stream_.avail_in);
  if (result == BZ_MEM_ERROR) throw std::bad_alloc();
  if (result != BZ_OK) damaged_ = true;
  return result;
}

// Without room for output, libbz2 stops in front of the first byte of a block that it has read to its end.
std::size_t BlockReader::look(ByteSpan bits) {
  ByteSpan in = bits;
  step(in, {});
  return bits.size() - in.size();
}

std::size_t BlockReader::make(ByteSpan& more, std::span<std::byte> out) {
  step(more, out);
  return out.size() - stream_.avail_out;
}

}  // namespace patchferry::bzip2
