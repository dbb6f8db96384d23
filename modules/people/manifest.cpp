// What people declares: its routes, settings and tables. Plain data, read by other processes too.
#include <array>

#include "daemon/contract/manifest.hpp"

namespace hameau {

extern const Manifest people_manifest;

namespace {

// The gate lets everybody through to people: people checks the session token itself, before it reads a body.
constexpr std::array routes = {
    Route{"/api/v1/session", Who::anyone},
    Route{"/api/v1/house", Who::anyone},
    Route{"/api/v1/setup", Who::anyone},
    Route{"/api/v1/setup/checks", Who::anyone},
    Route{"/api/v1/setup/secret", Who::admin},
    Route{"/api/v1/setup/host", Who::admin},
    Route{"/api/v1/recovery", Who::anyone},
    Route{"/api/v1/invitations/{invitation}", Who::anyone},
    Route{"/api/v1/associations", Who::member},
    Route{"/api/v1/associations/{slug}", Who::member},
    Route{"/api/v1/associations/{slug}/archive", Who::member},
    Route{"/api/v1/erasures", Who::admin},
    Route{"/api/v1/associations/{slug}/restore", Who::admin},
    Route{"/api/v1/associations/{slug}/members", Who::member},
    Route{"/api/v1/associations/{slug}/members/proposal", Who::member},
    Route{"/api/v1/associations/{slug}/members/{login}", Who::member},
    Route{"/api/v1/associations/{slug}/members/{login}/invitation", Who::member},
    Route{"/api/v1/associations/{slug}/members/{login}/restore", Who::member},
    Route{"/api/v1/associations/{slug}/usage", Who::member},
    Route{"/api/v1/associations/{slug}/groups", Who::member},
    Route{"/api/v1/associations/{slug}/groups/{group}", Who::member},
    Route{"/api/v1/me/password", Who::member},
    Route{"/api/v1/me/sign-out-everywhere", Who::member},
    Route{"/api/v1/me/recovery-codes", Who::member},
    Route{"/api/v1/me/app-passwords", Who::member},
    Route{"/api/v1/me/app-passwords/{id}", Who::member},
    Route{"/api/v1/status", Who::admin},
    Route{"/api/v1/diagnosis", Who::admin},
    Route{"/api/v1/energy", Who::admin},
    Route{"/api/v1/declared", Who::admin},
};

constexpr std::array settings = {
    Setting{"limits.exempt_networks", SettingType::networks, "",
            "Networks whose sign-ins are never slowed down, such as \"192.168.1.0/24\". A visitor is known by the /24 "
            "or /56 of the address only."},
    Setting{"limits.password_min", SettingType::integer, "8", "The minimum number of characters of a password."},
    Setting{"session_length", SettingType::duration_ms, "30d", "How long a sign-in lasts on a computer of one's own."},
    Setting{"shared_idle", SettingType::duration_ms, "15m",
            "On a shared computer, a session ends by itself after this time without any use."},
};

constexpr std::array migrations = {
    Migration{1, R"sql(
CREATE TABLE house (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE person (
  id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password_hash TEXT,
  admin INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0, contact TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sign_in_address (
  address TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_address_person ON sign_in_address(person);
CREATE TABLE association (
  slug TEXT PRIMARY KEY, name TEXT NOT NULL, quota_bytes INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE domain (
  name TEXT PRIMARY KEY, association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX domain_association ON domain(association, position);
CREATE TABLE membership (
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('member', 'manager')),
  PRIMARY KEY (association, person)) STRICT, WITHOUT ROWID;
CREATE INDEX membership_person ON membership(person);
CREATE TABLE circle (
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE, slug TEXT NOT NULL, name TEXT NOT NULL,
  address TEXT UNIQUE, may_send INTEGER NOT NULL, PRIMARY KEY (association, slug)) STRICT, WITHOUT ROWID;
CREATE TABLE circle_member (
  association TEXT NOT NULL, circle TEXT NOT NULL, person TEXT NOT NULL,
  PRIMARY KEY (association, circle, person),
  FOREIGN KEY (association, circle) REFERENCES circle(association, slug) ON DELETE CASCADE,
  FOREIGN KEY (association, person) REFERENCES membership(association, person) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX circle_member_person ON circle_member(association, person);
CREATE TABLE circle_outside (
  association TEXT NOT NULL, circle TEXT NOT NULL, address TEXT NOT NULL,
  PRIMARY KEY (association, circle, address),
  FOREIGN KEY (association, circle) REFERENCES circle(association, slug) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE TABLE invitation (
  person TEXT PRIMARY KEY REFERENCES person(id) ON DELETE CASCADE,
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  token_hash TEXT NOT NULL UNIQUE, code_hash TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_association ON invitation(association);
CREATE TABLE recovery_code (
  person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE, code_hash TEXT NOT NULL,
  PRIMARY KEY (person, code_hash)) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
  shared INTEGER NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session(person, created_ms);
CREATE TABLE device (
  token_hash TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX device_person ON device(person, created_ms);
CREATE TABLE declared (name TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE trial_card (
  person TEXT PRIMARY KEY REFERENCES person(id) ON DELETE CASCADE, password TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT;
)sql"},
    // Sessions know when the password was last given; invitations know what they were made for. An older invitation says
    // neither who made it nor for what: it stays where nobody can gain by it, for a member of one association.
    Migration{2, R"sql(
ALTER TABLE session ADD COLUMN proven_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invitation ADD COLUMN maker TEXT NOT NULL DEFAULT '';
ALTER TABLE invitation ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invitation ADD COLUMN manager INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invitation ADD COLUMN associations TEXT NOT NULL DEFAULT '';
ALTER TABLE invitation ADD COLUMN password_state TEXT NOT NULL DEFAULT '';
UPDATE invitation SET associations = ' ' || association || ' ', manager = EXISTS (SELECT 1 FROM membership m
  WHERE m.person = invitation.person AND m.association = invitation.association AND m.role = 'manager');
DELETE FROM invitation WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id = invitation.person AND p.admin = 0
    AND p.password_hash IS NULL) OR (SELECT count(*) FROM membership m WHERE m.person = invitation.person) <> 1
  OR NOT EXISTS (SELECT 1 FROM membership m WHERE m.person = invitation.person AND m.association = invitation.association);
)sql"},
    // Addresses are mail's (modules/mail/README.md): what is here is the copy to sign in with. An older house may hold
    // addresses without a mailbox and groups with somebody's address: everything is told to mail once more, which makes
    // the mailboxes and refuses what is another's. `refused_address`: what mail refused, until the owner gets another.
    Migration{3, R"sql(
ALTER TABLE sign_in_address ADD COLUMN association TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in_address ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
UPDATE sign_in_address SET association = coalesce((SELECT d.association FROM domain d
  JOIN membership m ON m.association = d.association AND m.person = sign_in_address.person
  WHERE d.name = substr(address, instr(address, '@') + 1)), '');
CREATE TABLE refused_address (
  address TEXT NOT NULL, owner TEXT NOT NULL, since_ms INTEGER NOT NULL, PRIMARY KEY (address, owner)) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO house(name, value) VALUES ('tell_mail_again', '1');
)sql"},
    // What each module holds of each association, as it told last.
    Migration{4, R"sql(
CREATE TABLE usage (
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE, module TEXT NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes >= 0), told_ms INTEGER NOT NULL, PRIMARY KEY (association, module)) STRICT, WITHOUT ROWID;
)sql"},
    // A bin for members. A row of `removed_member` brings a membership back; nobody is in both tables for one association.
    // person.binned: the account itself is in the bin, as it has no association any more (1; 2: it was disabled before). Then
    // it is disabled and its login is "?ID"; the row keeps the former one. `circles`: slugs, as JSON.
    Migration{5, R"sql(
ALTER TABLE person ADD COLUMN binned INTEGER NOT NULL DEFAULT 0;
CREATE TABLE removed_member (
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE, login TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('member', 'manager')), circles TEXT NOT NULL, password_state TEXT NOT NULL,
  removed_ms INTEGER NOT NULL, PRIMARY KEY (association, person)) STRICT, WITHOUT ROWID;
CREATE INDEX removed_member_person ON removed_member(person);
CREATE INDEX removed_member_time ON removed_member(removed_ms);
)sql"},
    // A bin for associations. binned_ms: since when it is there; 0: it is in use. `association_task`: what a module has yet to
    // be told of an association (store_association_bin.cpp); a row outlives the association, so it refers to nothing.
    Migration{6, R"sql(
ALTER TABLE association ADD COLUMN binned_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE association_task (
  association TEXT NOT NULL, module TEXT NOT NULL, word TEXT NOT NULL CHECK (word IN ('close', 'open', 'erase')),
  PRIMARY KEY (association, module)) STRICT, WITHOUT ROWID;
)sql"},
    // Which archive an association came from, and whether all of it is here: the same import may come again. Certificates of erasure.
    Migration{7, R"sql(
CREATE TABLE imported (
  association TEXT PRIMARY KEY REFERENCES association(slug) ON DELETE CASCADE, archive TEXT NOT NULL,
  done INTEGER NOT NULL, changed_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- What the services held of it when it went into the bin, as JSON; for the certificate below.
ALTER TABLE association ADD COLUMN holdings TEXT NOT NULL DEFAULT '';
-- That an association was erased: counts and times, nobody's name. done_ms 0: some service has yet to do its part.
CREATE TABLE erasure (
  id TEXT PRIMARY KEY, association TEXT NOT NULL, name TEXT NOT NULL, way TEXT NOT NULL CHECK (way IN ('admin', 'time')),
  binned_ms INTEGER NOT NULL, begun_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL DEFAULT 0, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_time ON erasure(begun_ms);
CREATE INDEX erasure_association ON erasure(association);
)sql"},
    // When what a person had once was taken: a deploy token (which sites keeps) that is older than that stays ended, also when the person
    // comes back. association '': all of them.
    Migration{8, R"sql(
CREATE TABLE power_end (
  person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE, association TEXT NOT NULL, reason TEXT NOT NULL,
  ended_ms INTEGER NOT NULL, PRIMARY KEY (person, association)) STRICT, WITHOUT ROWID;
)sql"},
};

constexpr std::array<std::string_view, 5> verbs = {"set-host", "probe", "diagnose", "diagnosis", "energy"};
constexpr std::array<std::string_view, 5> internal_callers = {"gate", "admin", "mail", "sites", "pads"};

} // namespace

constexpr std::array backup = {
    BackupPart{"people.db", Keep::database}, BackupPart{"setup-token", Keep::left_out}, BackupPart{"restored", Keep::left_out},
};

constexpr Manifest make_manifest() {
    Manifest manifest;
    manifest.name = "people";
    manifest.routes = routes;
    manifest.settings = settings;
    manifest.migrations = migrations;
    manifest.internal_callers = internal_callers;
    manifest.verbs = verbs;
    manifest.sandbox.threads = true;
    manifest.backup = backup;
    manifest.idle_stop = std::chrono::minutes(5);
    return manifest;
}
constinit const Manifest people_manifest = make_manifest();

} // namespace hameau
