// SPDX-License-Identifier: Apache-2.0
#include "importer/deploy.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

#include "importer/archive_vouching.h"
#include "importer/catalogue.h"
#include "importer/commit.h"
#include "importer/unpack.h"
#include "importer/work_folder.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr std::ptrdiff_t kAtOnce = 2;  // archives: of one alone, what is in it may take as much memory as contents.cc lets it

struct Candidate {
  std::string path;
  NewPatchset patchset;
  std::optional<KnownPatchset> known;  // the same bytes are here
  bool is_laid_out = false;            // it had no tree, and has one in the work folder now
  std::optional<Refusal> refusal;
};

std::vector<Candidate> candidates_for(Site& site, const DeployOrder& order) {
  std::vector<Candidate> out;
  for (const auto& path : order.archives) {
    if (::access(path.c_str(), F_OK) != 0) throw UsageError("there is no file " + printable(path), "nothing has been stored");
    if (is_folder(path))
      throw UsageError(printable(path) + " is a folder", "name the archives in it: " + printable(path) + "/*.tar.bz2");
    Candidate c;
    c.path = path;
    if (!order.channel.empty()) c.patchset.channel = order.channel;
    auto name = parse_archive_name(file_name_of(path));
    if (!name) {
      c.refusal = std::move(name.error()).in(path);
    } else {
      c.patchset.name = std::move(*name);
      const PatchsetName& patchset = c.patchset.name.patchset;
      if (!order.product.empty() && patchset.product != order.product)
        throw UsageError(patchset.text + " is of product " + patchset.product + ", not " + order.product,
                         "nothing has been stored; deploy it with the command of its product");
      const bool twice = std::any_of(out.begin(), out.end(), [&](const Candidate& other) {
        return !other.refusal && other.patchset.name.patchset == patchset;
      });
      if (twice) throw UsageError("patchset " + patchset.text + " is named twice", "nothing has been stored");
      c.known = find_patchset(site, patchset.text);
    }
    out.push_back(std::move(c));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.patchset.name.patchset < b.patchset.name.patchset; });
  return out;
}

/// A copy of our own: what is looked at is what is stored, whatever becomes of the file that was named.
Result<void> take_copy(Candidate& c, const std::string& work, const OnRead& on_read) {
  const Fd given = open_file(c.path, O_RDONLY | O_NONBLOCK);
  if (!S_ISREG(stat_of(given).st_mode)) throw UsageError(printable(c.path) + " is not a file", "nothing has been stored");
  const Fd copy = open_file(work + "/arch/" + c.patchset.name.file, O_WRONLY | O_CREAT | O_EXCL, 0444);
  c.patchset.archive = copy_hashing(given, copy, on_read);
  c.patchset.archive_bytes = size_of(copy);
  if (c.known && c.known->archive != c.patchset.archive)
    return refuse(RefusalKind::conflict, "this site has another archive under this name, with other bytes",
                  "find out from the vendor's checksums which of the two is right");
  return {};
}

/// Before anything in it is looked at. One that nobody has signed is taken by the word of whoever types the command.
Result<void> ask_for_signature(Site& site, Candidate& c, const DeployOrder& order) {
  const std::string path = order.signature.empty() ? signature_path_of(c.path) : order.signature;
  if (!order.signature.empty() && !exists(path))
    throw UsageError("there is no file " + printable(path), "nothing has been stored");
  const auto vouched = check_signature(site, c.patchset.name, c.patchset.archive, c.patchset.archive_bytes, path);
  if (!vouched) return tl::unexpected(vouched.error());
  if (*vouched) c.patchset.vouched = (*vouched)->statement().trust_domain;
  if (!*vouched && (order.needs_signature || site.settings().refuse_unsigned))
    return refuse(RefusalKind::untrusted, "nobody has signed it: there is no " + path,
                  order.needs_signature ? "have it signed with 'patchferry sign', or deploy it without --signed"
                                        : "have it signed with 'patchferry sign': the configuration says unsigned = \"refuse\"");
  return {};
}

