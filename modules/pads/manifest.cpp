// What pads declares: its routes, settings and tables. Plain data, read by other processes too.
#include <array>

#include "daemon/contract/manifest.hpp"

namespace hameau {

extern const Manifest pads_manifest;

namespace {

// A pad may be open to people without an account (a link key): the module decides for `{pad}` and its export.
constexpr std::array routes = {
    Route{"/api/v1/associations/{association}/pads", Who::member},
    Route{"/api/v1/associations/{association}/pads/import", Who::member},
    Route{"/api/v1/pads/{pad}", Who::anyone},
    Route{"/api/v1/pads/{pad}/restore", Who::member},
    Route{"/api/v1/pads/{pad}/link", Who::member},
    Route{"/api/v1/pads/{pad}/authors", Who::anyone},
    Route{"/api/v1/pads/{pad}/export", Who::anyone},
    Route{"/api/v1/pads/{pad}/images", Who::anyone},
    Route{"/api/v1/pads/{pad}/images/{hash}", Who::anyone},
    Route{"/api/v1/pads/{pad}/history", Who::member},
    Route{"/api/v1/pads/{pad}/history/{moment}", Who::member},
    Route{"/api/v1/pads/{pad}/history/{moment}/restore", Who::member},
    Route{"/api/v1/pads/{pad}/film", Who::member},
    Route{"/api/v1/pads/{pad}/film/{step}", Who::member},
    Route{"/api/v1/pads/ws/{pad}", Who::anyone, true},
};

constexpr std::array settings = {
    Setting{"limits.frame_max", SettingType::size_bytes, "16 MiB",
            "The largest message that a pad's editor may send at once, such as a pasted document."},
    Setting{"limits.pad_max", SettingType::size_bytes, "32 MiB",
            "The largest pad, with everything that its history needs to merge. A pad that reached it can be read but not written."},
    Setting{"limits.open_max", SettingType::size_bytes, "256 MiB",
            "The memory of all pads that are open at once. Above it no other large pad is opened, and large pads can be read but not written."},
    Setting{"limits.image_max", SettingType::size_bytes, "20 MiB", "The largest image that may be put into a pad."},
    Setting{"limits.import_max", SettingType::size_bytes, "5 MiB", "The largest document that may become a pad, without the images in it."},
    Setting{"limits.import_images_max", SettingType::size_bytes, "20 MiB", "The largest size of all images in such a document, in addition to that."},
};

constexpr std::array migrations = {
    Migration{1, R"sql(
CREATE TABLE pad (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, association TEXT NOT NULL, slug TEXT NOT NULL, title TEXT NOT NULL,
  members TEXT NOT NULL CHECK (members IN ('none', 'read', 'write')),
  link TEXT NOT NULL CHECK (link IN ('none', 'read', 'write')), link_key TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL, created_by TEXT NOT NULL, creator TEXT NOT NULL,
  updated_ms INTEGER NOT NULL, updated_by TEXT NOT NULL, deleted_ms INTEGER) STRICT;
CREATE UNIQUE INDEX pad_slug ON pad(association, slug) WHERE deleted_ms IS NULL;
CREATE INDEX pad_deleted ON pad(deleted_ms) WHERE deleted_ms IS NOT NULL;
-- Who wrote: a member of the house (member, login), or a guest by name only.
CREATE TABLE author (
  number INTEGER PRIMARY KEY, member TEXT NOT NULL, login TEXT NOT NULL, name TEXT NOT NULL,
  UNIQUE (member, login, name)) STRICT;
-- What came in since the last state, as it came: framed v1 updates of one author in one commit.
CREATE TABLE pad_update (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, pad INTEGER NOT NULL REFERENCES pad(number) ON DELETE CASCADE,
  author INTEGER NOT NULL, time_ms INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE INDEX pad_update_pad ON pad_update(pad);
-- One v1 update with everything up to `upto`, deleted text collected, and the recorder's index for opening it.
CREATE TABLE pad_state (
  pad INTEGER PRIMARY KEY REFERENCES pad(number) ON DELETE CASCADE, upto INTEGER NOT NULL,
  bytes BLOB NOT NULL, recorder_index BLOB NOT NULL) STRICT;
-- Everything that was folded into the state, never collected: zstd of framed updates of one author.
CREATE TABLE pad_history (
  pad INTEGER NOT NULL REFERENCES pad(number) ON DELETE CASCADE, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  author INTEGER NOT NULL, begin_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, updates INTEGER NOT NULL,
  plain_bytes INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (pad, first_seq)) STRICT, WITHOUT ROWID;
-- Which author a Yjs client id belongs to; brought: seen first in a step 2 of somebody who had it from elsewhere.
CREATE TABLE pad_client (
  pad INTEGER NOT NULL REFERENCES pad(number) ON DELETE CASCADE, client INTEGER NOT NULL, author INTEGER NOT NULL,
  brought INTEGER NOT NULL, first_ms INTEGER NOT NULL, PRIMARY KEY (pad, client)) STRICT, WITHOUT ROWID;
)sql"},
    Migration{2, R"sql(
-- Only these logins, beside the managers and who made it; empty: what members and link say.
ALTER TABLE pad ADD COLUMN people TEXT NOT NULL DEFAULT '';
-- Units that a row brought and took away.
ALTER TABLE pad_update ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pad_update ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pad_history ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pad_history ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- An image, kept once per association below images/ASSOCIATION/HASH (and HASH.webp).
CREATE TABLE image (
  association TEXT NOT NULL, hash TEXT NOT NULL, type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  bytes INTEGER NOT NULL, webp_bytes INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  PRIMARY KEY (association, hash)) STRICT, WITHOUT ROWID;
-- Which pad holds it, or held it (its history shows it still); shown 0: sent for that pad, not seen in it so far.
CREATE TABLE pad_image (
  pad INTEGER NOT NULL REFERENCES pad(number) ON DELETE CASCADE, hash TEXT NOT NULL, shown INTEGER NOT NULL,
  first_ms INTEGER NOT NULL, PRIMARY KEY (pad, hash)) STRICT, WITHOUT ROWID;
CREATE INDEX pad_image_hash ON pad_image(hash);
)sql"},
    Migration{3, R"sql(
-- Since when no pad refers to the image; it stays for the bin's time.
ALTER TABLE image ADD COLUMN unused_ms INTEGER;
)sql"},
    Migration{4, R"sql(
-- Images whose files are being written: they count for the quota already. What a crash left here goes at the next start.
CREATE TABLE arrival (
  number INTEGER PRIMARY KEY, association TEXT NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT;
)sql"},
    Migration{5, R"sql(
-- The log is appended to and nothing else: no index and no stored sequence, which every commit would write again for each
-- pad that it touches. Whose row is whose, and the next number, are known in memory (log_index.hpp). A row that its pad's
-- state covers (seq <= upto) is dead.
CREATE TABLE pad_log (
  seq INTEGER PRIMARY KEY, pad INTEGER NOT NULL REFERENCES pad(number) ON DELETE CASCADE,
  author INTEGER NOT NULL, time_ms INTEGER NOT NULL, added INTEGER NOT NULL, removed INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
INSERT INTO pad_log SELECT seq, pad, author, time_ms, added, removed, bytes FROM pad_update;
DROP TABLE pad_update;
ALTER TABLE pad_log RENAME TO pad_update;
)sql"},
    Migration{6, R"sql(
-- The member ids of `people`, in the same order ("-": nobody had the login); empty: not known yet, the logins count.
ALTER TABLE pad ADD COLUMN people_members TEXT NOT NULL DEFAULT '';
)sql"},
    Migration{7, R"sql(
-- Associations in the house's bin: their pads answer as deleted ones.
CREATE TABLE closed_association (slug TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
)sql"},
    Migration{8, R"sql(
-- Rows in which somebody removed or replaced much (storage/cuts.hpp). Of the log only what came with an archive is judged already.
ALTER TABLE pad_update ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pad_history ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;
)sql"},
};

constexpr std::array<std::string_view, 3> internal_callers = {"gate", "admin", "people"};

constexpr std::array backup = {
    // ahead-N: edits of the last 50 ms, which nobody was told are saved.
    BackupPart{"pads.db", Keep::database}, BackupPart{"images", Keep::unchanging}, BackupPart{"ahead-0", Keep::left_out}, BackupPart{"ahead-1", Keep::left_out},
};

constexpr Manifest make_manifest() {
    Manifest manifest;
    manifest.name = "pads";
    manifest.routes = routes;
    manifest.settings = settings;
    manifest.migrations = migrations;
    manifest.internal_callers = internal_callers;
    manifest.sandbox.may_fork = true;  // hameau-convert
    manifest.sandbox.threads = true;
    manifest.backup = backup;
    manifest.idle_stop = std::chrono::minutes(2);
    return manifest;
}

} // namespace

constinit const Manifest pads_manifest = make_manifest();

} // namespace hameau
