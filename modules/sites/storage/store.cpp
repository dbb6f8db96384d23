// SQL of the sites module. A read that fails (a broken disk) shows as nothing found; writes tell.
#include "modules/sites/storage/store.hpp"

#include "modules/sites/limits.hpp"
#include "modules/sites/policy.hpp"
#include "modules/sites/storage/tokens.hpp"

namespace hameau::sites {

namespace {

Site site_of(const Statement& row) {
    return Site{row.number(0), row.text(1),   row.text(2),   row.number(3),     row.number(4),
                row.number(5), row.number(6), row.number(7) > 0, row.number(8)};
}

Deploy deploy_of(const Statement& row) {
    return Deploy{row.number(0), row.number(1), row.text(2),   row.number(3), row.text(4),    row.number(5),
                  row.number(6), row.number(7), row.number(8), row.number(9), row.number(10), row.text(11)};
}

Result<std::vector<std::string>> read_texts(Statement& query) {
    std::vector<std::string> ids;
    auto more = query.step();
    for (; more && *more; more = query.step()) {
        ids.push_back(query.text(0));
    }
    if (!more) {
        return fail(std::move(more.error()));
    }
    return ids;
}

#define SITE_COLUMNS "id, host, association, created_ms, live, next_number, removed_ms, certified, certificate_asked_ms"
#define DEPLOY_COLUMNS \
    "site, number, id, created_ms, by_login, files, bytes, pages, home_bytes, home_requests, home_elements, warnings"

} // namespace

std::optional<Site> Store::site(const std::string& host) {
    auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM open_site WHERE host = ?1 AND removed_ms = 0");
    query.bind(1, host);
    return query.step().value_or(false) ? std::optional(site_of(query)) : std::nullopt;
}

std::optional<Site> Store::site_by_id(std::int64_t id) {
    auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM open_site WHERE id = ?1 AND removed_ms = 0");
    query.bind(1, id);
    return query.step().value_or(false) ? std::optional(site_of(query)) : std::nullopt;
}

bool Store::is_host_taken(const std::string& host) {
    auto query = database_.prepare("SELECT 1 FROM site WHERE host = ?1 AND removed_ms = 0");
    query.bind(1, host);
    return query.step().value_or(true);
}

Status Store::set_closed(const std::string& association, bool closed) {
    auto change = database_.prepare(closed ? "INSERT OR IGNORE INTO closed_association (slug) VALUES (?1)"
                                           : "DELETE FROM closed_association WHERE slug = ?1");
    return change.bind(1, association).run();
}

bool Store::is_closed(const std::string& association) const {
    auto query = database_.prepare("SELECT 1 FROM closed_association WHERE slug = ?1");
    query.bind(1, association);
    return query.step().value_or(false);
}

Result<std::vector<std::string>> Store::hosts_of(const std::string& association) {
    auto query = database_.prepare("SELECT host FROM site WHERE association = ?1 AND removed_ms = 0 ORDER BY host");
    query.bind(1, association);
    return read_texts(query);
}

std::vector<Site> Store::removed_sites(const std::string& host) {
    auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM open_site WHERE host = ?1 AND removed_ms > 0 "
                                   "ORDER BY removed_ms DESC, id DESC");
    query.bind(1, host);
    std::vector<Site> found;
    while (query.step().value_or(false)) {
        found.push_back(site_of(query));
    }
    return found;
}

Result<std::vector<Site>> Store::sites_below(const std::string& domain) {
    auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM site "
                                   "WHERE host = ?1 OR substr(host, -length(?1) - 1) = '.' || ?1 ORDER BY host, id");
    query.bind(1, domain);
    std::vector<Site> found;
    for (;;) {
        const auto more = query.step();
        if (!more) {
            return fail(more.error());
        }
        if (!*more) {
            return found;
        }
        found.push_back(site_of(query));
    }
}

std::vector<Site> Store::bin(const std::string& association, std::int64_t after, std::size_t count) {
    auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM open_site "
                                   "WHERE association = ?1 AND id > ?2 AND removed_ms > 0 ORDER BY id LIMIT ?3");
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(count));
    std::vector<Site> found;
    while (query.step().value_or(false)) {
        found.push_back(site_of(query));
    }
    return found;
}

std::vector<Site> Store::sites(const std::string& association, const std::string& after, std::size_t count) {
    auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM open_site "
                                   "WHERE association = ?1 AND host > ?2 AND removed_ms = 0 ORDER BY host LIMIT ?3");
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(count));
    std::vector<Site> found;
    while (query.step().value_or(false)) {
        found.push_back(site_of(query));
    }
    return found;
}

