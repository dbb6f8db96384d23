// The header sections between visitor and module: what is removed, what is added. Pure.
#include <algorithm>
#include <array>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/hosts.hpp"
#include "daemon/gate/proxy.hpp"

namespace hameau::gate {

namespace {

/// RFC 9110 §7.6.1, and what the gate says itself.
constexpr std::array<std::string_view, 16> hop_fields = {
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "content-length", "host", "expect", "x-request-id", "date", "forwarded", "via"};
constexpr std::string_view device_cookie = "__Host-hameau-device";

bool is_hop(std::string_view name) {
    return std::any_of(hop_fields.begin(), hop_fields.end(), [name](std::string_view hop) { return equals(name, hop); });
}

bool begins_with(std::string_view text, std::string_view lower_case) {
    return text.size() >= lower_case.size() && equals(text.substr(0, lower_case.size()), lower_case);
}

/// Fields that Connection names go no further than this hop.
bool is_named_by_connection(const std::vector<Field>& fields, std::string_view name) {
    const std::string wanted = ascii_lower(name);
    return std::any_of(fields.begin(), fields.end(), [&wanted](const Field& field) {
        return equals(field.name, "connection") && has_token(field.value, wanted);
    });
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    return text;
}

std::string_view next_cookie(std::string_view& list) {
    const std::size_t end = std::min(list.find(';'), list.size());
    const std::string_view cookie = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    return cookie;
}

bool is_house_cookie(std::string_view cookie) {
    const std::string_view name = trimmed(cookie.substr(0, cookie.find('=')));
    return name == session_cookie || name == device_cookie;
}

std::string without_house_cookies(std::string_view list) {
    std::string kept;
    while (!list.empty()) {
        const std::string_view cookie = next_cookie(list);
        if (!cookie.empty() && !is_house_cookie(cookie)) {
            kept.append(kept.empty() ? "" : "; ").append(cookie);
        }
    }
    return kept;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

/// Whether the request has two values for the session: cookie_of() then says none.
bool is_planted(const RequestHead& head) {
    bool named = false;
    for (const Field& field : head.fields) {
        named = named || (equals(field.name, "cookie") && field.value.find(std::string(session_cookie) + "=") != std::string_view::npos);
    }
    return named && cookie_of(head, session_cookie).empty();
}

/// Names a request in the journals of gate and module; no secret, so that no system call is spent on it.
std::string fresh_request_id() {
    static const std::string process = random_base32(10);
    static std::uint64_t count = 0;  // one thread
    return process + "-" + std::to_string(++count);
}

} // namespace

std::string_view cookie_of(const RequestHead& head, std::string_view name) {
    std::string_view found;
    for (const Field& field : head.fields) {
        if (!equals(field.name, "cookie")) {
            continue;
        }
        std::string_view list = field.value;
        while (!list.empty()) {
            const std::string_view cookie = next_cookie(list);
            const std::size_t equals_at = cookie.find('=');
            if (equals_at != std::string_view::npos && cookie.substr(0, equals_at) == name) {
                const std::string_view value = cookie.substr(equals_at + 1);
                // Two values: one was planted from another host of the domain (a browser that does not know the prefix
                // __Host-, or a cookie without a name). Nobody can tell which one, so neither counts.
                if (!found.empty() && found != value) {
                    return {};
                }
                found = value;
            }
        }
    }
    return found;
}

std::string module_request(const Visit& visit, const GateRoute& route, const Session* session, bool websocket) {
    const RequestHead& head = visit.head;
    std::string out;
    out.reserve(1024);
    out.append(head.method).append(" ").append(head.path);
    if (head.has_query) {
        out.append("?").append(head.query);
    }
    out += " HTTP/1.1\r\n";
    add_line(out, "Host", head.authority);
    const bool keeps_session = route.module == "people" && !is_planted(head);
    for (const Field& field : head.fields) {
        if (is_hop(field.name) || begins_with(field.name, "hameau-") || is_named_by_connection(head.fields, field.name)) {
            continue;
        }
        if (!keeps_session && equals(field.name, "cookie")) {
            if (const std::string kept = without_house_cookies(field.value); !kept.empty()) {
                add_line(out, "Cookie", kept);
            }
            continue;
        }
        // An app password is for the gate and people; the module gets who it stands for.
        if (!route.scope.empty() && equals(field.name, "authorization")) {
            continue;
        }
        add_line(out, field.name, field.value);
    }
    if (head.chunked) {
        add_line(out, "Transfer-Encoding", "chunked");
    } else if (head.content_length) {
        add_line(out, "Content-Length", std::to_string(*head.content_length));
    }
    add_line(out, "Hameau-Caller", "gate");
    add_line(out, "Hameau-Scheme-Host", origin_of(visit.scheme, head.authority));
    add_line(out, "Hameau-Address-Prefix", visit.address.prefix());
    add_line(out, "X-Request-Id", fresh_request_id());
    if (session != nullptr) {
        add_line(out, "Hameau-Member", session->member);
        add_line(out, "Hameau-Session", session->session);
        add_line(out, "Hameau-Login", session->login);
        add_line(out, "Hameau-Name", session->name);
        add_line(out, "Hameau-Roles", session->roles);
    }
    out += websocket ? "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" : "Connection: close\r\n\r\n";
    return out;
}

std::string passed_fields(const ResponseHead& head, std::string_view module) {
    std::string out;
    for (const Field& field : head.fields) {
        if (is_hop(field.name) || begins_with(field.name, "hameau-") || is_named_by_connection(head.fields, field.name)) {
            continue;
        }
        // A session is people's to give: no other module may put one into a browser.
        if (module != "people" && equals(field.name, "set-cookie") && is_house_cookie(field.value)) {
            continue;
        }
        add_line(out, field.name, field.value);
    }
    return out;
}

} // namespace hameau::gate