Result<void> look_inside(const Site& site, Candidate& c, bool enable, const std::string& work, const OnRead& on_read) {
  if (c.known && (has_tree(site, *c.known) || !enable)) {
    on_read(c.patchset.archive_bytes);
    return {};
  }
  const Fd archive = open_file(work + "/arch/" + c.patchset.name.file, O_RDONLY);
  auto contents = unpack(site, archive, c.patchset.name, unsigned_limits(c.patchset.archive_bytes), work, on_read);
  if (!contents) return tl::unexpected(std::move(contents.error()));
  c.patchset.contents = std::move(*contents);
  c.is_laid_out = c.known.has_value();
  return {};
}

/// `pass` over those that no pass has refused, on all cores.
void for_the_good(std::span<Candidate> all, const std::function<Result<void>(Candidate&)>& pass) {
  parallel_for(all.size(), [&](std::size_t i) {
    Candidate& c = all[i];
    if (c.refusal) return;
    if (auto good = pass(c); !good) c.refusal = std::move(good.error()).in(c.path);
  });
}

void need_room(const Site& site, const std::vector<Candidate>& all) {
  const std::uint64_t room = free_bytes(site.base());
  std::uint64_t total = 0;
  for (const auto& c : all) {
    if (c.refusal) continue;
    const std::uint64_t bytes = size_of(c.path);
    total += std::min(bytes, room + 1);  // a sparse file may claim any size
    if (total > room)
      throw SystemFailure("cannot deploy: " + site.base() + " has " + size_text(room) +
                              " free, and the archives alone take more" +
                              (bytes > room ? ": " + printable(c.path, 4096) + " has " + size_text(bytes) : ""),
                          ENOSPC);
  }
}

using Place = std::vector<Candidate>::iterator;

/// From `begin` on, as many as may be held in memory together; returns behind the last of them.
Place examine_some(Site& site, Place begin, Place end, const DeployOrder& order, const std::string& work, Progress& progress) {
  const OnRead on_read = [&](std::uint64_t n) { progress.add(n); };
  std::uint64_t held = 0;
  while (begin != end && held <= kMaxHeld) {
    const auto last = begin + std::min<std::ptrdiff_t>(kAtOnce, end - begin);
    const std::span<Candidate> some(begin, last);
    for_the_good(some, [&](Candidate& c) { return take_copy(c, work, on_read); });
    for (auto& c : some)
      if (!c.refusal)
        if (auto good = ask_for_signature(site, c, order); !good) c.refusal = std::move(good.error()).in(c.path);
    const bool enable = order.enable && !order.only_store;
    for_the_good(some, [&](Candidate& c) { return look_inside(site, c, enable, work, on_read); });
    for (const auto& c : some) held += memory_of(c.patchset.contents);
    begin = last;
  }
  return begin;
}

/// What becomes of a patchset that is here, in one feed; nothing, if it stays as it is.
void move_known(const Feed& feed, const KnownPatchset& p, FeedState state, bool enable, Change& change, FeedReport& report) {
  const std::string& name = p.name.patchset.text;
  const FeedState wanted = enable ? FeedState::enabled : FeedState::disabled;
  if (p.withdrawn || state != FeedState::undeployed) {
    report.kept.push_back({feed.name, name, p.withdrawn ? FeedState::withdrawn : state});
    return;
  }
  change.states.push_back({feed, p.id, wanted});
  report.moves.push_back({feed.name, {p.id, name, state, wanted}});
}

