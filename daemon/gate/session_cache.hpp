// SessionCache: what people said about tokens, for at most 30 seconds, and never after a revocation. Pure.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/clock.hpp"
#include "daemon/base/result.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

/// A signed-in member, as the modules are told.
struct Session {
    std::string member;
    std::string session;
    std::string login;
    std::string name;   ///< percent-encoded
    std::string roles;  ///< "admin, amis=manager"
    bool admin = false;
};
using SessionPointer = std::shared_ptr<const Session>;

/// The response of people's /internal/session. Errors: invalid.
Result<SessionPointer> parse_session(std::string_view json);

/// SHA-256 of a token: the cache holds no token.
using TokenHash = std::array<unsigned char, 32>;
TokenHash hash_token(std::string_view token);

class SessionCache {
public:
    explicit SessionCache(const Clock& clock) : clock_(clock) {}

    /// Null: not known, ask people.
    SessionPointer find(const TokenHash& token) const;
    void keep(const TokenHash& token, SessionPointer session);
    /// "ID" of a session, or "member ID": forgets them.
    void revoke(std::string_view line);
    void clear();
    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    /// Grows with each revocation and each clear(): a response that was asked for before is not to be kept.
    std::uint64_t generation() const { return generation_; }
    /// Whether that line speaks of the session.
    static bool speaks_of(std::string_view line, const Session& session);

private:
    struct Entry {
        SessionPointer session;
        Duration until;
    };
    const Clock& clock_;
    std::map<TokenHash, Entry> entries_;
    std::uint64_t generation_ = 0;
};

} // namespace hameau::gate
