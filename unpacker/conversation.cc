// SPDX-License-Identifier: Apache-2.0
#include "unpacker/conversation.h"

#include <algorithm>

#include "bundle-format/archive/member_names.h"
#include "bundle-format/bzip2/packing_code.h"
#include "bundle-format/packs/expand_pack.h"

namespace patchferry::unpacker {

namespace {

constexpr std::size_t kMaxText = 600;

/// What the job may end with, and what people are told to do then.
std::optional<std::string> hint_for(RefusalKind refusal, Job::Kind job) {
  const bool reads = job == Job::Kind::read_archive || job == Job::Kind::read_tar || job == Job::Kind::careful_packing;
  switch (refusal) {
    case RefusalKind::malformed: return job == Job::Kind::expand_pack ? kPackHint : "";
    case RefusalKind::too_large: return "";
    case RefusalKind::not_an_archive:
    case RefusalKind::truncated: return reads ? std::optional<std::string>("") : std::nullopt;
    case RefusalKind::hostile_member: return reads ? std::optional<std::string>(kHostileHint) : std::nullopt;
    case RefusalKind::bad_name: return reads ? std::optional<std::string>(name_hint()) : std::nullopt;
    default: return std::nullopt;
  }
}

void tell(const OnRead& on_read, ByteSpan body) {
  ByteReader in(body);
  const std::uint64_t bytes = in.u64();
  if (in.failed()) throw BadMessage();
  if (on_read) on_read(bytes);
}

Result<std::optional<Reply>> next_part(TarSource* source, ByteSpan& rest) {
  if (source == nullptr) throw BadMessage();
  if (rest.empty()) {
    auto part = source->next();
    if (!part) return tl::unexpected(std::move(part.error()));
    rest = *part;
  }
  const ByteSpan part = rest.first(std::min(rest.size(), kPart));
  rest = rest.subspan(part.size());
  return Reply{Word::part, {}, part};
}

/// A sink that hears of a known file only what the judge has let through.
class Judged : public MemberSink {
 public:
  Judged(Judge& judge, MemberSink& sink) : judge_(judge), sink_(sink) {}

  bool must_read(const RelPath& path, std::uint64_t bytes) override { return sink_.must_read(path, bytes); }
  std::size_t head_wanted(const RelPath& path) override { return sink_.head_wanted(path); }
  void known_file(const RelPath& path, std::uint64_t bytes, const Digest& hash, ByteSpan head) override {
    verdict = judge_.known_file(path, bytes);
    if (verdict) sink_.known_file(path, bytes, hash, head);
  }
  // None of these is asked of one that only known files come to.
  void begin_file(const RelPath&, std::uint64_t, std::optional<std::uint64_t>) override { throw BadMessage(); }
  void data(ByteSpan) override { throw BadMessage(); }
  void end_file() override { throw BadMessage(); }
  void pointer_link(const RelPath&, const std::string&) override { throw BadMessage(); }

  Result<void> verdict;

 private:
  Judge& judge_;
  MemberSink& sink_;
};

}  // namespace

Refusal refusal_in(ByteSpan body, Job::Kind job) {
  ByteReader in(body);
  const auto kind = static_cast<RefusalKind>(in.u32());
  const auto hint = hint_for(kind, job);
  if (in.failed() || !hint) throw BadMessage();
  const std::string_view text = as_text(in.raw(in.left()));
  return {kind, harmless(text.substr(0, kMaxText)), *hint};
}

Result<std::optional<Reply>> MembersTalk::take(const Message& message) {
  switch (message.word) {
    case Word::read:
      if (source_ != nullptr) throw BadMessage();
      tell(on_read_, message.body);
      return std::nullopt;
    case Word::next: return next_part(source_, rest_);
    case Word::is_known: return answer_known(ByteReader(message.body));
    default:
      if (auto good = judge_.take(message); !good) return tl::unexpected(std::move(good.error()));
      return std::nullopt;
  }
}

Result<std::optional<Reply>> MembersTalk::answer_known(ByteReader in) {
  const std::uint64_t bytes = in.u64();
  const auto path = RelPath::parse(as_text(in.raw(in.left())));
  if (in.failed() || !path || source_ == nullptr) throw BadMessage();
  Judged judged(judge_, sink_);
  bool known = false;
  if (rest_.empty()) {
    const auto offered = source_->offer_known(*path, bytes, judged);
    if (!offered) return tl::unexpected(offered.error());
    if (!judged.verdict) return tl::unexpected(judged.verdict.error());
    known = *offered;
  }
  if (known && source_->skip(bytes) != bytes) throw BadMessage();
  return Reply{Word::answer, Bytes{std::byte{known ? std::uint8_t{1} : std::uint8_t{0}}}, {}};
}

bool MembersTalk::end(ByteSpan body) {
  const auto facts = judge_.end(body);
  if (facts) facts_ = *facts;
  return facts.has_value();
}

Result<std::optional<Reply>> PackingTalk::take(const Message& message) {
  if (message.word == Word::read) {
    tell(on_read_, message.body);
    return std::nullopt;
  }
  if (message.word != Word::packing || packing_.size() + message.body.size() > bzip2::kMaxPackingBytes) throw BadMessage();
  packing_.insert(packing_.end(), message.body.begin(), message.body.end());
  return std::nullopt;
}

Result<std::optional<Reply>> OutputTalk::take(const Message& message) {
  if (message.word == Word::next) return next_part(source_, rest_);
  if (message.word != Word::data) throw BadMessage();
  if (left_ && message.body.size() > *left_) throw BadMessage();
  if (left_) *left_ -= message.body.size();
  out_(message.body);
  return std::nullopt;
}

}  // namespace patchferry::unpacker
