// SPDX-License-Identifier: Apache-2.0
#include "importer/eportal/drop_folder.h"

#include <algorithm>
#include <fcntl.h>
#include <tuple>

#include "bundle-format/patchset_name.h"
#include "importer/catalogue.h"
#include "importer/cleaned.h"
#include "importer/deploy.h"
#include "importer/import.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "verifier/verify.h"

namespace patchferry::importer::eportal {

namespace {

bool holds_volumes(const std::string& folder) {
  for (std::string name : folder_entries(folder)) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name.front() != '.' && name.ends_with(".pfv")) return true;
  }
  return false;
}

/// Somebody may have renamed it.
bool looks_like_an_archive(const std::string& name) {
  return name.ends_with(".tar.bz2") || name.ends_with(".tbz2") || name.ends_with(".tgz") || name.ends_with(".tar.gz");
}

/// One bundle, as it says of itself. Believed for nothing but the order in which import judges them.
struct Claimed {
  std::vector<std::string> folders;
  std::optional<Statement> statement;  // none: import will say what is wrong with it
};

std::optional<Statement> claims_of(const std::string& folder) {
  try {
    Findings findings;
    auto claims = read_claims(open_media({folder}, findings), findings);
    if (claims) return std::move(claims->statement);
  } catch (const UsageError&) {  // several bundles in one folder: import says so
  }
  return std::nullopt;
}

bool comes_before(const Claimed& a, const Claimed& b) {
  if (!a.statement || !b.statement) return a.statement && !b.statement;
  const auto place = [](const Statement& s) { return std::tie(s.stream.bytes, s.epoch, s.sequence); };
  return place(*a.statement) < place(*b.statement);
}

std::vector<std::vector<std::string>> in_order(const std::vector<std::string>& folders) {
  std::vector<Claimed> all;
  for (const auto& folder : folders) {
    auto statement = claims_of(folder);
    const auto same = std::find_if(all.begin(), all.end(), [&](const Claimed& other) {
      return statement && other.statement && *other.statement == *statement;
    });
    if (same != all.end())
      same->folders.push_back(folder);  // more volumes of it
    else
      all.push_back({{folder}, std::move(statement)});
  }
  std::stable_sort(all.begin(), all.end(), comes_before);
  std::vector<std::vector<std::string>> out;
  for (auto& one : all) out.push_back(std::move(one.folders));
  return out;
}

/// What is no fault of the bundle, and will be so at the next look as well: "" if there is one.
std::string why_not_for_us(const Findings& findings) {
  const auto all = [&](RefusalKind kind) {
    return !findings.empty() &&
           std::all_of(findings.begin(), findings.end(), [&](const Refusal& finding) { return finding.kind == kind; });
  };
  if (all(RefusalKind::stale)) return "is no newer than what has been imported";
  if (all(RefusalKind::wrong_site)) return "is for another site";
  return "";
}

/// "bundle /media/usb/patchferry-plant1-000001".
std::string name_of_bundle(const std::vector<std::string>& folders) { return "bundle " + printable(folders.front(), 4096); }

void log_imported(Site& site, const ImportOutcome& outcome, const std::string& name) {
  note(name + " was imported: " + count_text(outcome.plan->fresh.size(), "patchset") + " new");
  for (const auto& one : outcome.plan->replaced)
    warn("another archive was here as " + one + ", for which nobody had signed: the bundle's has taken its place");
  for (const auto& gone : outcome.plan->withdrawn) warn(gone + " was withdrawn by the vendor and is disabled in every feed");
  for (const auto& fresh : outcome.plan->fresh) {
    const auto known = find_patchset(site, fresh.name.patchset.text);
    if (!known) continue;
    for (const auto& feed : outcome.plan->takers.all())
      if (state_in(site, feed, known->id) == FeedState::enabled) note(fresh.name.patchset.text + " was enabled in " + feed.name);
  }
}

