// Reading people's response; keeping and forgetting.
#include "daemon/gate/session_cache.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <openssl/sha.h>

#include "daemon/base/text.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace json = boost::json;

namespace {

/// A word that may stand in a header: no control character, no comma.
bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= session_text_bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f && c != ',' && c != '=';
           });
}

std::string_view text_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

} // namespace

TokenHash hash_token(std::string_view token) {
    TokenHash hash{};
    ::SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
    return hash;
}

Result<SessionPointer> parse_session(std::string_view text) {
    boost::system::error_code failed;
    const json::value parsed = json::parse(text, failed);
    const json::object* object = failed ? nullptr : parsed.if_object();
    if (object == nullptr) {
        return fail(ErrorKind::invalid, "people's answer about a session is no object");
    }
    auto session = std::make_shared<Session>();
    session->member = text_of(*object, "member");
    session->session = text_of(*object, "session");
    session->login = text_of(*object, "login");
    session->name = percent_encode(text_of(*object, "name"), is_unreserved);
    const json::value* admin = object->if_contains("admin");
    session->admin = admin != nullptr && admin->is_bool() && admin->get_bool();
    if (!is_word(session->member) || !is_word(session->session) || !is_word(session->login)) {
        return fail(ErrorKind::invalid, "people's answer about a session is not complete");
    }
    session->roles = session->admin ? "admin" : "";
    const json::value* list = object->if_contains("associations");
    if (list != nullptr && list->is_array()) {
        for (const json::value& item : list->get_array()) {
            const json::object* entry = item.if_object();
            if (entry == nullptr || !is_word(text_of(*entry, "slug")) || !is_word(text_of(*entry, "role"))) {
                return fail(ErrorKind::invalid, "people's answer about a session has an association without a name");
            }
            session->roles.append(session->roles.empty() ? "" : ", ").append(text_of(*entry, "slug"));
            session->roles.append("=").append(text_of(*entry, "role"));
        }
    }
    return SessionPointer(std::move(session));
}

SessionPointer SessionCache::find(const TokenHash& token) const {
    const auto found = entries_.find(token);
    return found != entries_.end() && clock_.now() < found->second.until ? found->second.session : nullptr;
}

void SessionCache::keep(const TokenHash& token, SessionPointer session) {
    if (entries_.size() >= sessions_kept_max) {
        const Duration now = clock_.now();
        std::erase_if(entries_, [now](const auto& entry) { return entry.second.until <= now; });
        if (entries_.size() >= sessions_kept_max) {
            return;  // asked for again each time: slower, and right
        }
    }
    entries_.insert_or_assign(token, Entry{std::move(session), clock_.now() + session_kept});
}

bool SessionCache::speaks_of(std::string_view line, const Session& session) {
    constexpr std::string_view member = "member ";
    return line.starts_with(member) ? line.substr(member.size()) == session.member : line == session.session;
}

void SessionCache::revoke(std::string_view line) {
    ++generation_;
    std::erase_if(entries_, [line](const auto& entry) { return speaks_of(line, *entry.second.session); });
}

void SessionCache::clear() {
    ++generation_;
    entries_.clear();
}

} // namespace hameau::gate
