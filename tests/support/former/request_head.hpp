// The parser of header sections that the gate had before it could resume. It is the reference of two differential tests:
// tests/unit/gate/head_parser_test.cpp and tests/fuzz/gate/head_fuzz.cpp. The gate never links it.
#pragma once

#include <algorithm>
#include <charconv>

#include "daemon/base/text.hpp"
#include "daemon/gate/request_head.hpp"

namespace hameau::gate::former {

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

/// Fills `fields` from the lines after the first one.
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
    head.authority = hameau::ascii_lower(value);
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

/// Target forms of RFC 9112 §3.2: origin, absolute, and "*" for OPTIONS.
std::optional<HeadProblem> read_target(RequestHead& head, std::string_view target, std::string_view& absolute) {
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

/// Each line feed has its carriage return, and no carriage return stands alone (RFC 9112 §2.2 allows to refuse both).
bool has_clean_lines(std::string_view head) {
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '\n' && (i == 0 || head[i - 1] != '\r')) {
            return false;
        }
        if (head[i] == '\r' && (i + 1 >= head.size() || head[i + 1] != '\n')) {
            return false;
        }
    }
    return true;
}

} // namespace

inline std::optional<std::size_t> find_head_end(std::string_view bytes) {
    // A header section with bare line feeds is complete too: it is to be refused now, not after the deadline.
    for (std::size_t at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
        const std::string_view next = bytes.substr(at + 1, 2);
        if (next.starts_with('\n')) {
            return at + 2;
        }
        if (next == "\r\n") {
            return at + 3;
        }
    }
    return std::nullopt;
}

inline tl::expected<RequestHead, HeadProblem> parse_request_head(std::string_view text) {
    RequestHead head;
    if (text.size() > head_bytes_max) {
        return refuse(431, "head");
    }
    if (!has_clean_lines(text)) {
        return refuse(400, "line end");
    }
    const std::size_t line_end = text.find("\r\n");
    const std::string_view line = text.substr(0, line_end);
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last == first) {
        return refuse(400, "request line");
    }
    head.method = line.substr(0, first);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(head.method) || head.method.size() > 32) {
        return refuse(400, "method");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        const bool http = version.size() == 8 && version.substr(0, 5) == "HTTP/" && version[6] == '.';
        return http ? refuse(505, "version") : refuse(400, "version");
    }
    head.minor = version.back() - '0';
    std::string_view absolute;
    if (const auto problem = read_target(head, line.substr(first + 1, last - first - 1), absolute)) {
        return tl::unexpected(*problem);
    }
    if (const auto problem = read_fields(text.substr(line_end + 2), head.fields)) {
        return tl::unexpected(*problem);
    }
    if (const auto problem = read_framing(head)) {
        return tl::unexpected(*problem);
    }
    if (const auto problem = read_host(head, absolute)) {
        return tl::unexpected(*problem);
    }
    read_connection(head);
    return head;
}


} // namespace hameau::gate::former
