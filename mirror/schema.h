// SPDX-License-Identifier: Apache-2.0
// The store's catalogue, patchferry-store.sqlite. Migrations are frozen once landed; add a new one instead.
#pragma once

#include <vector>

namespace patchferry::mirror {

inline const std::vector<const char*> kMigrations = {R"sql(
CREATE TABLE identity(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;  -- 'stream': 16 random bytes
CREATE TABLE patchset(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  file TEXT NOT NULL,               -- in archives/
  sha256 BLOB NOT NULL, bytes INTEGER NOT NULL,
  expanded INTEGER NOT NULL,        -- bytes of its tar stream
  first_seen INTEGER NOT NULL);     -- seconds since 1970
CREATE TABLE first_fix(             -- which patchset was the first to close a CVE for a kernel
  kernel TEXT NOT NULL, cve TEXT NOT NULL, cvss10 INTEGER NOT NULL,
  patchset INTEGER NOT NULL REFERENCES patchset(id),
  PRIMARY KEY(kernel, cve)) WITHOUT ROWID;
CREATE INDEX first_fix_patchset ON first_fix(patchset);
CREATE TABLE site(
  name TEXT PRIMARY KEY,
  key BLOB NOT NULL) WITHOUT ROWID; -- pinned by its first receipt
CREATE TABLE receipt(               -- the newest of each site
  site TEXT PRIMARY KEY REFERENCES site(name),
  sequence INTEGER NOT NULL, issued INTEGER NOT NULL, text BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE shipment(
  site TEXT NOT NULL, sequence INTEGER NOT NULL,
  made INTEGER NOT NULL,            -- 0: the number is reserved, nothing more is known
  created INTEGER NOT NULL, bundle BLOB, statement BLOB,
  PRIMARY KEY(site, sequence)) WITHOUT ROWID;
)sql",
                                                     R"sql(
-- Withdrawals; what each shipment brought; sites whose key was pinned before their first receipt.
CREATE TABLE withdrawn(name TEXT PRIMARY KEY COLLATE NOCASE, at INTEGER NOT NULL) WITHOUT ROWID;
ALTER TABLE site ADD COLUMN encryption BLOB;  -- its X25519 key, by a person's word or its newest receipt; NULL: not known
ALTER TABLE shipment ADD COLUMN domain BLOB;  -- in whose name it was signed
ALTER TABLE shipment ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE shipment ADD COLUMN root_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE shipment ADD COLUMN is_full INTEGER NOT NULL DEFAULT 0;
CREATE TABLE shipment_patchset(
  site TEXT NOT NULL, sequence INTEGER NOT NULL, name TEXT NOT NULL,
  sha256 BLOB,                      -- NULL: it was withdrawn
  PRIMARY KEY(site, sequence, name)) WITHOUT ROWID;
DELETE FROM receipt;                -- of an older form; sites give fresh ones
ALTER TABLE receipt ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
)sql",
                                                     R"sql(
-- What is inside the archives. Archives that were added before have no row in travel: the next export takes them apart.
CREATE TABLE member(                -- regular files, in archive order
  patchset INTEGER NOT NULL REFERENCES patchset(id), position INTEGER NOT NULL,
  likeness TEXT NOT NULL,           -- likeness.h
  sha256 BLOB NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY(patchset, position)) WITHOUT ROWID;
CREATE TABLE travel(                -- how an archive travels, by its hash
  archive BLOB PRIMARY KEY,
  recipe BLOB, recipe_bytes INTEGER NOT NULL,  -- NULL: verbatim
  why TEXT NOT NULL) WITHOUT ROWID;
)sql",
                                                     R"sql(
-- The vendor's channels.
ALTER TABLE patchset ADD COLUMN channel TEXT NOT NULL DEFAULT 'default' CHECK(channel IN ('default', 'test', 'unstable'));
)sql"};

}  // namespace patchferry::mirror
