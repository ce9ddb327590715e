// SPDX-License-Identifier: Apache-2.0
// Members as an unpacker tells of them, judged as if a stranger had sent them, and handed to a sink: what a hole in a parser can say
// is no more than what some archive could have held.
#pragma once

#include <optional>
#include <string_view>

#include "bundle-format/archive/member_names.h"
#include "bundle-format/archive/tar_reader.h"
#include "unpacker/channel.h"

namespace patchferry::unpacker {

/// Throws BadMessage where the words come in an order, or with sizes, that no unpacker of ours sends. Refuses names and sums.
class Judge {
 public:
  Judge(std::uint64_t ceiling, MemberSink& sink) : ceiling_(ceiling), sink_(sink) {}

  /// Words about members and packing; others are BadMessage.
  Result<void> take(const Message& message);
  /// A file that the program itself has handed to the sink.
  Result<void> known_file(const RelPath& path, std::uint64_t bytes);
  /// The last word, with what it says of the whole. Nullopt: it cannot be true.
  std::optional<ArchiveFacts> end(ByteSpan body) const;

  Bytes& packing() { return packing_; }

 private:
  void stream(ByteSpan part);
  Result<void> begin_file(ByteReader body);
  void data(ByteSpan part);
  void end_file();
  Result<void> link(std::string_view text);
  void packing(ByteSpan part);
  Result<void> add(const RelPath& path, std::uint64_t bytes);

  const std::uint64_t ceiling_;
  MemberSink& sink_;
  MemberNames names_;
  std::uint64_t streamed_ = 0;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t files_ = 0;
  std::optional<std::uint64_t> left_;  // of the file that is open
  Bytes packing_;
};

}  // namespace patchferry::unpacker