void take_bundle(Site& site, const std::vector<std::string>& folders, Taken& taken) {
  ImportOrder order;
  order.media = folders;
  const std::string name = name_of_bundle(folders);
  // Feeds do not wait for arch/, nor does the news of them.
  const ImportOutcome outcome = import_bundle(site, order, [&](const ImportOutcome& so_far) {
    if (so_far.kind == ImportOutcome::Kind::imported) log_imported(site, so_far, name);
  });
  for (const auto& warning : outcome.warnings) warn(warning);
  const std::string not_for_us = outcome.kind == ImportOutcome::Kind::refused ? why_not_for_us(outcome.findings) : "";
  if (not_for_us.empty())
    for (auto finding : outcome.findings) {
      if (finding.where.empty() || finding.where == kWholeBundle) finding.where = printable(folders.front(), 4096);
      report(finding);
    }
  for (const auto& one : outcome.archives.failed) error_line(one.text, one.hint);
  taken.partly |= !outcome.archives.failed.empty();
  switch (outcome.kind) {
    case ImportOutcome::Kind::refused:
      if (!not_for_us.empty())
        note(name + " " + not_for_us);
      else
        taken.refused = true;
      break;
    case ImportOutcome::Kind::planned:
    case ImportOutcome::Kind::nothing_to_do: note(name + " was imported already"); break;
    case ImportOutcome::Kind::incomplete:
      warn(name + " is not complete: the volumes that are here have been checked and kept");
      taken.partly = true;
      break;
    case ImportOutcome::Kind::imported: taken.changed = true; break;
  }
}

/// Here, the same bytes, and nothing is left to do with it. What differs, `deploy` judges.
bool is_known(Site& site, const std::string& path, const ArchiveName& name) {
  if (cleaned_patchset(site, name.patchset.text)) return true;  // else each update would bring it back
  const auto known = find_patchset(site, name.patchset.text);
  if (!known || known->archive_bytes != size_of(path)) return false;
  const bool is_kept = known->archive_state != ArchiveState::present || in_arch(site, known->name, known->archive_bytes);
  return is_kept && hash_file(open_file(path, O_RDONLY | O_NOFOLLOW)) == known->archive;
}

void take_archive(Site& site, const std::string& path, const std::string& product, Taken& taken) {
  const auto name = parse_archive_name(file_name_of(path));
  if (!name || (!product.empty() && name->patchset.product != product) || is_known(site, path, *name)) return;
  DeployOrder order;
  order.archives = {path};
  order.only_store = true;
  const DeployReport done = deploy(site, order);
  for (const auto& refusal : done.refused) report(refusal);
  for (const auto& one : done.feeds.stale) error_line(one.text, one.hint);
  for (const auto& one : done.stored) {
    note(one + " was stored");
    if (done.signed_by_keys.empty()) warn("nobody has signed " + one + ": whoever filled the drop folder is believed");
  }
  for (const auto& one : done.restored) note("arch/ has the archive of " + one + " again");
  taken.changed |= !done.stored.empty() || !done.restored.empty();
  taken.refused |= !done.refused.empty();
  taken.partly |= !done.feeds.stale.empty();
}

/// What one bundle or archive is not fit for, or what the machine cannot do with it, keeps no other from being taken.
template <class Take>
void going_on(Taken& taken, const Take& take) {
  try {
    take();
  } catch (const UsageError& error) {
    error_line(error.what(), error.hint());
    taken.refused = true;
  } catch (const SystemFailure& failure) {
    error_line(failure.what(), failure.hint());
    taken.partly = true;
  }
}

}  // namespace

DropFolder look_into(const std::string& folder) {
  if (!is_folder(folder))
    throw UsageError("there is no drop folder " + printable(folder, 4096),
                     "is the medium mounted? the key 'drop' of the configuration names it; nothing has been changed");
  DropFolder found;
  std::vector<std::string> folders;
  if (holds_volumes(folder)) folders.push_back(folder);
  std::vector<ArchiveName> names;
  for (const auto& name : folder_entries(folder)) {
    const std::string path = folder + "/" + name;
    if (name.front() == '.') continue;
    if (is_folder(path)) {
      if (holds_volumes(path)) folders.push_back(path);
    } else if (is_regular(path)) {
      if (auto archive = parse_archive_name(name))
        names.push_back(std::move(*archive));
      else if (looks_like_an_archive(name))
        warn(printable(path, 4096) + " is left alone: its name is none of a patchset's archive, such as K20260105_01.tar.bz2");
    }
  }
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.patchset < b.patchset; });
  for (const auto& name : names) found.archives.push_back(folder + "/" + name.file);
  found.bundles = in_order(folders);
  return found;
}

Taken take_all(Site& site, const DropFolder& found, const std::string& product) {
  Taken taken;
  for (const auto& folders : found.bundles) going_on(taken, [&] { take_bundle(site, folders, taken); });
  // One after the other: a copy of each lies in the base while it is looked at.
  for (const auto& path : found.archives) going_on(taken, [&] { take_archive(site, path, product, taken); });
  return taken;
}

}  // namespace patchferry::importer::eportal
