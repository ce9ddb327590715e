// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/obsolete.h"

#include <algorithm>
#include <fmt/format.h>

#include "importer/publish.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kDay = 86'400;

/// A level's number, then its place in release order.
using Rank = std::pair<std::uint64_t, std::size_t>;

/// The newest level of each served folder that enabled patchsets have, and the highest in each patchset.
class Ranks {
 public:
  explicit Ranks(const CleanSnapshot& all) : newest_(all.feeds.size()), own_(all.patchsets.size()) {
    for (std::size_t p = 0; p < all.patchsets.size(); ++p) {
      for (const auto& one : all.patchsets[p].levels) {
        Rank& rank = own_[p].try_emplace(one.served, Rank{one.level, p}).first->second;
        rank = std::max(rank, Rank{one.level, p});
      }
      for (std::size_t f = 0; f < all.feeds.size(); ++f) {
        if (!is_enabled(all.patchsets[p], f)) continue;
        for (const auto& [served, rank] : own_[p]) {
          Rank& newest = newest_[f].try_emplace(served, rank).first->second;
          newest = std::max(newest, rank);
        }
      }
    }
  }

  /// The first served folder in which nothing newer is enabled; none: it is covered.
  const std::string* uncovered(std::size_t patchset, std::size_t feed) const {
    for (const auto& [served, rank] : own_[patchset]) {
      const auto newest = newest_[feed].find(served);
      if (newest == newest_[feed].end() || newest->second <= rank) return &served;
    }
    return nullptr;
  }

  static bool is_enabled(const PatchsetView& p, std::size_t feed) {
    return p.states[feed] == FeedState::enabled && p.unpacked && !p.withdrawn;
  }

 private:
  std::vector<std::map<std::string, Rank>> newest_;
  std::vector<std::map<std::string, Rank>> own_;
};

std::string ident_of(const std::string& served) { return served.substr(served.rfind('/') + 1); }

Judgement stays(const char* reason, std::string text) { return {Fate::stays, reason, std::move(text)}; }

class Judge {
 public:
  explicit Judge(const CleanSnapshot& all) : all_(all), ranks_(all) {
    // The newest of each product; what is withdrawn is none that anybody could go back to.
    std::map<std::string, std::uint64_t> seen;
    for (std::size_t i = all.patchsets.size(); i-- > 0;) {
      const auto& p = all.patchsets[i];
      if (!p.withdrawn && ++seen[p.product] <= all.settings.keep) recent_.insert(i);
    }
  }

  Judgement judge(std::size_t i) const {
    const PatchsetView& p = all_.patchsets[i];
    const bool at_once = all_.at_once.count(p.name) != 0;
    if (p.pinned) return stays("pinned", "it is pinned: 'patchferry unpin' lets it go");
    if (!p.withdrawn)
      if (auto wanted = ask_feeds(i, at_once)) return *wanted;
    if (auto shown = ask_generations(p, at_once)) return *shown;
    if (p.pending) return stays("pending", "its archive is still to be made: 'patchferry archives' makes it");
    if (!at_once)
      if (auto kept = ask_retention(i)) return *kept;
    const char* why = p.withdrawn ? "withdrawn" : "covered";
    const std::string text = p.withdrawn ? "the vendor has withdrawn it"
                             : at_once   ? "no feed may take it, and a person wants it gone"
                                         : "every feed that may have it has something newer for all that is in it";
    if (p.promised && !at_once)
      return {Fate::leaves, why, text + "; the newest receipt promises it, so the next one says that it goes"};
    return {Fate::goes, why, text};
  }

 private:
  /// Whether a feed shows it as the newest, or may still take it, or none has anything newer.
  std::optional<Judgement> ask_feeds(std::size_t i, bool at_once) const {
    const PatchsetView& p = all_.patchsets[i];
    if (p.levels.empty() && !at_once) return stays("unknown", "it has no level that a feed could have a newer one of");
    bool is_covered = false;
    for (std::size_t f = 0; f < all_.feeds.size(); ++f) {
      const std::string* open = ranks_.uncovered(i, f);
      if (open == nullptr) {
        is_covered = true;
        continue;
      }
      const std::string& feed = all_.feeds[f].name;
      if (p.states[f] == FeedState::enabled)
        return stays("newest", fmt::format("feed {} has nothing newer for {}", feed, ident_of(*open)));
      if (!p.states[f])
        return stays("wanted", fmt::format("feed {} may still take it: it has nothing newer for {}", feed, ident_of(*open)));
    }
    if (!is_covered && !at_once)
      return stays("uncovered", "it is in no feed, and none has something newer for all that is in it");
    if (at_once)
      for (std::size_t f = 0; f < all_.feeds.size(); ++f)
        if (p.states[f] == FeedState::enabled) return stays("newest", fmt::format("feed {} has it enabled", all_.feeds[f].name));
    return std::nullopt;
  }

  std::optional<Judgement> ask_generations(const PatchsetView& p, bool at_once) const {
    for (const auto& feed : all_.feeds) {
      // Whoever has read a pointer asks for what it names within moments.
      const bool is_old = all_.now >= feed.changed && all_.now - feed.changed >= kLingers;
      if (at_once && is_old) continue;
      for (const auto& level : p.levels) {
        const auto shown = feed.shown.find(level);
        if (shown == feed.shown.end() || shown->second != p.name) continue;
        if (feed.named.count(level) == 0 && feed.lingering.count(level) == 0) continue;
        if (p.withdrawn) continue;
        return stays("generation",
                     fmt::format("of the last generations of feed {}, one names its level {} of {}, which nothing else has",
                                 feed.name, level.level, ident_of(level.served)));
      }
    }
    return std::nullopt;
  }

  std::optional<Judgement> ask_retention(std::size_t i) const {
    const PatchsetView& p = all_.patchsets[i];
    if (recent_.count(i) != 0)
      return stays("recent", fmt::format("it is among the {} newest of product {}", all_.settings.keep, p.product));
    const std::uint64_t age = all_.now > p.arrived ? all_.now - p.arrived : 0;
    if (age < all_.settings.keep_days * kDay)
      return stays("young", fmt::format("it came less than {} days ago", all_.settings.keep_days));
    return std::nullopt;
  }

  const CleanSnapshot& all_;
  Ranks ranks_;
  std::set<std::size_t> recent_;
};

}  // namespace

std::vector<Judgement> judge(const CleanSnapshot& all) {
  const Judge judge(all);
  std::vector<Judgement> out;
  for (std::size_t i = 0; i < all.patchsets.size(); ++i) out.push_back(judge.judge(i));
  return out;
}

}  // namespace patchferry::importer
