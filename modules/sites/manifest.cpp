// What sites declares: routes, settings, tables, rights. Plain data, read by other processes too.
#include <array>

#include "daemon/contract/manifest.hpp"

namespace hameau {

extern const Manifest sites_manifest;

namespace {

constexpr std::array routes = {
    Route{"/api/v1/associations/{slug}/sites", Who::member},
    Route{"/api/v1/sites/{host}", Who::member},
    Route{"/api/v1/sites/{host}/deploys", Who::member},
    Route{"/api/v1/sites/{host}/deploys/{number}", Who::member},
    Route{"/api/v1/sites/{host}/missing", Who::member},
    Route{"/api/v1/sites/{host}/tokens", Who::member},
    Route{"/api/v1/sites/{host}/tokens/{id}", Who::member},
    Route{"/api/v1/sites/{host}/live", Who::member},
    Route{"/api/v1/sites/{host}/restore", Who::member},
    Route{"/api/v1/sites/{host}/archive", Who::member},
};

constexpr std::array settings = {
    Setting{"limits.deploy_max", SettingType::size_bytes, "1 GiB",
            "The largest version of one site, unpacked. The association's quota may be less."},
    Setting{"limits.sites_max", SettingType::integer, "50", "How many sites one association may have."},
    Setting{"keep_versions", SettingType::integer, "10", "How many versions of a site are kept beside the one shown."},
    Setting{"publishing", SettingType::choice, "member",
            "Who may publish on a site: every member of its association, or managers only.", "member|manager"},
    Setting{"plain_http", SettingType::choice, "redirect",
            "What plain HTTP does on a site's address: send the visitor to HTTPS, or serve the page.", "redirect|serve"},
};

constexpr std::array migrations = {
    Migration{1, R"sql(
CREATE TABLE site (
  host TEXT PRIMARY KEY, association TEXT NOT NULL, created_ms INTEGER NOT NULL,
  live INTEGER NOT NULL DEFAULT 0, next_number INTEGER NOT NULL DEFAULT 1,
  removed_ms INTEGER NOT NULL DEFAULT 0, certified INTEGER NOT NULL DEFAULT 0,
  certificate_asked_ms INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE INDEX site_association ON site(association, host);
CREATE TABLE deploy (
  host TEXT NOT NULL REFERENCES site(host) ON DELETE CASCADE, number INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL, by_login TEXT NOT NULL,
  files INTEGER NOT NULL, bytes INTEGER NOT NULL, pages INTEGER NOT NULL,
  home_bytes INTEGER NOT NULL, home_requests INTEGER NOT NULL, home_elements INTEGER NOT NULL,
  warnings TEXT NOT NULL, PRIMARY KEY (host, number)) STRICT, WITHOUT ROWID;
CREATE TABLE pending (work TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
)sql"},
    // A site has an identity apart from its host name: the same name may lie in the bin of one association while another
    // association shows a site there. Before, such a site erased the one in the bin.
    Migration{2, R"sql(
CREATE TABLE site_2 (
  id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, association TEXT NOT NULL, created_ms INTEGER NOT NULL,
  live INTEGER NOT NULL DEFAULT 0, next_number INTEGER NOT NULL DEFAULT 1,
  removed_ms INTEGER NOT NULL DEFAULT 0, certified INTEGER NOT NULL DEFAULT 0,
  certificate_asked_ms INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO site_2 (host, association, created_ms, live, next_number, removed_ms, certified, certificate_asked_ms)
  SELECT host, association, created_ms, live, next_number, removed_ms, certified, certificate_asked_ms FROM site;
CREATE TABLE deploy_2 (
  site INTEGER NOT NULL REFERENCES site_2(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL, by_login TEXT NOT NULL,
  files INTEGER NOT NULL, bytes INTEGER NOT NULL, pages INTEGER NOT NULL,
  home_bytes INTEGER NOT NULL, home_requests INTEGER NOT NULL, home_elements INTEGER NOT NULL,
  warnings TEXT NOT NULL, PRIMARY KEY (site, number)) STRICT, WITHOUT ROWID;
INSERT INTO deploy_2 SELECT site_2.id, deploy.number, deploy.id, deploy.created_ms, by_login, files, bytes, pages,
  home_bytes, home_requests, home_elements, warnings FROM deploy JOIN site_2 ON site_2.host = deploy.host;
DROP TABLE deploy;
DROP TABLE site;
ALTER TABLE site_2 RENAME TO site;
ALTER TABLE deploy_2 RENAME TO deploy;
CREATE UNIQUE INDEX site_shown ON site(host) WHERE removed_ms = 0;
CREATE INDEX site_removed ON site(host) WHERE removed_ms > 0;
CREATE INDEX site_association ON site(association, host);
)sql"},
    // Associations in the house's bin: their sites keep their host names and everything else, and are neither served nor shown.
    Migration{3, R"sql(
CREATE TABLE closed_association (slug TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE VIEW open_site AS SELECT * FROM site WHERE association NOT IN (SELECT slug FROM closed_association);
)sql"},
    // Deploy tokens (storage/tokens.hpp). ended_ms 0: valid.
    Migration{4, R"sql(
CREATE TABLE token (
  id TEXT PRIMARY KEY, site INTEGER NOT NULL REFERENCES site(id) ON DELETE CASCADE, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
  member TEXT NOT NULL, login TEXT NOT NULL, created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
CREATE INDEX token_site ON token(site);
)sql"},
};

constexpr std::array<std::string_view, 3> internal_callers = {"gate", "admin", "people"};
constexpr std::array<std::string_view, 2> verbs = {"certificate", "serve-hosts"};

constexpr std::array backup = {
    BackupPart{"sites.db", Keep::database}, BackupPart{"blobs", Keep::unchanging}, BackupPart{"deploys", Keep::unchanging}, BackupPart{"staging", Keep::left_out},
};

constexpr Manifest make_manifest() {
    Manifest manifest;
    manifest.name = "sites";
    manifest.routes = routes;
    manifest.settings = settings;
    manifest.migrations = migrations;
    manifest.internal_callers = internal_callers;
    manifest.verbs = verbs;
    manifest.sandbox.may_fork = true;
    manifest.sandbox.threads = true;
    manifest.backup = backup;
    manifest.idle_stop = std::chrono::minutes(1);
    return manifest;
}

} // namespace

constinit const Manifest sites_manifest = make_manifest();

} // namespace hameau
