// SQL of the deploy tokens. The hash is BLAKE2b: a token is 256 random bits, so nothing slower is needed.
#include "modules/sites/storage/tokens.hpp"

#include <sodium/crypto_generichash.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/deploy_format.hpp"
#include "modules/sites/limits.hpp"

namespace hameau::sites {

namespace {

#define TOKEN_COLUMNS "token.id, site, name, member, login, token.created_ms, used_ms, ended_ms, reason"

std::string hash_of(std::string_view text) {
    Hash hash{};
    crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
    return to_hex(hash);
}

Token token_of(const Statement& row) {
    return Token{row.text(0), row.number(1), row.text(2), row.text(3), row.text(4), row.number(5), row.number(6), row.number(7), row.text(8)};
}

} // namespace

Result<std::string> Tokens::add(Token token) {
    std::string text = std::string(token_prefix) + random_base32(32);
    auto done = database_.transaction([&]() -> Status {
        auto insert = database_.prepare("INSERT INTO token (id, site, name, hash, member, login, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        insert.bind(1, token.id).bind(2, token.site).bind(3, token.name).bind(4, hash_of(text));
        insert.bind(5, token.member).bind(6, token.login).bind(7, token.created_ms);
        if (auto added = insert.run(); !added) {
            return added;
        }
        // The list of those that have ended is for people to read: the oldest leave it.
        auto forget = database_.prepare("DELETE FROM token WHERE id IN (SELECT id FROM token WHERE site = ?1 AND ended_ms > 0 "
                                        "ORDER BY ended_ms DESC LIMIT -1 OFFSET ?2)");
        return forget.bind(1, token.site).bind(2, static_cast<std::int64_t>(tokens_max)).run();
    });
    if (!done) {
        return fail(std::move(done.error()));
    }
    return text;
}

std::vector<Token> Tokens::of_site(std::int64_t site) {
    auto query = database_.prepare("SELECT " TOKEN_COLUMNS " FROM token WHERE site = ?1 ORDER BY ended_ms > 0, created_ms DESC, id");
    query.bind(1, site);
    std::vector<Token> tokens;
    while (query.step().value_or(false)) {
        tokens.push_back(token_of(query));
    }
    return tokens;
}

std::optional<Token> Tokens::by_id(const std::string& id) {
    auto query = database_.prepare("SELECT " TOKEN_COLUMNS " FROM token JOIN site ON site.id = token.site WHERE token.id = ?1 AND removed_ms = 0");
    query.bind(1, id);
    return query.step().value_or(false) ? std::optional(token_of(query)) : std::nullopt;
}

std::optional<Token> Tokens::by_text(std::string_view text) {
    auto query = database_.prepare("SELECT " TOKEN_COLUMNS " FROM token JOIN site ON site.id = token.site "
                                   "WHERE hash = ?1 AND ended_ms = 0 AND removed_ms = 0");
    query.bind(1, hash_of(text));
    return query.step().value_or(false) ? std::optional(token_of(query)) : std::nullopt;
}

Status Tokens::note_use(const std::string& id, std::int64_t now_ms) {
    auto change = database_.prepare("UPDATE token SET used_ms = ?2 WHERE id = ?1 AND abs(?2 - used_ms) >= ?3");
    return change.bind(1, id).bind(2, now_ms).bind(3, token_use_ms).run();
}

Status Tokens::end(const std::string& id, std::string_view reason, std::int64_t now_ms) {
    auto change = database_.prepare("UPDATE token SET ended_ms = ?3, reason = ?2 WHERE id = ?1 AND ended_ms = 0");
    return change.bind(1, id).bind(2, std::string(reason)).bind(3, now_ms).run();
}

Status Tokens::end_all(std::int64_t site, std::string_view reason, std::int64_t now_ms) {
    auto change = database_.prepare("UPDATE token SET ended_ms = ?3, reason = ?2 WHERE site = ?1 AND ended_ms = 0");
    return change.bind(1, site).bind(2, std::string(reason)).bind(3, now_ms).run();
}

Status Tokens::erase(const std::string& id) { return database_.prepare("DELETE FROM token WHERE id = ?1").bind(1, id).run(); }

} // namespace hameau::sites
