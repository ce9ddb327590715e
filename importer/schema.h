// SPDX-License-Identifier: Apache-2.0
// The site's database, patchferry.sqlite. Migrations are frozen once landed; add a new one instead.
#pragma once

#include <vector>

namespace patchferry::importer {

inline const std::vector<const char*> kMigrations = {R"sql(
CREATE TABLE identity(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;  -- 'site': its name
CREATE TABLE patchset(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  file TEXT NOT NULL,                -- in arch/
  release_key TEXT NOT NULL,         -- 'YYYY-MM-DD/nnnn/name': sorts in release order
  sha256 BLOB NOT NULL, bytes INTEGER NOT NULL, expanded INTEGER NOT NULL,
  arrived INTEGER NOT NULL,          -- seconds since 1970
  bundle INTEGER,                    -- sequence that brought it; NULL: adopted, nobody has signed for it
  unpacked INTEGER NOT NULL,         -- 1: resources/<name>/ is there
  withdrawn INTEGER NOT NULL DEFAULT 0);
CREATE INDEX patchset_release ON patchset(release_key);
CREATE TABLE level(                  -- one folder <ident>/<level>/ of a patchset
  patchset INTEGER NOT NULL REFERENCES patchset(id),
  ident TEXT NOT NULL, level INTEGER NOT NULL,
  digest BLOB NOT NULL,              -- equal for equal folders
  kernel TEXT NOT NULL,              -- name for people; may be empty
  PRIMARY KEY(ident, level, patchset)) WITHOUT ROWID;
CREATE INDEX level_patchset ON level(patchset);
CREATE TABLE pointer(
  patchset INTEGER NOT NULL REFERENCES patchset(id),
  ident TEXT NOT NULL, name TEXT NOT NULL, is_link INTEGER NOT NULL, text BLOB NOT NULL,
  PRIMARY KEY(patchset, ident, name)) WITHOUT ROWID;
CREATE TABLE first_fix(
  kernel TEXT NOT NULL, cve TEXT NOT NULL, cvss10 INTEGER NOT NULL,
  patchset INTEGER NOT NULL REFERENCES patchset(id),
  PRIMARY KEY(kernel, cve)) WITHOUT ROWID;
CREATE TABLE feed(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  auto INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,   -- counts changes
  published INTEGER NOT NULL DEFAULT 0,  -- the revision that feeds/<name>/current shows
  generation INTEGER NOT NULL DEFAULT 0);
CREATE TABLE feed_patchset(
  feed INTEGER NOT NULL REFERENCES feed(id), patchset INTEGER NOT NULL REFERENCES patchset(id),
  state TEXT NOT NULL CHECK(state IN ('enabled', 'disabled')),
  PRIMARY KEY(feed, patchset)) WITHOUT ROWID;
CREATE TABLE ledger(
  stream BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
  statement BLOB NOT NULL, bundle BLOB NOT NULL, imported INTEGER NOT NULL,
  PRIMARY KEY(stream, epoch, sequence)) WITHOUT ROWID;
CREATE TABLE pending_rename(id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL);  -- relative to the base
CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);
INSERT INTO feed(name, auto) VALUES('main', 1);
)sql",
                                                     R"sql(
-- The audit log becomes a chain (audit.h). SQL cannot hash: carry_over() begins it with an entry that vouches for audit_old.
ALTER TABLE audit RENAME TO audit_old;
CREATE TABLE audit(
  seq INTEGER PRIMARY KEY,           -- 1, 2, … without gaps
  at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  bundle_sequence INTEGER, bundle BLOB,  -- that it is about, or both NULL
  detail TEXT NOT NULL,
  previous BLOB NOT NULL, hash BLOB NOT NULL,
  CHECK((bundle_sequence IS NULL) = (bundle IS NULL)));
-- Against bugs of our own. REPLACE fires no DELETE trigger, so a number that is taken is refused as well.
CREATE TRIGGER audit_goes_on BEFORE INSERT ON audit
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  BEGIN SELECT raise(ABORT, 'entries are only appended to the audit log'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'nothing is removed from the audit log'); END;
CREATE TRIGGER audit_old_ended BEFORE INSERT ON audit_old BEGIN SELECT raise(ABORT, 'the old audit log has ended'); END;
CREATE TRIGGER audit_old_stays BEFORE UPDATE ON audit_old BEGIN SELECT raise(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_old_keeps BEFORE DELETE ON audit_old BEGIN SELECT raise(ABORT, 'nothing is removed from the audit log'); END;
)sql",
                                                     R"sql(
-- Several streams, heads, root documents, withdrawals (ledger.h, roots.h).
ALTER TABLE ledger ADD COLUMN made INTEGER NOT NULL DEFAULT 0;  -- by the exporter's clock
ALTER TABLE ledger ADD COLUMN document BLOB;                    -- the statement and its signatures, should a second one turn up
ALTER TABLE ledger ADD COLUMN envelope BLOB;
CREATE TABLE stream(
  id BLOB PRIMARY KEY,
  accepted INTEGER NOT NULL,         -- 0: a person has said that its bundles are taken no more
  needs_head INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;  -- how far it had come is not known any more
INSERT INTO stream SELECT DISTINCT stream, 1, 0 FROM ledger;
CREATE TABLE head(                   -- the newest that is known to exist
  stream BLOB PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, statement BLOB NOT NULL,
  made INTEGER NOT NULL, taken INTEGER NOT NULL,
  domain BLOB NOT NULL) WITHOUT ROWID;  -- under which it was signed
CREATE TABLE root(
  domain BLOB PRIMARY KEY, version INTEGER NOT NULL, document BLOB NOT NULL,
  disowned INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;  -- 1: a person has taken it away, whatever lies in trust/
CREATE TABLE withdrawn(              -- by the vendor, whether it is here or not
  name TEXT PRIMARY KEY COLLATE NOCASE, bundle INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO withdrawn SELECT name, 0 FROM patchset WHERE withdrawn=1;
CREATE TABLE root_chain(hash BLOB PRIMARY KEY, chain BLOB NOT NULL) WITHOUT ROWID;  -- SHA-256, and what it is of
ALTER TABLE ledger ADD COLUMN root_chain BLOB;                  -- hash of the one under which it was signed
ALTER TABLE patchset ADD COLUMN stream BLOB;       -- of the bundle that brought it
ALTER TABLE patchset ADD COLUMN epoch INTEGER;     -- likewise
UPDATE patchset SET stream=(SELECT stream FROM ledger WHERE sequence=bundle), epoch=(SELECT epoch FROM ledger WHERE sequence=bundle)
  WHERE bundle IS NOT NULL;
)sql",
                                                     R"sql(
-- Archives travel taken apart (archives.h).
ALTER TABLE patchset ADD COLUMN recipe BLOB;  -- object that says how its archive is made again; NULL: it came as it is, or was adopted
-- present: arch/ has got it (and may have lost it since); pending: arch/ is to get it; never: a person wants none there
ALTER TABLE patchset ADD COLUMN archive_state TEXT NOT NULL DEFAULT 'present'
  CHECK(archive_state IN ('present', 'pending', 'never') AND (archive_state = 'present' OR recipe IS NOT NULL));
)sql",
                                                     R"sql(
-- What an exporter takes for granted at a site that names a patchset in its receipt (holdings.h).
CREATE TABLE content(                -- of each regular file of its archive, served or not; an object
  patchset INTEGER NOT NULL REFERENCES patchset(id),
  sha256 BLOB NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY(patchset, sha256)) WITHOUT ROWID;
ALTER TABLE patchset ADD COLUMN contents_known INTEGER NOT NULL DEFAULT 0;  -- 0: it came before they were written down
)sql",
                                                     R"sql(
-- Feeds that people change (feed_states.h), and generations that say what they showed (publish.h).
CREATE TABLE feed_state(             -- no row: nobody has decided yet
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  patchset INTEGER NOT NULL REFERENCES patchset(id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK(state IN ('enabled', 'disabled', 'undeployed')),  -- undeployed: by a person, so nothing automatic takes it
  PRIMARY KEY(feed, patchset)) WITHOUT ROWID;
INSERT INTO feed_state SELECT feed, patchset, state FROM feed_patchset;
DROP TABLE feed_patchset;
CREATE INDEX feed_state_patchset ON feed_state(patchset);
CREATE TABLE feed_change(            -- every change of a state
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,         -- that it led to
  patchset INTEGER NOT NULL REFERENCES patchset(id) ON DELETE CASCADE,
  was TEXT,                          -- state before; NULL: no row
  why TEXT NOT NULL,                 -- word of the command
  PRIMARY KEY(feed, revision)) WITHOUT ROWID;
CREATE INDEX feed_change_patchset ON feed_change(patchset);
CREATE TABLE generation(             -- what feeds/<feed>/generations/<number> shows, or showed
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  number INTEGER NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(feed, number)) WITHOUT ROWID;
INSERT INTO generation SELECT id, generation, published, 0 FROM feed WHERE generation > 0;  -- 0: what it is made of was not written down
CREATE TABLE lingering(              -- levels that are served although no enabled patchset has them any more
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  folder TEXT NOT NULL, level TEXT NOT NULL,
  since INTEGER NOT NULL, at INTEGER NOT NULL,  -- generation, and time, from which on they are not enabled
  PRIMARY KEY(feed, folder, level)) WITHOUT ROWID;
ALTER TABLE patchset ADD COLUMN vouched BLOB;  -- trust domain whose release keys have signed the archive by itself
CREATE TABLE retired(                -- folders/<path> that the newest generation does not show
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  path TEXT NOT NULL, last INTEGER NOT NULL,  -- generation that showed it last
  PRIMARY KEY(feed, path)) WITHOUT ROWID;
)sql",
                                                     R"sql(
-- Cleaning (cleaned.h, pins.h).
CREATE TABLE pin(name TEXT PRIMARY KEY COLLATE NOCASE, at INTEGER NOT NULL) WITHOUT ROWID;       -- a person keeps it
CREATE TABLE promised(name TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;                       -- by the newest receipt: exporters build on it
INSERT INTO promised SELECT name FROM patchset;                                                  -- what receipts said until now, nobody has written down
CREATE TABLE leaving(name TEXT PRIMARY KEY COLLATE NOCASE, at INTEGER NOT NULL) WITHOUT ROWID;   -- promised and obsolete: the next receipt says that it goes
CREATE TABLE cleaned(name TEXT PRIMARY KEY COLLATE NOCASE, sha256 BLOB NOT NULL, at INTEGER NOT NULL,
  signed INTEGER NOT NULL) WITHOUT ROWID;  -- was here; its archive, for which release keys have signed or not
CREATE TABLE cleaned_change(         -- feed_change of what was cleaned, and that it was
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  revision INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, was TEXT, why TEXT NOT NULL,
  PRIMARY KEY(feed, revision)) WITHOUT ROWID;
CREATE TABLE cleaned_folder(         -- served folders that showed it: the next generation makes them anew
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  revision INTEGER NOT NULL, served TEXT NOT NULL,
  PRIMARY KEY(feed, revision, served)) WITHOUT ROWID;
)sql",
                                                     R"sql(
-- What feeds take by themselves (feed_rules.h).
CREATE TABLE feed_rules(             -- no row: no rules
  feed INTEGER PRIMARY KEY REFERENCES feed(id) ON DELETE CASCADE,
  text TEXT NOT NULL);               -- rules/rules_json.h
CREATE TABLE feed_word(              -- what people have said of patchsets, here or not yet
  feed INTEGER NOT NULL REFERENCES feed(id) ON DELETE CASCADE,
  name TEXT NOT NULL COLLATE NOCASE,
  word TEXT NOT NULL CHECK(word IN ('approved', 'rejected')),
  who TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(feed, name)) WITHOUT ROWID;
ALTER TABLE feed_change ADD COLUMN at INTEGER NOT NULL DEFAULT 0;  -- 0: not written down
ALTER TABLE cleaned_change ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patchset ADD COLUMN cvss10 INTEGER NOT NULL DEFAULT 0;  -- highest of what it is the first to close; 0: unknown
UPDATE patchset SET cvss10=top.score FROM (SELECT patchset AS id, max(cvss10) AS score FROM first_fix GROUP BY patchset) AS top
  WHERE top.id=patchset.id;
)sql",
                                                     R"sql(
-- Bases that were restored without contents (awaited.h), and the vendor's channels.
ALTER TABLE patchset ADD COLUMN awaited INTEGER NOT NULL DEFAULT 0;  -- 1: its tree is to come back; until then feeds leave it out
ALTER TABLE patchset ADD COLUMN channel TEXT NOT NULL DEFAULT 'default' CHECK(channel IN ('default', 'test', 'unstable'));
)sql"};

}  // namespace patchferry::importer
