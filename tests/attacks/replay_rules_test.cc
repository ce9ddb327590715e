// SPDX-License-Identifier: Apache-2.0
// What a site takes after what it has taken: each rule, by the very kind of its refusal.
#include <catch2/catch.hpp>

#include "tests/unit/small_bundle.h"
#include "verifier/freshness.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

StreamId stream_of(int byte) {
  StreamId id;
  id.bytes.fill(static_cast<std::byte>(byte));
  return id;
}

Digest body(int number) { return sha256(as_bytes("statement " + std::to_string(number))); }

LedgerEntry entry(int stream, std::uint32_t epoch, std::uint64_t sequence) {
  return {stream_of(stream), epoch, sequence, body(static_cast<int>(sequence))};
}

Statement bundle(int stream, std::uint32_t epoch, std::uint64_t sequence) {
  Statement s;
  s.audience = audience_of("plant1");
  s.stream = stream_of(stream);
  s.epoch = epoch;
  s.sequence = sequence;
  return s;
}

/// A site that has imported bundles 3, 5 and 6 of store 1, in epoch 2.
LedgerView site() {
  LedgerView view;
  view.site = "plant1";
  view.streams = {stream_of(1)};
  view.imported = {entry(1, 2, 3), entry(1, 2, 5), entry(1, 2, 6)};
  return view;
}

struct Case {
  const char* name;
  Statement statement;
  Digest hash;
  LedgerView ledger;
  std::vector<RefusalKind> refused;
};

template <class Change>
LedgerView changed(Change change) {
  LedgerView view = site();
  change(view);
  return view;
}

std::vector<Case> cases() {
  using Kind = RefusalKind;
  Statement elsewhere = bundle(1, 2, 7);
  elsewhere.audience = audience_of("plant2");
  Statement follows = bundle(1, 2, 7);
  follows.previous = body(6);
  Statement follows_another = bundle(1, 2, 7);
  follows_another.previous = body(66);
  Statement gap = bundle(1, 2, 9);
  gap.previous = body(8);
  LedgerView empty;
  empty.site = "plant1";
  return {
      {"the next one", bundle(1, 2, 7), body(7), site(), {}},
      {"the next one, which names the one before", follows, body(7), site(), {}},
      {"one after a gap", gap, body(9), site(), {}},
      {"the first one of all, of any store and number", bundle(9, 7, 4711), body(4711), empty, {}},
      {"of another site", elsewhere, body(7), site(), {Kind::wrong_site}},
      {"of another site and another store: the site comes first",
       [&] {
         Statement s = elsewhere;
         s.stream = stream_of(2);
         return s;
       }(),
       body(7),
       site(),
       {Kind::wrong_site}},
      {"of another store", bundle(2, 2, 7), body(7), site(), {Kind::unknown_stream}},
      {"of another store that a person has accepted",
       bundle(2, 2, 7),
       body(7),
       changed([](LedgerView& v) { v.streams.push_back(stream_of(2)); }),
       {}},
      {"of a second store, whose numbers are its own",
       bundle(2, 1, 1),
       body(1),
       changed([](LedgerView& v) { v.streams.push_back(stream_of(2)); }),
       {}},
      {"the same as the last one", bundle(1, 2, 6), body(6), site(), {}},
      {"imported earlier, but not last", bundle(1, 2, 5), body(5), site(), {Kind::stale}},
      {"an older one that never came", bundle(1, 2, 4), body(4), site(), {Kind::stale}},
      {"of an earlier epoch, with a higher number", bundle(1, 1, 99), body(99), site(), {Kind::stale}},
      {"of a later epoch, with a lower number", bundle(1, 3, 1), body(1), site(), {}},
      {"a second body for the last number", bundle(1, 2, 6), body(60), site(), {Kind::fork}},
      {"a second body for an older number", bundle(1, 2, 3), body(30), site(), {Kind::fork}},
      {"the next one, which follows another body", follows_another, body(7), site(), {Kind::fork}},
      {"another body than the head token names",
       bundle(1, 2, 8),
       body(80),
       changed([](LedgerView& v) { v.heads = {entry(1, 2, 8)}; }),
       {Kind::fork}},
      {"the one that the head token names",
       bundle(1, 2, 8),
       body(8),
       changed([](LedgerView& v) { v.heads = {entry(1, 2, 8)}; }),
       {}},
      {"older than the head, and still news",
       bundle(1, 2, 7),
       body(7),
       changed([](LedgerView& v) { v.heads = {entry(1, 2, 8)}; }),
       {}},
      {"as far ahead as goes unasked", bundle(1, 2, 1006), body(1006), site(), {}},
      {"one further", bundle(1, 2, 1007), body(1007), site(), {Kind::jump}},
      {"the greatest number of all", bundle(1, 2, 1ULL << 53), body(1), site(), {Kind::jump}},
      {"far ahead in a later epoch", bundle(1, 3, 99999), body(1), site(), {Kind::jump}},
      {"far ahead, and confirmed", bundle(1, 2, 9999), body(9999), changed([](LedgerView& v) { v.confirmed_number = 9999; }), {}},
      {"far ahead, and another number confirmed",
       bundle(1, 2, 9999),
       body(9999),
       changed([](LedgerView& v) { v.confirmed_number = 9998; }),
       {Kind::jump}},
      {"while a head is needed",
       bundle(1, 2, 7),
       body(7),
       changed([](LedgerView& v) { v.in_doubt = {stream_of(1)}; }),
       {Kind::needs_head}},
      {"a repeat while a head is needed",
       bundle(1, 2, 6),
       body(6),
       changed([](LedgerView& v) { v.in_doubt = {stream_of(1)}; }),
       {}},
      {"of a store that is not in doubt, while another is",
       bundle(2, 1, 1),
       body(1),
       changed([](LedgerView& v) {
         v.streams.push_back(stream_of(2));
         v.in_doubt = {stream_of(1)};
       }),
       {}},
      {"while every store is in doubt",
       bundle(1, 2, 7),
       body(7),
       changed([](LedgerView& v) { v.in_doubt = {StreamId{}}; }),
       {Kind::needs_head}},
      {"a fork while a head is needed",
       bundle(1, 2, 6),
       body(60),
       changed([](LedgerView& v) { v.in_doubt = {stream_of(1)}; }),
       {Kind::fork, Kind::needs_head}},
      {"an older one with a permit", bundle(1, 2, 3), body(3), changed([](LedgerView& v) { v.permitted = body(3); }), {}},
      {"an older one with a permit for another",
       bundle(1, 2, 3),
       body(3),
       changed([](LedgerView& v) { v.permitted = body(5); }),
       {Kind::stale}},
      {"a second body with a permit for itself: still a fork",
       bundle(1, 2, 3),
       body(30),
       changed([](LedgerView& v) { v.permitted = body(30); }),
       {Kind::fork}},
  };
}

}  // namespace

