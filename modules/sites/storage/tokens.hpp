// Deploy tokens: what a program sends as `Authorization: Bearer` to publish on one site, with the rights of the member who made it.
// Only a hash is kept. A token that has ended stays on the list with its reason, and is never valid again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/database.hpp"

namespace hameau::sites {

struct Token {
    std::string id;
    std::int64_t site = 0;        ///< Site::id
    std::string name;
    std::string member;           ///< who made it: the house's id of the person
    std::string login;            ///< the same, as it was then
    std::int64_t created_ms = 0;
    std::int64_t used_ms = 0;     ///< when it last opened a call, within a minute; 0: never
    std::int64_t ended_ms = 0;    ///< 0: valid
    std::string reason;           ///< why it ended: revoked, left, recovered, removed
};

class Tokens {
public:
    explicit Tokens(Database& database) : database_(database) {}

    /// Makes one. The text to give to the program; it is nowhere else. Errors: io.
    Result<std::string> add(Token token);
    /// Valid ones first, then those that have ended, the newest first.
    std::vector<Token> of_site(std::int64_t site);
    /// Of a site that is not in a bin, valid or ended.
    std::optional<Token> by_id(const std::string& id);
    /// A valid one.
    std::optional<Token> by_text(std::string_view text);
    Status note_use(const std::string& id, std::int64_t now_ms);
    /// Does nothing to one that has ended already.
    Status end(const std::string& id, std::string_view reason, std::int64_t now_ms);
    /// With the removal of its site: what comes back from the bin has no tokens.
    Status end_all(std::int64_t site, std::string_view reason, std::int64_t now_ms);
    Status erase(const std::string& id);

private:
    Database& database_;
};

/// "hameau_" before 256 random bits: a scanner for secrets that were published by mistake finds it.
inline constexpr std::string_view token_prefix = "hameau_";

} // namespace hameau::sites
