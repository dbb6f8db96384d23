// The parts of HTTP/2 without a connection: header sections to requests, the bucket of frames that move nothing, bodies.
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "daemon/gate/http2_session.hpp"

namespace hameau::gate {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

Http2Head head_of(const Fields& fields) {
    Http2Head head;
    for (const auto& [name, value] : fields) {
        head.add(name, value);
    }
    return head;
}

int status_of(const Fields& fields, bool ends = true) {
    Http2Head head = head_of(fields);
    const auto request = head.finish(ends);
    return request ? 200 : request.error().status;
}

TEST(Http2Head, BecomesTheSameRequest) {
    Http2Head head = head_of({{":method", "POST"}, {":scheme", "https"}, {":authority", "Amis.TEST:8443"}, {":path", "/a?b=c"},
                              {"cookie", "a=b"}, {"x-own", "1"}, {"cookie", "c=d"}, {"expect", "100-continue"}});
    const auto request = head.finish(false);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->path, "/a");
    EXPECT_EQ(request->query, "b=c");
    EXPECT_EQ(request->authority, "amis.test:8443");
    EXPECT_EQ(request->host, "amis.test");
    EXPECT_EQ(request->field("cookie"), "a=b; c=d");
    EXPECT_TRUE(request->chunked && request->has_body() && request->expects_continue && !request->websocket);
}

TEST(Http2Head, OneHostOrNone) {
    const Fields base = {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}};
    const auto with = [&base](Fields more) {
        more.insert(more.begin(), base.begin(), base.end());
        return status_of(more);
    };
    EXPECT_EQ(with({{":authority", "amis.test"}}), 200);
    EXPECT_EQ(with({{"host", "amis.test"}}), 200);
    EXPECT_EQ(with({{":authority", "amis.test"}, {"host", "AMIS.test"}}), 200);
    EXPECT_EQ(with({{":authority", "amis.test"}, {"host", "localhost"}}), 400);
    EXPECT_EQ(with({{"host", "amis.test"}, {"host", "amis.test"}}), 400);
    EXPECT_EQ(with({{":authority", "u@amis.test"}}), 400);
    EXPECT_EQ(with({}), 400);
}

TEST(Http2Head, IsBounded) {
    Http2Head head = head_of({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}});
    const std::string value(1000, 'x');
    bool kept = true;
    for (int i = 0; i < 40; ++i) {
        kept = head.add("x-own", value);
    }
    EXPECT_FALSE(kept);
    EXPECT_LE(head.size_bytes(), head_bytes_max);
    const auto request = head.finish(true);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().status, 431);
}

TEST(Http2Head, ABodyHasOneLength) {
    const Fields base = {{":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    const auto with = [&base](Fields more, bool ends) {
        more.insert(more.begin(), base.begin(), base.end());
        return status_of(more, ends);
    };
    EXPECT_EQ(with({{"content-length", "4"}}, false), 200);
    EXPECT_EQ(with({{"content-length", "4"}}, true), 400);
    EXPECT_EQ(with({{"content-length", "4"}, {"content-length", "4"}}, false), 400);
    EXPECT_EQ(with({{"transfer-encoding", "chunked"}}, false), 400);
}

TEST(IdleFrames, FillAgainWithTime) {
    IdleFrames frames;
    int spent = 0;
    while (spent < 10000 && frames.spend(1000)) {
        ++spent;
    }
    EXPECT_GE(spent, idle_frames_burst - 2);
    EXPECT_LE(spent, idle_frames_burst);
    EXPECT_FALSE(frames.spend(1001));
    int later = 0;
    while (later < 10000 && frames.spend(3000)) {
        ++later;
    }
    EXPECT_NEAR(later, 2 * idle_frames_per_second, 2);
}

TEST(Body, GoesFromPieceToPiece) {
    Body body;
    body.add(std::string("head "));
    const auto held = std::make_shared<const std::string>("0123456789");
    body.add(held, std::string_view(*held).substr(2, 5));
    body.add(std::string());
    Body more;
    more.add(std::string(" end"));
    body.append(std::move(more));
    ASSERT_EQ(body.size(), 14U);
    std::array<char, 9> room{};
    ASSERT_TRUE(body.copy(room));
    EXPECT_EQ(std::string_view(room.data(), room.size()), "head 2345");
    body.consume(9);
    EXPECT_FALSE(body.empty());
    std::array<char, 5> last{};
    ASSERT_TRUE(body.copy(last));
    EXPECT_EQ(std::string_view(last.data(), last.size()), "6 end");
    body.consume(5);
    EXPECT_TRUE(body.empty());
}

/// A client and the gate's side without a socket.
struct Owner final : Http2Session::Owner {
    std::string written;
    std::vector<Http2StreamPtr> requests;
    bool full = false;
    void on_request(Http2StreamPtr stream) override { requests.push_back(std::move(stream)); }
    void on_closed(const Http2Stream& stream) override {
        std::erase_if(requests, [&stream](const Http2StreamPtr& one) { return one.get() == &stream; });
    }
    void on_output() override {}
    bool is_full() override { return full; }
    bool put_record(std::string_view text) override {
        written += text;
        return true;
    }
    std::int64_t now_ms() override { return 1000; }
};

/// What a client begins with, and GET https://a.test/ on stream 1 (RFC 7541, appendix A).
std::string first_request() {
    const std::string block("\x82\x87\x84\x41\x06" "a.test", 11);
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9) + std::string("\0\0\x0b\1\5\0\0\0\1", 9) + block;
}

