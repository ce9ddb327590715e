// SPDX-License-Identifier: Apache-2.0
// The functions behind the words; the table of words is in eportal.cc. Exit codes as of patchferry, 4 included: the
// dispatch turns it into 0.
#pragma once

#include "importer/eportal/word.h"
#include "importer/site.h"

namespace patchferry::importer::eportal {

// patches.cc
int deploy_archive(const Call& call);
int unroll(const Call& call);
int download_missing(const Call& call);

// clean.cc
int clean_releases(const Call& call);
/// Of a patchset that no feed has: now, whatever retention and receipts say. Not if anything else speaks for it, which is said (5).
int delete_patchset(Site& site, const std::string& name);

// update.cc
int update(const Call& call);
int auto_update(const Call& call);

// feed.cc
int feed(const Call& call);

// serve.cc
int sync_nginx_conf(const Call& call);

// keeping.cc
int backup(const Call& call);
int backup_db(const Call& call);
int restore_backup(const Call& call);

// doctor.cc
int doctor(const Call& call);

/// The site that environment or configuration names, with what an interruption left behind finished. Waits for its lock.
class OpenedSite {
 public:
  OpenedSite();
  Site& operator*() { return site_; }

 private:
  Site site_;
};

}  // namespace patchferry::importer::eportal
