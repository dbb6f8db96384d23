// What a request says; every refusal names the rule of RFC 9112 or RFC 9110 that it comes from.
#include "daemon/gate/request_head.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/base/text.hpp"
#include "daemon/gate/head_parser.hpp"

namespace hameau::gate {

namespace {

/// tchar (RFC 9110 §5.6.2).
bool is_token_char(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
        return true;
    }
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

/// field-vchar, space and tab (RFC 9110 §5.5); bytes above 0x7f pass, as obs-text.
bool is_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

tl::unexpected<HeadProblem> refuse(int status, std::string_view reason) { return tl::unexpected(HeadProblem{status, reason}); }

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool digits = !text.empty() && text.front() >= '0' && text.front() <= '9';
    if (!digits || code != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

std::string_view field_of(const std::vector<Field>& fields, std::string_view name) {
    for (const Field& field : fields) {
        if (equals(field.name, name)) {
            return field.value;
        }
    }
    return {};
}

/// Fills `fields` from the lines after the status line of a module's response.
std::optional<HeadProblem> read_fields(std::string_view rest, std::vector<Field>& fields) {
    while (!rest.empty()) {
        const std::size_t end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
        if (line.empty()) {
            break;
        }
        if (line.front() == ' ' || line.front() == '\t') {
            return HeadProblem{400, "folded field"};  // RFC 9112 §5.2
        }
        const std::size_t colon = line.find(':');
        // RFC 9112 §5.1: no space between the name and the colon.
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
            return HeadProblem{400, "field name"};
        }
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (!is_value(value)) {
            return HeadProblem{400, "field value"};
        }
        if (fields.size() >= fields_max) {
            return HeadProblem{431, "too many fields"};
        }
        fields.push_back({line.substr(0, colon), value});
    }
    return std::nullopt;
}

/// RFC 9112 §6.3: the length of the body has one meaning, or the message is refused.
std::optional<HeadProblem> read_framing(RequestHead& head) {
    int lengths = 0;
    int encodings = 0;
    for (const Field& field : head.fields) {
        if (equals(field.name, "content-length")) {
            ++lengths;
            head.content_length = number_of(field.value);
            if (!head.content_length) {
                return HeadProblem{400, "content length"};
            }
        } else if (equals(field.name, "transfer-encoding")) {
            ++encodings;
            if (!equals(field.value, "chunked")) {
                return HeadProblem{501, "transfer encoding"};
            }
            head.chunked = true;
        }
    }
    if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0) || (encodings > 0 && head.minor == 0)) {
        return HeadProblem{400, "two lengths"};
    }
    return std::nullopt;
}

std::optional<HeadProblem> read_host(RequestHead& head, std::string_view absolute) {
    int hosts = 0;
    std::string_view value;
    for (const Field& field : head.fields) {
        if (equals(field.name, "host")) {
            ++hosts;
            value = field.value;
        }
    }
    if (hosts > 1 || (hosts == 0 && head.minor == 1)) {
        return HeadProblem{400, "host"};  // RFC 9112 §3.2
    }
    if (!absolute.empty()) {
        value = absolute;  // RFC 9112 §3.2.2: the absolute form wins
    }
    head.authority = ascii_lower(value);
    if (value.empty() && hosts == 0) {
        return std::nullopt;  // HTTP/1.0 without one: no site has that name
    }
    const auto host = host_of_authority(head.authority);
    if (!host) {
        return HeadProblem{400, "host"};
    }
    head.host = *host;
    return std::nullopt;
}

void read_connection(RequestHead& head) {
    bool upgrade = false;
    head.keep_alive = head.minor == 1;
    for (const Field& field : head.fields) {
        if (equals(field.name, "connection")) {
            if (has_token(field.value, "close")) {
                head.keep_alive = false;
            } else if (has_token(field.value, "keep-alive")) {
                head.keep_alive = true;
            }
            upgrade = upgrade || has_token(field.value, "upgrade");
        }
    }
    head.websocket = upgrade && head.minor == 1 && has_token(head.field("upgrade"), "websocket");
    head.expects_continue = head.minor == 1 && equals(head.field("expect"), "100-continue");
}

std::optional<HeadProblem> check_target(std::string_view target) {
    if (target.size() > target_bytes_max) {
        return HeadProblem{414, "target"};
    }
    const bool clean = std::all_of(target.begin(), target.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte != 0x7f && byte != '#';
    });
    if (target.empty() || !clean) {
        return HeadProblem{400, "target"};
    }
    return std::nullopt;
}

/// Target forms of RFC 9112 §3.2: origin, absolute, and "*" for OPTIONS.
std::optional<HeadProblem> read_target(RequestHead& head, std::string_view target, std::string_view& absolute) {
    if (const auto problem = check_target(target)) {
        return problem;
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (target.size() > scheme.size() && equals(target.substr(0, scheme.size()), scheme)) {
            target.remove_prefix(scheme.size());
            const std::size_t end = std::min(target.find_first_of("/?"), target.size());
            absolute = target.substr(0, end);
            target.remove_prefix(end);
            if (absolute.empty() || absolute.find('@') != std::string_view::npos) {
                return HeadProblem{400, "target"};
            }
            break;
        }
    }
    if (!absolute.empty() && (target.empty() || target.front() == '?')) {
        head.path = "/";
        head.has_query = !target.empty();
        head.query = target.empty() ? target : target.substr(1);
        return std::nullopt;
    }
    return read_origin_form(head, target);
}

} // namespace

std::string_view RequestHead::field(std::string_view name) const { return field_of(fields, name); }
std::string_view ResponseHead::field(std::string_view name) const { return field_of(fields, name); }