TEST(Http2Session, DetachedStreamsKnowIt) {
    Owner owner;
    Http2StreamPtr stream;
    {
        Http2Session session(owner);
        ASSERT_TRUE(session.receive(first_request()));
        ASSERT_EQ(owner.requests.size(), 1U);
        stream = owner.requests.front();
        EXPECT_EQ(stream->head.host, "a.test");
        EXPECT_TRUE(stream->ended);
        Body body;
        body.add(std::string(70000, 'x'));
        session.respond(*stream, 200, "Content-Type: text/plain\r\n", body.size(), std::move(body), true);
        owner.full = true;
        ASSERT_TRUE(session.send());
        EXPECT_TRUE(owner.written.empty());
        owner.full = false;
        ASSERT_TRUE(session.send());
        EXPECT_GT(owner.written.size(), 65535U);
        EXPECT_LT(owner.written.size(), 70000U) << "the client's window is 65,535";
        EXPECT_EQ(session.unsent(), 1U);
        EXPECT_FALSE(session.wants_send());
    }
    EXPECT_TRUE(stream->closed);
    EXPECT_EQ(stream->session, nullptr);
}

TEST(Http2Session, AResetRequestIsNotKept) {
    Owner owner;
    Http2Session session(owner);
    ASSERT_TRUE(session.receive(first_request()));
    const std::weak_ptr<Http2Stream> stream = owner.requests.front();
    ASSERT_TRUE(session.receive(std::string("\0\0\4\3\0\0\0\0\1\0\0\0\x08", 13)));
    EXPECT_TRUE(owner.requests.empty() && stream.expired());
}

TEST(Http2Session, AHeaderSectionThatCannotBeSentResetsItsStream) {
    Owner owner;
    Http2Session session(owner);
    ASSERT_TRUE(session.receive(first_request()));
    const Http2StreamPtr stream = owner.requests.front();
    Body body;
    body.add(std::string("x"));
    session.respond(*stream, 200, "X-Long: " + std::string(70000, 'a') + "\r\n", 1, std::move(body), true);
    ASSERT_TRUE(session.send());
    EXPECT_TRUE(stream->closed);
    EXPECT_EQ(session.streams(), 0U);
}

TEST(Http2Session, ValuesHaveNoWhiteSpaceAround) {
    Owner owner;
    Http2Session session(owner);
    ASSERT_TRUE(session.receive(first_request()));
    Body body;
    session.respond(*owner.requests.front(), 200, "X-Own: \t \r\nX-Two: \tAAAA~~~~ \t\r\n", 0, std::move(body), true);
    const std::size_t settings = owner.written.size();
    ASSERT_TRUE(session.send());
    nghttp2_hd_inflater* inflater = nullptr;
    nghttp2_hd_inflate_new(&inflater);
    std::vector<std::string> values;
    std::size_t at = settings;
    while (at + 9 <= owner.written.size()) {
        const auto byte = [&owner, at](std::size_t i) { return static_cast<unsigned char>(owner.written[at + i]); };
        const std::size_t size = (std::size_t{byte(0)} << 16) | (std::size_t{byte(1)} << 8) | byte(2);
        if (byte(3) == NGHTTP2_HEADERS) {
            const auto* in = reinterpret_cast<const std::uint8_t*>(owner.written.data()) + at + 9;
            std::size_t left = size;
            for (int flags = 0; left > 0 && (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
                nghttp2_nv pair{};
                const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &pair, &flags, in, left, 1);
                ASSERT_GE(used, 0);
                if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
                    values.emplace_back(reinterpret_cast<const char*>(pair.value), pair.valuelen);
                }
                in += used;
                left -= static_cast<std::size_t>(used);
            }
        }
        at += 9 + size;
    }
    nghttp2_hd_inflate_del(inflater);
    EXPECT_EQ(values, (std::vector<std::string>{"200", "", "AAAA~~~~", "0"}));
}

} // namespace
} // namespace hameau::gate
