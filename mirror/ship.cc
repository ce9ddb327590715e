// SPDX-License-Identifier: Apache-2.0
#include "mirror/ship.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/statfs.h>

#include "bundle-format/readme.h"
#include "system/failure.h"
#include "verifier/verify.h"

namespace patchferry::mirror {

namespace {

constexpr long kFatMagic = 0x4d44;  // MSDOS_SUPER_MAGIC of linux/magic.h
constexpr std::uint64_t kFatLargest = 0xffffffff;

/// Asks the kernel to forget what it has cached, so that reading back reads the medium.
void forget_cached(const std::string& folder) {
  for (const auto& name : folder_entries(folder)) {
    const Fd file = open_file(folder + "/" + name, O_RDONLY);
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

void read_back(const SignedBundle& bundle, const std::string& folder) {
  Findings findings;
  const Digest& domain = bundle.layout.statement.trust_domain;
  Judge judge{TrustAnchors{{{domain, 1, domain}}}};
  judge.partly_signed = true;  // others may sign it on their own machines
  auto verified = examine(open_media({folder}, findings), judge, findings);
  if (verified) {
    report_missing(*verified, verified->missing(), findings);
    BodySink nobody;
    Progress progress("reading back", bundle.layout.statement.payload_bytes);
    read_bodies(*verified, nobody, findings, [&](std::uint64_t n) { progress.add(n); });
  }
  drop_threshold(findings);
  if (!findings.empty())
    throw SystemFailure(
        "cannot trust the medium: what was written to " + findings.front().where + " reads back wrong: " + findings.front().text,
        0, "try another medium, and look at 'dmesg'");
}

/// What killed exports for this site have left: their numbers are never used again, so no other export would meet it.
/// One that somebody is writing is locked.
void remove_left_overs(const std::string& folder, const std::string& name) {
  const std::string beginning = "." + name.substr(0, name.rfind('-') + 1);
  for (const auto& entry : folder_entries(folder)) {
    if (!entry.starts_with(beginning) || !entry.ends_with(".partial")) continue;
    try {
      const Fd old = open_folder(folder + "/" + entry);
      if (::flock(old.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(old.path());
    } catch (const SystemFailure&) {  // it takes room, and does no other harm
    }
  }
}

/// The unfinished folder; removed unless the bundle turned out well.
class PartialFolder {
 public:
  explicit PartialFolder(std::string path) : path_(std::move(path)) {
    remove_tree(path_);
    make_folder(path_);
    folder_ = open_folder(path_);
    ::flock(folder_.get(), LOCK_EX | LOCK_NB);  // where there are no locks, nobody takes left-overs away
  }
  ~PartialFolder() {
    try {
      if (!path_.empty()) remove_tree(path_);
    } catch (const SystemFailure&) {  // the error that led here is the one to report
    }
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;
  void publish(const std::string& as) {
    rename_path(path_, as);
    path_.clear();
    sync_folder(parent_of(as));
  }

 private:
  std::string path_;
  Fd folder_;
};

}  // namespace

std::uint64_t largest_file_at(const std::string& folder) {
  struct statfs st {};
  if (::statfs(folder.c_str(), &st) != 0) throw_errno("ask for the file system of", folder);
  return st.f_type == kFatMagic ? kFatLargest : 0;
}

std::string write_and_verify(const SignedBundle& bundle, const std::string& folder) {
  const Layout& layout = bundle.layout;
  const std::string name = bundle_folder_name(layout.site, layout.statement.sequence);
  const std::string path = folder + "/" + name;
  if (exists(path)) throw UsageError(path + " exists already", "give another --to, or take that folder away");
  if (!is_folder(folder)) make_folder(folder);
  remove_left_overs(folder, name);
  const std::uint64_t needed =
      layout.statement.payload_bytes +
      std::uint64_t{layout.statement.volumes} * (layout.volume_table.size() + layout.root_chain.size() + 4096) +
      2 * (layout.manifest.size() + layout.tables.size());
  if (const std::uint64_t room = free_bytes(folder); room < needed)
    throw SystemFailure(fmt::format("cannot write {} to {}: only {} are free", size_text(needed), folder, size_text(room)),
                        ENOSPC, "take a larger medium, or make room on this one");
  PartialFolder partial(folder + "/." + name + ".partial");
  {
    Progress progress("writing", layout.statement.payload_bytes);
    write_volumes(bundle, folder + "/." + name + ".partial", [&](std::uint64_t n) { progress.add(n); });
  }
  forget_cached(folder + "/." + name + ".partial");
  read_back(bundle, folder + "/." + name + ".partial");
  partial.publish(path);
  return path;
}

}  // namespace patchferry::mirror