std::optional<std::size_t> HeadEnd::find(std::string_view bytes) {
    // A section with bare line feeds is complete too: it is to be refused now, not when time is up.
    while (at_ < bytes.size()) {
        const std::size_t at = std::min(bytes.find('\n', at_), bytes.size());
        scanned_bytes_ += std::min(at + 1, bytes.size()) - at_;
        at_ = at;
        const std::string_view next = bytes.substr(std::min(at + 1, bytes.size()), 2);
        if (at == bytes.size()) {
            break;
        }
        if (next.starts_with('\n')) {
            return at + 2;
        }
        if (next == "\r\n") {
            return at + 3;
        }
        if (next.size() < 2) {
            break;  // what follows this line feed decides
        }
        at_ = at + 1;
    }
    return std::nullopt;
}

std::optional<std::size_t> find_head_end(std::string_view bytes) { return HeadEnd().find(bytes); }

tl::expected<RequestHead, HeadProblem> parse_request_head(std::string_view text) {
    HeadParser parser;
    switch (parser.scan(text)) {
    case HeadParser::State::complete: return parser.finish(text);
    case HeadParser::State::refused: return tl::unexpected(parser.problem());
    case HeadParser::State::more: break;
    }
    return refuse(400, "no end");
}

std::optional<HeadProblem> read_request_line(RequestHead& head, std::string_view line, std::string_view& absolute) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last == first) {
        return HeadProblem{400, "request line"};
    }
    head.method = line.substr(0, first);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(head.method) || head.method.size() > 32) {
        return HeadProblem{400, "method"};
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        const bool http = version.size() == 8 && version.substr(0, 5) == "HTTP/" && version[6] == '.';
        return HeadProblem{http ? 505 : 400, "version"};
    }
    head.minor = version.back() - '0';
    return read_target(head, line.substr(first + 1, last - first - 1), absolute);
}

std::optional<HeadProblem> read_origin_form(RequestHead& head, std::string_view target) {
    if (!is_token(head.method)) {
        return HeadProblem{400, "method"};  // it becomes a part of the module's request line
    }
    if (const auto problem = check_target(target)) {
        return problem;
    }
    if (target == "*" && head.method == "OPTIONS") {
        head.path = target;
        return std::nullopt;
    }
    if (target.front() != '/') {
        return HeadProblem{400, "target"};
    }
    const std::size_t question = target.find('?');
    head.path = target.substr(0, question);
    head.has_query = question != std::string_view::npos;
    head.query = head.has_query ? target.substr(question + 1) : std::string_view();
    return std::nullopt;
}

std::optional<HeadProblem> judge(RequestHead& head, std::string_view absolute) {
    if (const auto problem = read_framing(head)) {
        return problem;
    }
    if (const auto problem = read_host(head, absolute)) {
        return problem;
    }
    read_connection(head);
    return std::nullopt;
}

tl::expected<ResponseHead, HeadProblem> parse_response_head(std::string_view text) {
    ResponseHead head;
    const std::size_t line_end = text.find("\r\n");
    const std::string_view line = text.substr(0, line_end);
    if (line_end == std::string_view::npos || line.size() < 12 || line.substr(0, 7) != "HTTP/1." || line[8] != ' ') {
        return refuse(502, "status line");
    }
    const auto status = number_of(line.substr(9, 3));
    if (!status || *status < 100 || *status > 599) {
        return refuse(502, "status line");
    }
    head.status = static_cast<int>(*status);
    if (read_fields(text.substr(line_end + 2), head.fields)) {
        return refuse(502, "field");
    }
    for (const Field& field : head.fields) {
        if (equals(field.name, "content-length")) {
            const auto length = number_of(field.value);
            if (!length || (head.content_length && *head.content_length != *length)) {
                return refuse(502, "content length");
            }
            head.content_length = length;
        } else if (equals(field.name, "transfer-encoding")) {
            head.chunked = equals(field.value, "chunked");
            if (!head.chunked) {
                return refuse(502, "transfer encoding");
            }
        }
    }
    if (head.chunked) {
        head.content_length.reset();
    }
    return head;
}

bool equals(std::string_view text, std::string_view lower_case) {
    return text.size() == lower_case.size() && std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
           });
}

bool has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        if (equals(trimmed(list.substr(0, comma)), token)) {
            return true;
        }
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return false;
}

std::optional<std::string> host_of_authority(std::string_view authority) {
    std::string_view host = authority;
    std::string_view port;
    bool has_port = false;
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) {
            return std::nullopt;
        }
        host = authority.substr(0, close + 1);
        const std::string_view rest = authority.substr(close + 1);
        has_port = !rest.empty();
        if (has_port && rest.front() != ':') {
            return std::nullopt;
        }
        port = has_port ? rest.substr(1) : rest;
        const std::string_view inside = host.substr(1, host.size() - 2);
        if (inside.empty() || inside.find_first_not_of("0123456789abcdef:.") != std::string_view::npos) {
            return std::nullopt;
        }
    } else {
        const std::size_t colon = authority.find(':');
        has_port = colon != std::string_view::npos;
        host = authority.substr(0, colon);
        port = has_port ? authority.substr(colon + 1) : std::string_view();
        if (host.empty() || host.size() > 253 ||
            host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") != std::string_view::npos) {
            return std::nullopt;
        }
    }
    if (has_port) {
        const auto number = number_of(port);
        if (!number || port.size() > 5 || *number == 0 || *number > 65535) {
            return std::nullopt;
        }
    }
    std::string name(host);
    if (name.size() > 1 && name.back() == '.') {
        name.pop_back();  // the root's dot says nothing more
    }
    return name;
}

} // namespace hameau::gate
