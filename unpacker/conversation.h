// SPDX-License-Identifier: Apache-2.0
// One job's talk with an unpacker, on the program's side: what it is answered, and what is believed. Knows no process and no socket, so
// that a fuzzer can play an unpacker that somebody has taken over.
//
// What no unpacker of ours says is BadMessage. Refusals are those that the job can end with, with hints of our own; what has failed is
// always the reading: an unpacker does nothing else that can.
#pragma once

#include <functional>
#include <optional>

#include "bundle-format/archive/archive_work.h"
#include "unpacker/channel.h"
#include "unpacker/job.h"
#include "unpacker/member_judge.h"

namespace patchferry::unpacker {

/// What the unpacker is owed.
struct Reply {
  Word word{};
  Bytes head;
  ByteSpan tail;  // until the next call
};

class Conversation {
 public:
  virtual ~Conversation() = default;
  /// What comes before the end. Refused by the sink's or the source's side; nullopt: nothing is owed.
  virtual Result<std::optional<Reply>> take(const Message& message) = 0;
  /// The body of `done`. False: it cannot be true.
  virtual bool end(ByteSpan body) = 0;
};

/// The refusal that is told, if a job of this kind can end with it.
Refusal refusal_in(ByteSpan body, Job::Kind kind);

/// Members of an archive, or of a stream that the program gives.
class MembersTalk : public Conversation {
 public:
  /// `source`: of a stream that the program has; nullptr: the unpacker reads a file.
  MembersTalk(std::uint64_t ceiling, MemberSink& sink, OnRead on_read, TarSource* source)
      : judge_(ceiling, sink), sink_(sink), on_read_(std::move(on_read)), source_(source) {}

  Result<std::optional<Reply>> take(const Message& message) override;
  bool end(ByteSpan body) override;

  const ArchiveFacts& facts() const { return facts_; }  // after the end
  Bytes& packing() { return judge_.packing(); }

 private:
  Result<std::optional<Reply>> answer_known(ByteReader in);

  Judge judge_;
  MemberSink& sink_;
  const OnRead on_read_;
  TarSource* const source_;
  ByteSpan rest_;  // of what the source gave last
  ArchiveFacts facts_;
};

/// A packing, and nothing else.
class PackingTalk : public Conversation {
 public:
  explicit PackingTalk(OnRead on_read) : on_read_(std::move(on_read)) {}
  Result<std::optional<Reply>> take(const Message& message) override;
  bool end(ByteSpan body) override { return body.empty(); }
  Bytes& packing() { return packing_; }

 private:
  const OnRead on_read_;
  Bytes packing_;
};

/// Bytes that come out; of a stream, if there is one, that the unpacker asks for.
class OutputTalk : public Conversation {
 public:
  /// `bytes`: exactly so many come out; nullopt: as many as `out` takes.
  OutputTalk(std::function<void(ByteSpan)> out, std::optional<std::uint64_t> bytes, TarSource* source)
      : out_(std::move(out)), left_(bytes), source_(source) {}

  Result<std::optional<Reply>> take(const Message& message) override;
  bool end(ByteSpan body) override { return body.empty() && left_.value_or(0) == 0; }

 private:
  const std::function<void(ByteSpan)> out_;
  std::optional<std::uint64_t> left_;
  TarSource* const source_;
  ByteSpan rest_;
};

}  // namespace patchferry::unpacker