TEST_CASE("the ledger: each rule by its kind of refusal") {
  for (const auto& one : cases()) {
    INFO(one.name);
    std::vector<RefusalKind> found;
    for (const auto& refusal : check_ledger(one.statement, one.hash, one.ledger)) {
      CHECK_FALSE(refusal.hint.empty());
      found.push_back(refusal.kind);
    }
    CHECK(found == one.refused);
  }
}

TEST_CASE("only the last import of its own stream is a repeat") {
  LedgerView view = site();
  CHECK(is_repeat(bundle(1, 2, 6), body(6), view));
  CHECK_FALSE(is_repeat(bundle(1, 2, 5), body(5), view));
  CHECK_FALSE(is_repeat(bundle(2, 2, 6), body(6), view));
}

TEST_CASE("the verifier asks the ledger, and an accepted bundle has passed it") {
  const TempFolder temp;
  write_small_bundle(temp / "b");
  LedgerView view;
  view.site = "plant2";
  const auto findings = verify_all({temp / "b"}, trust_in(1), &view);
  REQUIRE(findings.size() == 1);
  CHECK(findings.front().kind == RefusalKind::wrong_site);
  view.site = "plant1";
  CHECK(verify_all({temp / "b"}, trust_in(1), &view).empty());
}

TEST_CASE("a clock changes nothing but warnings: 1970, 2100, and silence") {
  constexpr std::uint64_t made = 1767607200;  // 2026-01-05
  constexpr std::uint64_t day = 86400;
  CHECK(clock_warning({made + 5 * day, made}).empty());
  CHECK(clock_warning({made - day, made}).empty());
  CHECK_FALSE(clock_warning({0, made}).empty());
  CHECK_FALSE(clock_warning({4102444800, made}).empty());
  CHECK(clock_warning({0, 0}).empty());

  // A clock that was put back does not make what has expired good again.
  CHECK(is_expired(made - 1, {0, made}));
  CHECK_FALSE(is_expired(made + 1, {0, made}));
  CHECK(is_expired(made + 1, {made + 2, made}));
  CHECK_FALSE(is_expired(0, {4102444800, made}));

  CHECK(silence_warning(made, 30, {made + 30 * day, made}).empty());
  CHECK_FALSE(silence_warning(made, 30, {made + 31 * day, made}).empty());
  CHECK(silence_warning(0, 30, {made, made}).empty());
  CHECK(silence_warning(made, 30, {0, 0}).empty());
}
