// The tables of auth.db: who may sign in to IMAP and submission. Written by hameau-mail alone; read by Dovecot's
// auth worker alone (mode 0640, its group). The names and columns are a contract with provisioning/.
#pragma once

#include <array>

#include "daemon/contract/manifest.hpp"

namespace hameau::mail {

/// `account.user` is what Dovecot calls the user: the mailbox's address, in lower case.
/// `account.password`: "{ARGON2ID}$argon2id$...", NULL before an invitation is taken up.
/// `account.forward_script`: absolute path of a Sieve script that runs before the member's own, or "".
/// `account.shared_full`: 1 when `quota_bytes` is what the association leaves, less than the mailbox's own quota. What does not
/// fit then is refused for now (452): others may make room, and the owner's own mailbox is not full.
/// `account.own_quota_bytes`: of the mailbox itself, whatever the association leaves: how many messages it may hold hangs on it.
/// `sign_in_name.name`: a mailbox's address, or the member's login (then `user` is the member's first mailbox).
/// An app password is "ap-SELECTOR-SECRET": 8 characters of [a-z2-7], then 26 of them (130 bits).
/// `app_password.hash`: "{SHA256.HEX}" + SHA-256 of the whole text in lower-case hexadecimal.
/// `app_password.scopes`: words with spaces around each, " imap submission ".
inline constexpr std::array auth_migrations = {
    Migration{1, R"sql(
CREATE TABLE account (
  user TEXT PRIMARY KEY, member TEXT NOT NULL, password TEXT, folder TEXT NOT NULL, quota_bytes INTEGER NOT NULL,
  enabled INTEGER NOT NULL, forward_script TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
CREATE INDEX account_member ON account(member);
CREATE TABLE sign_in_name (
  name TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES account(user) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_name_user ON sign_in_name(user);
CREATE TABLE app_password (
  selector TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, member TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL,
  scopes TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX app_password_member ON app_password(member, created_ms);
)sql"},
    Migration{2, "ALTER TABLE account ADD COLUMN shared_full INTEGER NOT NULL DEFAULT 0;"
                 "ALTER TABLE account ADD COLUMN own_quota_bytes INTEGER NOT NULL DEFAULT 0;"},
};

} // namespace hameau::mail