void add_known(Site& site, Candidate& c, const std::vector<Feed>& into, const DeployOrder& order, Change& change,
               DeployReport& report) {
  const std::string& name = c.known->name.patchset.text;
  const bool enable = order.enable;
  if (!order.channel.empty() && order.channel != c.known->channel) {
    change.channels.push_back({c.known->id, order.channel});
    change.detail += name + " in channel " + order.channel + ", ";
    report.moved.push_back(name);
  }
  for (const auto& feed : into) move_known(feed, *c.known, state_in(site, feed, c.known->id), enable, change, report.feeds);
  if (!in_arch(site, c.known->name, c.known->archive_bytes) && c.known->archive_state != ArchiveState::never) {
    change.archives_back.push_back(c.known->name.file);
    change.detail += "arch/ has " + c.known->name.file + " again, ";
    report.restored.push_back(name);
  }
  if (c.patchset.vouched && !c.known->vouched && !c.known->origin) {
    change.vouched.push_back({c.known->id, *c.patchset.vouched});
    change.detail += "signed: " + name + ", ";
    report.signed_by_keys.push_back(name);
  }
  if (c.is_laid_out) change.laid_out.push_back({c.known->id, name, std::move(c.patchset.contents)});
}

void add_new(Candidate& c, bool is_withdrawn, const std::vector<Feed>& into, Change& change, DeployReport& report) {
  const std::string& name = c.patchset.name.patchset.text;
  report.stored.push_back(name);
  if (c.patchset.vouched) report.signed_by_keys.push_back(name);
  change.detail += (c.patchset.vouched ? "signed: " : "unsigned: ") + name + ", ";
  for (const auto& feed : into) {
    if (is_withdrawn)
      report.feeds.kept.push_back({feed.name, name, FeedState::withdrawn});
    else
      report.feeds.moves.push_back({feed.name, {0, name, FeedState::undeployed, change.state}});
  }
  change.patchsets.push_back(std::move(c.patchset));
}

/// What becomes true of one part.
void commit_part(Site& site, Place begin, Place end, const std::vector<Feed>& into, const DeployOrder& order,
                 const std::string& work, DeployReport& report) {
  Change change;
  change.work = work;
  change.what = "deploy";
  change.feeds = into;
  change.state = order.enable ? FeedState::enabled : FeedState::disabled;
  const auto withdrawn = withdrawn_names(site);
  const std::size_t moves_before = report.feeds.moves.size();
  for (auto& c : std::span<Candidate>(begin, end)) {
    if (c.refusal)
      report.refused.push_back(std::move(*c.refusal));
    else if (c.known)
      add_known(site, c, into, order, change, report);
    else
      add_new(c, std::binary_search(withdrawn.begin(), withdrawn.end(), c.patchset.name.patchset.text), into, change, report);
  }
  for (std::size_t i = moves_before; i < report.feeds.moves.size(); ++i) {
    const auto& [feed, move] = report.feeds.moves[i];
    change.detail += move.name + " " + word_for(move.to) + " in " + feed + ", ";
  }
  if (change.patchsets.empty() && change.states.empty() && change.archives_back.empty() && change.vouched.empty() &&
      change.channels.empty() && change.laid_out.empty())
    return;
  for (auto& failure : commit(site, change)) report.feeds.stale.push_back(std::move(failure));
}

}  // namespace

DeployReport deploy(Site& site, const DeployOrder& order) {
  const std::vector<Feed> into = order.only_store ? std::vector<Feed>() : find_feeds(site, order.feeds);
  auto all = candidates_for(site, order);
  need_room(site, all);
  std::uint64_t total = 0;
  for (const auto& c : all)
    if (!c.refusal) total += 2 * size_of(c.path);
  Progress progress("reading archives", total);
  DeployReport report;
  // One change, unless what is in the patchsets, held until it is committed, grows beyond bounds. Feeds show all of it at once.
  for (auto next = all.begin(); next != all.end();) {
    const WorkFolder folder(site, "deploy");
    const auto part = examine_some(site, next, all.end(), order, folder.path(), progress);
    commit_part(site, next, part, into, order, folder.path(), report);
    next = part;
  }
  report.feeds.published = publish_changed(site);
  return report;
}

}  // namespace patchferry::importer
