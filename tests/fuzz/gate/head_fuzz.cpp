// Header sections of any bytes: what is understood has one meaning, and says the same when it is written down again.
#include <cstdint>
#include <string>

#include "daemon/gate/origin.hpp"
#include "daemon/gate/head_parser.hpp"
#include "tests/support/former/request_head.hpp"

using namespace hameau::gate;

namespace {

void need(bool holds) {
    if (!holds) {
        __builtin_trap();
    }
}

void check(const RequestHead& head) {
    need(head.path.starts_with('/') || (head.path == "*" && head.method == "OPTIONS"));
    need(!(head.chunked && head.content_length));
    need(head.fields.size() <= fields_max);
    need(head.host.find_first_of("/\\@ \t\r\n?#") == std::string::npos);
    for (const Field& field : head.fields) {
        need(!field.name.empty() && field.name.find_first_of(": \t\r\n") == std::string_view::npos);
        need(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    }
    for (const bool websocket : {false, true}) {
        (void)origin_allowed(head, "https", true, websocket);
    }
}

/// As the gate writes it to a module: it must be read as the same request.
void check_again(const RequestHead& head) {
    if (head.host.empty()) {
        return;
    }
    std::string text = std::string(head.method) + " " + std::string(head.path);
    if (head.has_query) {
        text.append("?").append(head.query);
    }
    text += " HTTP/1.1\r\nHost: " + head.authority + "\r\n";
    if (head.chunked) {
        text += "Transfer-Encoding: chunked\r\n";
    } else if (head.content_length) {
        text += "Content-Length: " + std::to_string(*head.content_length) + "\r\n";
    }
    text += "\r\n";
    const auto end = find_head_end(text);
    need(end == text.size());
    const auto again = parse_request_head(text);
    need(again.has_value() && again->path == head.path && again->query == head.query && again->host == head.host);
    need(again->content_length == head.content_length && again->chunked == head.chunked);
}

} // namespace

/// The former parser understood the same, and so does one that gets the bytes one by one.
void check_former(std::string_view section) {
    const auto now = parse_request_head(section);
    const auto before = former::parse_request_head(section);
    need(now.has_value() == before.has_value());
    if (!now) {
        need(now.error().status == before.error().status && now.error().reason == before.error().reason);
    } else {
        need(now->method == before->method && now->path == before->path && now->query == before->query && now->host == before->host &&
             now->authority == before->authority && now->content_length == before->content_length && now->chunked == before->chunked &&
             now->keep_alive == before->keep_alive && now->websocket == before->websocket && now->fields.size() == before->fields.size());
    }
    HeadParser parser;
    for (std::size_t size = 1; size <= section.size(); ++size) {
        const auto state = parser.scan(section.substr(0, size));
        need(state != HeadParser::State::complete || size == section.size());
    }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = find_head_end(text);
    need(!end || *end <= size);
    need(former::find_head_end(text) == end);
    const std::string_view whole = text.substr(0, end.value_or(size));
    if (end && size < 4096) {
        check_former(whole);
    }
    if (const auto head = parse_request_head(whole)) {
        check(*head);
        check_again(*head);
    } else {
        need(head.error().status >= 400 && head.error().status < 600);
    }
    if (const auto answer = parse_response_head(whole)) {
        need(answer->status >= 100 && answer->status < 600 && !(answer->chunked && answer->content_length));
    }
    return 0;
}
