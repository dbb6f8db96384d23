// What mail declares: its routes, settings and tables. Plain data, read by other processes too.
#include <array>

#include "daemon/contract/manifest.hpp"

namespace hameau {

extern const Manifest mail_manifest;

namespace {

constexpr std::array routes = {
    Route{"/api/v1/associations/{slug}/mailboxes", Who::member},
    Route{"/api/v1/associations/{slug}/mailboxes/{address}", Who::member},
    Route{"/api/v1/associations/{slug}/mailboxes/{address}/restore", Who::member},
    Route{"/api/v1/associations/{slug}/aliases", Who::member},
    Route{"/api/v1/associations/{slug}/aliases/{address}", Who::member},
    Route{"/api/v1/associations/{slug}/mail-domains", Who::member},
    Route{"/api/v1/associations/{slug}/mail-domains/{domain}", Who::member},
    Route{"/api/v1/associations/{slug}/mail-domains/{domain}/look", Who::member},
    Route{"/api/v1/me/mail", Who::member},
    // Outlook asks in three spellings. The gate answers GET itself, and lets a form with an address through.
    Route{"/autodiscover/autodiscover.xml", Who::anyone},
    Route{"/Autodiscover/Autodiscover.xml", Who::anyone},
    Route{"/AutoDiscover/AutoDiscover.xml", Who::anyone},
    Route{"/api/v1/me/mail/{address}", Who::member},
};

constexpr std::array settings = {
    Setting{"smtp_port", SettingType::integer, "25", "The port where mail from other servers arrives."},
    Setting{"submission_port", SettingType::integer, "587", "The port where members' programs send (STARTTLS)."},
    Setting{"submissions_port", SettingType::integer, "465", "The port where members' programs send (TLS from the start)."},
    Setting{"imap_port", SettingType::integer, "143", "The port where members' programs read (STARTTLS)."},
    Setting{"imaps_port", SettingType::integer, "993", "The port where members' programs read (TLS from the start)."},
    Setting{"sieve_port", SettingType::integer, "4190", "The port where members' programs manage their filters (ManageSieve)."},
    Setting{"smarthost", SettingType::text, "", "Another server, HOST:PORT, that carries mail to the outside. Empty: directly."},
    Setting{"smarthost_tls", SettingType::choice, "opportunistic",
            "Encryption to the smarthost: where it is offered (opportunistic), always (required), or always and with a certificate of its name (verified).",
            "opportunistic|required|verified"},
    Setting{"smarthost_spf", SettingType::text, "",
            "What the smarthost asks its customers to write into SPF records, such as include:spf.relay.example. The DNS page of a domain shows it. Empty: it asks for it."},
    Setting{"check_resolvers", SettingType::text, "automatic",
            "The resolvers that a look at a domain's DNS records asks: up to three of ADDRESS, ADDRESS:PORT, or machine (the first of /etc/resolv.conf), separated by commas. automatic: machine and the two of FDN (80.67.169.12, 80.67.169.40), and nobody in a trial."},
    Setting{"incoming_checks", SettingType::choice, "automatic",
            "What happens with mail whose sender cannot be proved (SPF, DKIM, DMARC). obey: what the sender's domain asks for, refuse it or put it into Junk. note: only write it into the message. off: ask nothing. automatic: obey, and off in a trial.",
            "automatic|obey|note|off"},
    Setting{"outgoing_signatures", SettingType::choice, "automatic",
            "Whether what members send is signed (DKIM) with a key of its domain, once its record is seen in DNS. automatic: on, and off in a trial.",
            "automatic|on|off"},
    Setting{"mta_sts", SettingType::choice, "testing",
            "What the house asks of other servers that write to it (MTA-STS). testing: to tell when they cannot encrypt to it. enforce: to bring no mail without encryption and a certificate of house.host. none: nothing, and to forget what was asked before. Choose enforce once every domain's records are right for some weeks, and the house's certificate is one of an authority.",
            "testing|enforce|none"},
    Setting{"spam_filter", SettingType::choice, "on",
            "Whether what looks like the spam that an association's members moved to Junk is put there at delivery (bogofilter). It learns from what they move.",
            "on|off"},
    Setting{"limits.message_max", SettingType::size_bytes, "25 MiB", "The largest message, attachments included."},
    Setting{"limits.exempt_networks", SettingType::networks, "", "Networks whose connections are not limited."},
};

// The engine_* views are all that Postfix reads (modules/mail/README.md). Tables may change by migrations; the views'
// names and columns are a contract with provisioning/.
constexpr std::array migrations = {
    Migration{1, R"sql(
CREATE TABLE association (slug TEXT PRIMARY KEY, name TEXT NOT NULL, quota_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE domain (
  name TEXT PRIMARY KEY, association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX domain_association ON domain(association, position);
CREATE TABLE member (
  id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, disabled INTEGER NOT NULL,
  password_hash TEXT, contact TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
CREATE TABLE membership (
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  member TEXT NOT NULL REFERENCES member(id) ON DELETE CASCADE,
  role TEXT NOT NULL, PRIMARY KEY (association, member)) STRICT, WITHOUT ROWID;
CREATE INDEX membership_member ON membership(member);
CREATE TABLE mailbox (
  address TEXT PRIMARY KEY, association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  member TEXT NOT NULL REFERENCES member(id) ON DELETE CASCADE, quota_bytes INTEGER NOT NULL,
  folder TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX mailbox_member ON mailbox(member, created_ms);
CREATE INDEX mailbox_association ON mailbox(association, address);
CREATE TABLE forward (
  mailbox TEXT NOT NULL REFERENCES mailbox(address) ON DELETE CASCADE, target TEXT NOT NULL,
  PRIMARY KEY (mailbox, target)) STRICT, WITHOUT ROWID;
CREATE TABLE alias (
  address TEXT PRIMARY KEY, association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE,
  may_send INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX alias_association ON alias(association, address);
CREATE TABLE alias_target (
  alias TEXT NOT NULL REFERENCES alias(address) ON DELETE CASCADE, target TEXT NOT NULL,
  PRIMARY KEY (alias, target)) STRICT, WITHOUT ROWID;
CREATE INDEX alias_target_target ON alias_target(target);
CREATE TABLE circle (
  association TEXT NOT NULL REFERENCES association(slug) ON DELETE CASCADE, slug TEXT NOT NULL, name TEXT NOT NULL,
  address TEXT UNIQUE, may_send INTEGER NOT NULL, PRIMARY KEY (association, slug)) STRICT, WITHOUT ROWID;
CREATE TABLE circle_member (
  association TEXT NOT NULL, circle TEXT NOT NULL, member TEXT NOT NULL REFERENCES member(id) ON DELETE CASCADE,
  PRIMARY KEY (association, circle, member),
  FOREIGN KEY (association, circle) REFERENCES circle(association, slug) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX circle_member_member ON circle_member(member);
CREATE TABLE circle_outside (
  association TEXT NOT NULL, circle TEXT NOT NULL, address TEXT NOT NULL,
  PRIMARY KEY (association, circle, address),
  FOREIGN KEY (association, circle) REFERENCES circle(association, slug) ON DELETE CASCADE) STRICT, WITHOUT ROWID;

CREATE VIEW engine_domain AS SELECT name FROM domain;
CREATE VIEW engine_mailbox AS SELECT address FROM mailbox;
CREATE VIEW engine_alias AS
  SELECT alias AS address, target FROM alias_target
  UNION ALL
  SELECT c.address, (SELECT b.address FROM mailbox b WHERE b.member = m.member
                     ORDER BY b.association <> c.association, b.created_ms, b.address LIMIT 1) AS target
    FROM circle c JOIN circle_member m ON m.association = c.association AND m.circle = c.slug
    WHERE c.address IS NOT NULL
  UNION ALL
  SELECT c.address, o.address AS target FROM circle c
    JOIN circle_outside o ON o.association = c.association AND o.circle = c.slug WHERE c.address IS NOT NULL;
-- postmaster@ and abuse@ of a domain that declares neither: its managers (RFC 2142). One row a manager's mailbox.
CREATE VIEW engine_postmaster AS
  SELECT d.name AS domain, b.address AS target FROM domain d
    JOIN membership m ON m.association = d.association AND m.role = 'manager'
    JOIN mailbox b ON b.member = m.member;
-- Who may send as `address`: `user` is the name under which Dovecot signed the sender in (a mailbox's address).
CREATE VIEW engine_sender AS
  SELECT own.address AS address, box.address AS user FROM mailbox own JOIN mailbox box ON box.member = own.member
    JOIN member p ON p.id = box.member AND p.disabled = 0
  UNION
  SELECT a.address, box.address AS user FROM alias a JOIN alias_target t ON t.alias = a.address
    JOIN mailbox target ON target.address = t.target JOIN mailbox box ON box.member = target.member
    JOIN member p ON p.id = box.member AND p.disabled = 0 WHERE a.may_send = 1
  UNION
  SELECT c.address, box.address AS user FROM circle c
    JOIN circle_member m ON m.association = c.association AND m.circle = c.slug
    JOIN mailbox box ON box.member = m.member JOIN member p ON p.id = box.member AND p.disabled = 0
    WHERE c.may_send = 1 AND c.address IS NOT NULL;
)sql"},
    // The views again, for what changes later: a domain that an association gave up, an address that a group shares
    // with a mailbox (the mailbox is served), a member who left, a member of a group without a mailbox.
    Migration{2, R"sql(
DROP VIEW engine_mailbox;
DROP VIEW engine_alias;
DROP VIEW engine_sender;
CREATE VIEW live_mailbox AS
  SELECT b.address, b.association, b.member, b.created_ms FROM mailbox b
    JOIN domain d ON d.name = substr(b.address, instr(b.address, '@') + 1) AND d.association = b.association;
CREATE VIEW live_alias AS
  SELECT a.address, a.may_send FROM alias a
    JOIN domain d ON d.name = substr(a.address, instr(a.address, '@') + 1) AND d.association = a.association;
CREATE VIEW live_circle AS
  SELECT c.address, c.association, c.slug, c.may_send FROM circle c
    JOIN domain d ON d.name = substr(c.address, instr(c.address, '@') + 1) AND d.association = c.association
    WHERE c.address IS NOT NULL AND NOT EXISTS (SELECT 1 FROM mailbox b WHERE b.address = c.address)
      AND NOT EXISTS (SELECT 1 FROM alias a WHERE a.address = c.address);
CREATE VIEW engine_mailbox AS SELECT address FROM live_mailbox;
CREATE VIEW engine_alias AS
  SELECT a.address, t.target FROM live_alias a JOIN alias_target t ON t.alias = a.address
  UNION ALL
  SELECT c.address, coalesce(
      (SELECT b.address FROM live_mailbox b WHERE b.member = m.member AND b.association = m.association
         ORDER BY b.created_ms, b.address LIMIT 1),
      (SELECT b.address FROM live_mailbox b WHERE b.member = m.member ORDER BY b.created_ms, b.address LIMIT 1)) AS target
    FROM live_circle c JOIN circle_member m ON m.association = c.association AND m.circle = c.slug
    WHERE EXISTS (SELECT 1 FROM live_mailbox b WHERE b.member = m.member)
  UNION ALL
  SELECT c.address, o.address AS target FROM live_circle c
    JOIN circle_outside o ON o.association = c.association AND o.circle = c.slug;
CREATE VIEW engine_sender AS
  SELECT own.address AS address, box.address AS user FROM live_mailbox own JOIN mailbox box ON box.member = own.member
    JOIN member p ON p.id = box.member AND p.disabled = 0
    JOIN membership s ON s.member = p.id AND s.association = own.association
  UNION ALL
  SELECT a.address, box.address AS user FROM live_alias a JOIN alias_target t ON t.alias = a.address
    JOIN mailbox target ON target.address = t.target JOIN mailbox box ON box.member = target.member
    JOIN member p ON p.id = box.member AND p.disabled = 0 WHERE a.may_send = 1
  UNION ALL
  SELECT c.address, box.address AS user FROM live_circle c
    JOIN circle_member m ON m.association = c.association AND m.circle = c.slug
    JOIN mailbox box ON box.member = m.member JOIN member p ON p.id = box.member AND p.disabled = 0
    WHERE c.may_send = 1;
-- Folders below boxes/ that no mailbox has any more. erase = 1: their content is to go (README.md).
CREATE TABLE retired_box (
  folder TEXT PRIMARY KEY, address TEXT NOT NULL, association TEXT NOT NULL, member TEXT NOT NULL,
  retired_ms INTEGER NOT NULL, erase INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TRIGGER mailbox_retired AFTER DELETE ON mailbox BEGIN
  INSERT INTO retired_box(folder, address, association, member, retired_ms)
    VALUES (OLD.folder, OLD.address, OLD.association, OLD.member, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
  DELETE FROM alias_target WHERE target = OLD.address OR target GLOB
    substr(OLD.address, 1, instr(OLD.address, '@') - 1) || '+*' || substr(OLD.address, instr(OLD.address, '@'));
  DELETE FROM forward WHERE target = OLD.address OR target GLOB
    substr(OLD.address, 1, instr(OLD.address, '@') - 1) || '+*' || substr(OLD.address, instr(OLD.address, '@'));
END;
CREATE TRIGGER alias_removed AFTER DELETE ON alias BEGIN
  DELETE FROM alias_target WHERE target = OLD.address;
  DELETE FROM forward WHERE target = OLD.address;
END;
)sql"},
    // What the owner of a mailbox answers to a copy that a manager asks for (store.hpp, Forward). The copies of before
    // went out unasked: they go on, and the owner's page asks.
    Migration{3, R"sql(
ALTER TABLE forward ADD COLUMN state TEXT NOT NULL DEFAULT 'running'
  CHECK (state IN ('waiting', 'running', 'agreed', 'ended'));
)sql"},
    // Open mail sessions end with their reason. `session_to_end`: users whose sessions are not known to be ended yet; a
    // row is written with the change that is the reason. `session_end`: the number of a user's last end, written once
    // auth.db holds the change. A session that opened before its user's last end is over; hameau-milter compares the
    // numbers, so that no clock decides.
    Migration{4, R"sql(
CREATE TABLE session_to_end (user TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE session_end (sequence INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL UNIQUE) STRICT;
CREATE VIEW engine_session_end AS SELECT user, sequence FROM session_end;
CREATE VIEW engine_session_clock AS
  SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'session_end'), 0) AS sequence;
CREATE TRIGGER mailbox_ends_sessions AFTER DELETE ON mailbox BEGIN
  INSERT OR IGNORE INTO session_to_end(user) VALUES (OLD.address);
END;
CREATE TRIGGER member_ends_sessions AFTER UPDATE OF password_hash, disabled ON member
  WHEN OLD.password_hash IS NOT NEW.password_hash OR NEW.disabled > OLD.disabled BEGIN
  INSERT OR IGNORE INTO session_to_end(user) SELECT address FROM mailbox WHERE member = NEW.id;
END;
)sql"},
    // One table of addresses: a mailbox, an alias and a group cannot have the same one, whatever code asks. The triggers
    // keep it; nothing else writes kinds other than 'reserved'. An address is reserved while people commits the member
    // or group that it is for (owner: the member's id, or "ASSOCIATION/GROUP").
    // Where an older house gave an address twice, the mailbox keeps it: an alias becomes a forwarding of the mailbox,
    // a group loses the address and people is told with the group's next event.
    // alias.former: the folder of the mailbox that had this address before it was renamed; its member signs in with it.
    Migration{5, R"sql(
DROP TRIGGER alias_removed;
CREATE TABLE address (
  address TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('mailbox', 'alias', 'group', 'reserved')),
  owner TEXT NOT NULL, until_ms INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO forward(mailbox, target) SELECT t.alias, t.target FROM alias_target t
  JOIN mailbox b ON b.address = t.alias WHERE t.target <> t.alias;
DELETE FROM alias WHERE EXISTS (SELECT 1 FROM mailbox b WHERE b.address = alias.address);
UPDATE circle SET address = NULL WHERE EXISTS (SELECT 1 FROM mailbox b WHERE b.address = circle.address)
  OR EXISTS (SELECT 1 FROM alias a WHERE a.address = circle.address);
INSERT INTO address(address, kind, owner) SELECT address, 'mailbox', folder FROM mailbox;
INSERT INTO address(address, kind, owner) SELECT address, 'alias', association FROM alias;
INSERT INTO address(address, kind, owner) SELECT address, 'group', association || '/' || slug FROM circle WHERE address IS NOT NULL;
CREATE TRIGGER mailbox_has_address AFTER INSERT ON mailbox BEGIN
  INSERT INTO address(address, kind, owner) VALUES (NEW.address, 'mailbox', NEW.folder);
END;
CREATE TRIGGER mailbox_moves_address AFTER UPDATE OF address ON mailbox BEGIN
  UPDATE address SET address = NEW.address WHERE address = OLD.address;
  -- A session under the old name would own nothing any more; the program signs in again and is the new one.
  INSERT OR IGNORE INTO session_to_end(user) VALUES (OLD.address);
END;
CREATE TRIGGER mailbox_frees_address AFTER DELETE ON mailbox BEGIN
  DELETE FROM address WHERE address = OLD.address;
END;
CREATE TRIGGER alias_has_address AFTER INSERT ON alias BEGIN
  INSERT INTO address(address, kind, owner) VALUES (NEW.address, 'alias', NEW.association);
END;
CREATE TRIGGER alias_moves_address AFTER UPDATE OF address ON alias BEGIN
  UPDATE address SET address = NEW.address WHERE address = OLD.address;
END;
CREATE TRIGGER alias_removed AFTER DELETE ON alias BEGIN
  DELETE FROM address WHERE address = OLD.address;
  DELETE FROM alias_target WHERE target = OLD.address;
  DELETE FROM forward WHERE target = OLD.address;
END;
CREATE TRIGGER circle_has_address AFTER INSERT ON circle WHEN NEW.address IS NOT NULL BEGIN
  INSERT INTO address(address, kind, owner) VALUES (NEW.address, 'group', NEW.association || '/' || NEW.slug);
END;
CREATE TRIGGER circle_changes_address AFTER UPDATE OF address ON circle BEGIN
  DELETE FROM address WHERE address = OLD.address;
  INSERT INTO address(address, kind, owner)
    SELECT NEW.address, 'group', NEW.association || '/' || NEW.slug WHERE NEW.address IS NOT NULL;
END;
CREATE TRIGGER circle_frees_address AFTER DELETE ON circle WHEN OLD.address IS NOT NULL BEGIN
  DELETE FROM address WHERE address = OLD.address;
END;
ALTER TABLE alias ADD COLUMN former TEXT NOT NULL DEFAULT '';
-- Members whose addresses people does not know yet (tell_people). A row is new with each change: the number tells whether
-- it is still the one that was told.
CREATE TABLE news (member TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER mailbox_added_is_news AFTER INSERT ON mailbox BEGIN
  INSERT OR REPLACE INTO news(member, sequence) SELECT NEW.member, coalesce(max(sequence), 0) + 1 FROM news;
END;
CREATE TRIGGER mailbox_renamed_is_news AFTER UPDATE OF address ON mailbox BEGIN
  INSERT OR REPLACE INTO news(member, sequence) SELECT NEW.member, coalesce(max(sequence), 0) + 1 FROM news;
END;
CREATE TRIGGER mailbox_removed_is_news AFTER DELETE ON mailbox BEGIN
  INSERT OR REPLACE INTO news(member, sequence) SELECT OLD.member, coalesce(max(sequence), 0) + 1 FROM news;
END;
CREATE TRIGGER former_added_is_news AFTER INSERT ON alias WHEN NEW.former <> '' BEGIN
  INSERT OR REPLACE INTO news(member, sequence) SELECT b.member, (SELECT coalesce(max(sequence), 0) + 1 FROM news)
    FROM mailbox b WHERE b.folder = NEW.former;
END;
CREATE TRIGGER former_removed_is_news AFTER DELETE ON alias WHEN OLD.former <> '' BEGIN
  INSERT OR REPLACE INTO news(member, sequence) SELECT b.member, (SELECT coalesce(max(sequence), 0) + 1 FROM news)
    FROM mailbox b WHERE b.folder = OLD.former;
END;
INSERT INTO news(member, sequence) SELECT DISTINCT member, 1 FROM mailbox;
)sql"},
    // A bin for mailboxes. A row of `retired_box` with erase = 0 is a mailbox in the bin: it keeps what brings the mailbox
    // back, and its address is reserved for it (owner "bin/FOLDER"). `kept`: its forwardings, and what led to it, as JSON.
    // What lay there before has no room and no forwarding; it is in the bin from now on, so that nothing is erased unasked.
    // erase = 2: the member was removed; the messages wait for 30 days without a name. erase = 1: the folder is to go now.
    // mailbox.answered: 1 once its owner decided about a copy, or it came out of the bin: then it is not new any more.
    // mailbox.used_bytes: the last measure; a mailbox in the bin counts in the quota with it.
    // erase = 3: the folder is gone; for the rest of the 30 days the address counts as one that somebody had.
    Migration{6, R"sql(
ALTER TABLE mailbox ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE retired_box ADD COLUMN quota_bytes INTEGER NOT NULL DEFAULT 1073741824;
ALTER TABLE retired_box ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE retired_box ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE retired_box ADD COLUMN kept TEXT NOT NULL DEFAULT '{}';
CREATE INDEX retired_box_address ON retired_box(address);
INSERT OR IGNORE INTO address(address, kind, owner, until_ms) SELECT r.address, 'reserved', 'bin/' || r.folder, 9223372036854775807
  FROM retired_box r JOIN domain d ON d.name = substr(r.address, instr(r.address, '@') + 1) AND d.association = r.association
  WHERE r.erase = 0 ORDER BY r.retired_ms DESC;
UPDATE retired_box SET retired_ms = CAST(strftime('%s', 'now') AS INTEGER) * 1000, created_ms = retired_ms WHERE erase = 0;
DROP TRIGGER mailbox_retired;
DROP TRIGGER mailbox_frees_address;
CREATE TRIGGER mailbox_retired BEFORE DELETE ON mailbox BEGIN
  INSERT INTO retired_box(folder, address, association, member, retired_ms, quota_bytes, created_ms, used_bytes, kept)
    VALUES (OLD.folder, OLD.address, OLD.association, OLD.member, CAST(strftime('%s', 'now') AS INTEGER) * 1000,
      OLD.quota_bytes, OLD.created_ms, OLD.used_bytes, json_object(
      'forward', json((SELECT json_group_array(json_array(target, state)) FROM forward WHERE mailbox = OLD.address)),
      'aliases', json((SELECT json_group_array(json_array(alias, target)) FROM alias_target WHERE target = OLD.address OR target GLOB
        substr(OLD.address, 1, instr(OLD.address, '@') - 1) || '+*' || substr(OLD.address, instr(OLD.address, '@')))),
      'copies', json((SELECT json_group_array(json_array(mailbox, target, state,
        (SELECT b.folder FROM mailbox b WHERE b.address = forward.mailbox))) FROM forward WHERE target = OLD.address OR target GLOB
        substr(OLD.address, 1, instr(OLD.address, '@') - 1) || '+*' || substr(OLD.address, instr(OLD.address, '@'))))));
  DELETE FROM alias_target WHERE target = OLD.address OR target GLOB
    substr(OLD.address, 1, instr(OLD.address, '@') - 1) || '+*' || substr(OLD.address, instr(OLD.address, '@'));
  DELETE FROM forward WHERE target = OLD.address OR target GLOB
    substr(OLD.address, 1, instr(OLD.address, '@') - 1) || '+*' || substr(OLD.address, instr(OLD.address, '@'));
END;
CREATE TRIGGER mailbox_keeps_address AFTER DELETE ON mailbox BEGIN
  DELETE FROM address WHERE address = OLD.address;
  -- In a domain that is not the association's any more, it keeps no name.
  INSERT INTO address(address, kind, owner, until_ms) SELECT OLD.address, 'reserved', 'bin/' || OLD.folder, 9223372036854775807
    FROM domain d WHERE d.name = substr(OLD.address, instr(OLD.address, '@') + 1) AND d.association = OLD.association;
END;
-- Nothing brings it back any more: the address is free, and an earlier address of the mailbox has nothing to lead to.
CREATE TRIGGER box_is_erased AFTER UPDATE OF erase ON retired_box WHEN NEW.erase <> 0 BEGIN
  DELETE FROM address WHERE kind = 'reserved' AND owner = 'bin/' || NEW.folder;
  DELETE FROM alias WHERE former = NEW.folder AND NOT EXISTS (SELECT 1 FROM alias_target t WHERE t.alias = address);
END;
)sql"},
    // with_member: the mailbox went with its member and comes back with them; 0: it was removed by itself.
    Migration{7, R"sql(
ALTER TABLE retired_box ADD COLUMN with_member INTEGER NOT NULL DEFAULT 0;
CREATE INDEX retired_box_member ON retired_box(member);
)sql"},
    // association.closed: it is in the house's bin. Its domains stay ours, so that mail to them is refused as to addresses that
    // do not exist; its addresses are served no more, postmaster@ neither.
    Migration{8, R"sql(
ALTER TABLE association ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
CREATE VIEW open_domain AS SELECT d.name, d.association FROM domain d JOIN association a ON a.slug = d.association AND a.closed = 0;
CREATE VIEW engine_open_domain AS SELECT name FROM open_domain;
DROP VIEW live_mailbox;
DROP VIEW live_alias;
DROP VIEW live_circle;
DROP VIEW engine_postmaster;
CREATE VIEW live_mailbox AS
  SELECT b.address, b.association, b.member, b.created_ms FROM mailbox b
    JOIN open_domain d ON d.name = substr(b.address, instr(b.address, '@') + 1) AND d.association = b.association;
CREATE VIEW live_alias AS
  SELECT a.address, a.may_send FROM alias a
    JOIN open_domain d ON d.name = substr(a.address, instr(a.address, '@') + 1) AND d.association = a.association;
CREATE VIEW live_circle AS
  SELECT c.address, c.association, c.slug, c.may_send FROM circle c
    JOIN open_domain d ON d.name = substr(c.address, instr(c.address, '@') + 1) AND d.association = c.association
    WHERE c.address IS NOT NULL AND NOT EXISTS (SELECT 1 FROM mailbox b WHERE b.address = c.address)
      AND NOT EXISTS (SELECT 1 FROM alias a WHERE a.address = c.address);
CREATE VIEW engine_postmaster AS
  SELECT d.name AS domain, b.address AS target FROM open_domain d
    JOIN membership m ON m.association = d.association AND m.role = 'manager'
    JOIN mailbox b ON b.member = m.member;
)sql"},
    // Aliases that lead to one mailbox of their own association and to nobody else: its scripts may answer as them.
    // association.words: the id of its word list for the spam filter, of new_id(); '': none yet. An association that is made again under
    // an old slug begins with an empty list.
    Migration{9, R"sql(
ALTER TABLE association ADD COLUMN words TEXT NOT NULL DEFAULT '';
CREATE VIEW engine_own_alias AS
  SELECT a.address, b.address AS user FROM live_alias a JOIN alias x ON x.address = a.address
    JOIN alias_target t ON t.alias = a.address JOIN live_mailbox b ON b.address = t.target AND b.association = x.association
    WHERE (SELECT count(*) FROM alias_target o WHERE o.alias = a.address) = 1;
-- postmaster@ and abuse@ go to managers who can read: not to one who is switched off, nor to a mailbox that is not served.
DROP VIEW engine_postmaster;
CREATE VIEW engine_postmaster AS
  SELECT d.name AS domain, b.address AS target FROM open_domain d
    JOIN membership m ON m.association = d.association AND m.role = 'manager'
    JOIN member p ON p.id = m.member AND p.disabled = 0
    JOIN live_mailbox b ON b.member = m.member;
)sql"},
};

constexpr std::array<std::string_view, 3> internal_callers = {"gate", "admin", "people"};
constexpr std::array<std::string_view, 2> verbs = {"mail-engines", "erase-box"};

// The DKIM records that hameau-milter makes; which resolver the machine has.
constexpr std::array<std::string_view, 2> reads = {"state:milter/records", "/etc/resolv.conf"};

constexpr std::array backup = {
    BackupPart{"mail.db", Keep::database}, BackupPart{"auth/auth.db", Keep::database}, BackupPart{"boxes", Keep::maildirs}, BackupPart{"words", Keep::maildirs}, BackupPart{"dovecot", Keep::left_out},
    BackupPart{"served", Keep::left_out},
};

constexpr Manifest make_manifest() {
    Manifest manifest;
    manifest.name = "mail";
    manifest.routes = routes;
    manifest.settings = settings;
    manifest.migrations = migrations;
    manifest.internal_callers = internal_callers;
    manifest.verbs = verbs;
    // The probes of SMTP and IMAP (probe.hpp) need TCP sockets; the kernel's filter cannot hold them to the loopback.
    manifest.sandbox.outbound_network = true;
    manifest.sandbox.reads = reads;
    manifest.backup = backup;
    manifest.idle_stop = std::chrono::minutes(1);
    return manifest;
}

} // namespace

constinit const Manifest mail_manifest = make_manifest();

} // namespace hameau