std::size_t Store::count_sites(const std::string& association) {
    auto query = database_.prepare("SELECT count(*) FROM site WHERE association = ?1 AND removed_ms = 0");
    query.bind(1, association);
    return query.step().value_or(false) ? static_cast<std::size_t>(query.number(0)) : 0;
}

Status Store::add_site(const std::string& host, const std::string& association, std::int64_t now_ms) {
    auto query = database_.prepare("INSERT INTO site (host, association, created_ms) VALUES (?1, ?2, ?3)");
    return query.bind(1, host).bind(2, association).bind(3, now_ms).run();
}

Status Store::remove_site(std::int64_t id, std::int64_t now_ms) {
    return database_.transaction([&]() -> Status {
        if (auto ended = Tokens(database_).end_all(id, "removed", now_ms); !ended) {
            return ended;
        }
        return database_.prepare("UPDATE site SET removed_ms = ?2 WHERE id = ?1").bind(1, id).bind(2, now_ms).run();
    });
}

Status Store::restore_site(std::int64_t id) {
    return database_.prepare("UPDATE site SET removed_ms = 0 WHERE id = ?1").bind(1, id).run();
}

Status Store::erase_site(std::int64_t id) {
    return database_.transaction([&]() -> Status {
        if (auto erased = database_.prepare("DELETE FROM site WHERE id = ?1").bind(1, id).run(); !erased) {
            return erased;
        }
        return set_pending("sweep");
    });
}

Status Store::note_certificate(const std::string& host, bool certified, std::int64_t now_ms) {
    auto update = database_.prepare("UPDATE site SET certified = ?2, certificate_asked_ms = ?3 "
                                    "WHERE host = ?1 AND removed_ms = 0");
    return update.bind(1, host).bind(2, certified).bind(3, now_ms).run();
}

namespace {

std::vector<std::string> hosts_in(Statement& query) {
    std::vector<std::string> hosts;
    while (query.step().value_or(false)) {
        hosts.push_back(query.text(0));
    }
    return hosts;
}

} // namespace

std::vector<std::string> Store::uncertified() {
    auto query = database_.prepare("SELECT host FROM open_site WHERE certified = 0 AND removed_ms = 0 "
                                   "ORDER BY certificate_asked_ms, host LIMIT 20");
    return hosts_in(query);
}

std::vector<std::string> Store::hosts_to_ask(std::int64_t without_before_ms, std::int64_t with_before_ms) {
    auto query = database_.prepare("SELECT host FROM open_site WHERE removed_ms = 0 "
                                   "AND certificate_asked_ms < CASE certified WHEN 0 THEN ?1 ELSE ?2 END "
                                   "ORDER BY certified, certificate_asked_ms, host LIMIT 20");
    query.bind(1, without_before_ms).bind(2, with_before_ms);
    return hosts_in(query);
}

std::size_t Store::count_uncertified() {
    auto query = database_.prepare("SELECT count(*) FROM open_site WHERE certified = 0 AND removed_ms = 0");
    return query.step().value_or(false) ? static_cast<std::size_t>(query.number(0)) : 0;
}

Status Store::erase_association(const std::string& association) {
    return database_.transaction([&]() -> Status {
        auto erase = database_.prepare("DELETE FROM site WHERE association = ?1");
        auto forget = database_.prepare("DELETE FROM closed_association WHERE slug = ?1");
        auto erased = erase.bind(1, association).run();
        erased = erased ? forget.bind(1, association).run() : erased;
        return erased ? set_pending("sweep") : erased;
    });
}

Status Store::erase_removed_before(std::int64_t ms) {
    auto erase = database_.prepare("DELETE FROM site WHERE removed_ms > 0 AND removed_ms < ?1");
    if (auto erased = erase.bind(1, ms).run(); !erased) {
        return erased;
    }
    return database_.changes() > 0 ? set_pending("sweep") : Status{};
}

std::optional<Deploy> Store::deploy(std::int64_t site, std::int64_t number) {
    auto query = database_.prepare("SELECT " DEPLOY_COLUMNS " FROM deploy WHERE site = ?1 AND number = ?2");
    query.bind(1, site).bind(2, number);
    return query.step().value_or(false) ? std::optional(deploy_of(query)) : std::nullopt;
}

