// Sessions: who a token belongs to. Asks people, keeps the response while people's stream of revocations is open, and
// closes the WebSockets of a session that was revoked.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "daemon/base/journal.hpp"
#include "daemon/gate/module_sockets.hpp"
#include "daemon/gate/session_cache.hpp"

namespace hameau::gate {

class Sessions {
public:
    Sessions(ModuleSockets& modules, const Clock& clock, const Journal& journal) :
        modules_(modules), cache_(clock), journal_(journal) {}

    struct Answer {
        SessionPointer session;        ///< null: the token is nobody's
        std::uint64_t generation = 0;  ///< of the cache when people answered
    };
    /// Errors: unavailable when people does not answer.
    Task<Result<Answer>> resolve(std::string token);

    /// What a program sends instead of a cookie (RFC 7617, RFC 6750).
    struct AppKey {
        std::string login;
        std::string password;
        std::string scope;           ///< of the route
        std::string address_prefix;  ///< people bounds guesses by it
        std::string token = {};      ///< of RFC 6750, in the place of login and password
    };
    struct AppAnswer {
        SessionPointer session;  ///< null: wrong, revoked, or too many attempts
        long wait_seconds = 0;   ///< above 0: too many attempts
    };
    /// Never cached: a revoked app password is over at once. Errors: unavailable.
    Task<Result<AppAnswer>> open_with(AppKey key);

    /// A WebSocket of a signed-in member: ended when the session is revoked. Leaves with the handle.
    class OpenSocket {
    public:
        OpenSocket(Sessions& sessions, SessionPointer session, std::string token, Channel& visitor);
        ~OpenSocket();
        OpenSocket(const OpenSocket&) = delete;
        OpenSocket& operator=(const OpenSocket&) = delete;

    private:
        friend class Sessions;
        Sessions& sessions_;
        SessionPointer session_;
        std::string token_;
        Channel& visitor_;
        std::list<OpenSocket*>::iterator at_;
    };
    /// Whether a revocation came since that response: then it is to be asked for again.
    bool is_stale(const Answer& answer) const { return answer.generation != cache_.generation(); }

private:
    Result<SessionPointer> understand(int status, std::string_view body);
    Task<Result<std::unique_ptr<Channel>>> open_stream();
    Task<void> follow(std::unique_ptr<Channel> stream);
    /// False at the end of the stream.
    Task<bool> follow_once(std::unique_ptr<Channel>& stream, std::string& line, class ChunkDecoder& decoder);
    void take(std::string_view data, std::string& line, class ChunkDecoder& decoder);
    Task<void> renew_or_forget();
    void revoke(std::string_view line);

    ModuleSockets& modules_;
    SessionCache cache_;
    const Journal& journal_;
    std::list<OpenSocket*> sockets_;
    Channel* stream_ = nullptr;  ///< the open stream, owned by follow()
    bool opening_ = false;
};

} // namespace hameau::gate
