// Header sections of requests: what is understood, and the one status for each shape that is not.
#include <gtest/gtest.h>

#include "daemon/gate/request_head.hpp"

namespace hameau::gate {
namespace {

int status_of(std::string_view head) {
    const auto parsed = parse_request_head(head);
    return parsed ? 200 : parsed.error().status;
}

TEST(RequestHead, ReadsWhatABrowserSends) {
    const std::string text = "GET /a%20b?x=1&y HTTP/1.1\r\nHost: Amis.Test:8443\r\nAccept:  text/html \t\r\nCookie: a=1\r\n\r\n";
    const auto head = parse_request_head(text);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->method, "GET");
    EXPECT_EQ(head->path, "/a%20b");
    EXPECT_EQ(head->query, "x=1&y");
    EXPECT_TRUE(head->has_query);
    EXPECT_EQ(head->authority, "amis.test:8443");
    EXPECT_EQ(head->host, "amis.test");
    EXPECT_EQ(head->field("accept"), "text/html");
    EXPECT_TRUE(head->keep_alive);
    EXPECT_FALSE(head->has_body());
}

TEST(RequestHead, AbsoluteFormNamesTheHost) {
    const std::string text = "GET HTTP://Amis.test?x HTTP/1.1\r\nHost: other.test\r\n\r\n";
    const auto head = parse_request_head(text);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->host, "amis.test");
    EXPECT_EQ(head->path, "/");
    EXPECT_EQ(head->query, "x");
}

TEST(RequestHead, ConnectionAndUpgrade) {
    const auto old = parse_request_head("GET / HTTP/1.0\r\n\r\n");
    ASSERT_TRUE(old);
    EXPECT_FALSE(old->keep_alive);
    EXPECT_TRUE(old->host.empty());
    const auto kept = parse_request_head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_TRUE(kept && kept->keep_alive);
    const auto closed = parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n");
    EXPECT_TRUE(closed && !closed->keep_alive);
    const auto upgraded = parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
    EXPECT_TRUE(upgraded && upgraded->websocket);
    const auto alone = parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_TRUE(alone && !alone->websocket);
}

TEST(RequestHead, OneStatusForEachBadShape) {
    const std::string host = "Host: a\r\n";
    const auto get = [&host](std::string_view more) { return "GET / HTTP/1.1\r\n" + host + std::string(more) + "\r\n"; };
    EXPECT_EQ(status_of(get("")), 200);
    EXPECT_EQ(status_of(get("Content-Length: 0\r\n")), 200);
    EXPECT_EQ(status_of(get("Content-Length: 1\r\nContent-Length: 1\r\n")), 400);
    EXPECT_EQ(status_of(get("Content-Length: 1, 1\r\n")), 400);
    EXPECT_EQ(status_of(get("Content-Length: -1\r\n")), 400);
    EXPECT_EQ(status_of(get("Content-Length: 0x1\r\n")), 400);
    EXPECT_EQ(status_of(get("Content-Length:\r\n")), 400);
    EXPECT_EQ(status_of(get("Content-Length: 18446744073709551616\r\n")), 400);
    EXPECT_EQ(status_of(get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
    EXPECT_EQ(status_of(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
    EXPECT_EQ(status_of(get("Transfer-Encoding: identity\r\n")), 501);
    EXPECT_EQ(status_of(get("X: a\r\n b\r\n")), 400);
    EXPECT_EQ(status_of(get("X : a\r\n")), 400);
    EXPECT_EQ(status_of(get("X\r\n")), 400);
    EXPECT_EQ(status_of(get(": a\r\n")), 400);
    EXPECT_EQ(status_of(get(std::string_view("X: a\0b\r\n", 8))), 400);
    EXPECT_EQ(status_of(get("Host: a\r\n")), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: a\n\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), 505);
    EXPECT_EQ(status_of("GET / http/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("G@T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    EXPECT_EQ(status_of("GET /" + std::string(target_bytes_max, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
    EXPECT_EQ(status_of(get("X: " + std::string(head_bytes_max, 'a') + "\r\n")), 431);
    std::string many;
    for (std::size_t i = 0; i < fields_max; ++i) {
        many += "X: a\r\n";
    }
    EXPECT_EQ(status_of(get(many)), 431);
}

TEST(RequestHead, HostsAndPorts) {
    EXPECT_EQ(host_of_authority("a.test"), "a.test");
    EXPECT_EQ(host_of_authority("a.test.:1"), "a.test");
    EXPECT_EQ(host_of_authority("[::1]:65535"), "[::1]");
    for (const char* bad : {"", ":1", "a:", "a:0", "a:65536", "a:1x", "a:000001", "[::1", "[]", "[::1]1", "[::g]", "a/b", "a b", "u@a", "a:1:2"}) {
        EXPECT_FALSE(host_of_authority(bad)) << bad;
    }
}

TEST(RequestHead, FindsTheEndOfCompleteHeadsOnly) {
    EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\n\r\nmore"), 18U);
    EXPECT_EQ(find_head_end("GET /\n\nmore"), 7U);
    EXPECT_EQ(find_head_end("GET /\n\r\nmore"), 8U);
    EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\nHost: a\r\n"), std::nullopt);
    EXPECT_EQ(find_head_end("\n"), std::nullopt);
    EXPECT_EQ(find_head_end(""), std::nullopt);
}

TEST(ResponseHead, ReadsModulesAnswers) {
    const auto head = parse_response_head("HTTP/1.1 201 Created\r\nContent-Length: 3\r\nX: y\r\n\r\n");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 201);
    EXPECT_EQ(head->content_length, 3U);
    const auto chunked = parse_response_head("HTTP/1.0 200\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_TRUE(chunked && chunked->chunked && !chunked->content_length);
    for (const char* bad : {"HTTP/2 200\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n", "HTTP/1.1 600 x\r\n\r\n", "x\r\n\r\n", "HTTP/1.1 200 OK\r\nX\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
        EXPECT_FALSE(parse_response_head(bad)) << bad;
    }
}

} // namespace
} // namespace hameau::gate