std::vector<Deploy> Store::deploys(std::int64_t site, std::int64_t before, std::size_t count) {
    auto query = database_.prepare("SELECT " DEPLOY_COLUMNS
                                   " FROM deploy WHERE site = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3");
    query.bind(1, site).bind(2, before > 0 ? before : INT64_MAX).bind(3, static_cast<std::int64_t>(count));
    std::vector<Deploy> found;
    while (query.step().value_or(false)) {
        found.push_back(deploy_of(query));
    }
    return found;
}

Result<std::int64_t> Store::publish(Deploy deploy, std::size_t keep) {
    std::int64_t number = 0;
    auto done = database_.transaction([&]() -> Status {
        auto query = database_.prepare("SELECT " SITE_COLUMNS " FROM open_site WHERE id = ?1 AND removed_ms = 0");
        query.bind(1, deploy.site);
        if (!query.step().value_or(false)) {
            return fail(ErrorKind::not_found, "the site was removed meanwhile");
        }
        const Site site = site_of(query);
        number = site.next_number;
        auto insert = database_.prepare("INSERT INTO deploy (" DEPLOY_COLUMNS
                                        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
        insert.bind(1, deploy.site).bind(2, number).bind(3, deploy.id).bind(4, deploy.created_ms).bind(5, deploy.by);
        insert.bind(6, deploy.files).bind(7, deploy.bytes).bind(8, deploy.pages).bind(9, deploy.home_bytes);
        insert.bind(10, deploy.home_requests).bind(11, deploy.home_elements).bind(12, deploy.warnings);
        if (auto added = insert.run(); !added) {
            return added;
        }
        auto update = database_.prepare("UPDATE site SET live = ?2, next_number = ?2 + 1 WHERE id = ?1");
        if (auto shown = update.bind(1, deploy.site).bind(2, number).run(); !shown) {
            return shown;
        }
        std::vector<std::int64_t> numbers;
        for (const Deploy& kept : deploys(deploy.site, 0, versions_max)) {
            numbers.push_back(kept.number);
        }
        for (const std::int64_t drop : versions_to_drop(std::move(numbers), number, site.live, keep)) {
            auto erase = database_.prepare("DELETE FROM deploy WHERE site = ?1 AND number = ?2");
            if (auto erased = erase.bind(1, deploy.site).bind(2, drop).run(); !erased) {
                return erased;
            }
            if (auto noted = set_pending("sweep"); !noted) {
                return noted;
            }
        }
        return {};
    });
    if (!done) {
        return fail(std::move(done.error()));
    }
    return number;
}

Status Store::show(std::int64_t site, std::int64_t number) {
    return database_.prepare("UPDATE site SET live = ?2 WHERE id = ?1").bind(1, site).bind(2, number).run();
}

Result<HostsMap> Store::hosts() {
    auto query = database_.prepare("SELECT site.host, deploy.id FROM open_site site LEFT JOIN deploy ON "
                                   "deploy.site = site.id AND deploy.number = site.live "
                                   "WHERE site.removed_ms = 0 ORDER BY site.host");
    std::vector<HostLine> lines;
    auto more = query.step();
    for (; more && *more; more = query.step()) {
        lines.push_back(HostLine{query.text(0), query.is_null(1) ? "" : manifest_path(query.text(1)), ""});
    }
    if (!more) {
        return fail(std::move(more.error()));
    }
    return HostsMap::of(std::move(lines));
}

Result<std::vector<std::string>> Store::kept_ids() {
    auto query = database_.prepare("SELECT id FROM deploy");
    return read_texts(query);
}

Result<std::vector<std::string>> Store::kept_ids(const std::string& association) {
    auto query = database_.prepare("SELECT deploy.id FROM site JOIN deploy ON deploy.site = site.id WHERE site.association = ?1");
    query.bind(1, association);
    return read_texts(query);
}

Result<std::vector<std::string>> Store::associations() {
    auto query = database_.prepare("SELECT DISTINCT association FROM site");
    return read_texts(query);
}

bool Store::is_pending(const std::string& work) {
    auto query = database_.prepare("SELECT 1 FROM pending WHERE work = ?1");
    query.bind(1, work);
    return query.step().value_or(false);
}

Status Store::set_pending(const std::string& work) {
    return database_.prepare("INSERT OR IGNORE INTO pending (work) VALUES (?1)").bind(1, work).run();
}

Status Store::clear_pending(const std::string& work) {
    return database_.prepare("DELETE FROM pending WHERE work = ?1").bind(1, work).run();
}

} // namespace hameau::sites
