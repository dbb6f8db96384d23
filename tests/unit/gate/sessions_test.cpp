// The cache with a clock that stands still; the whole of Sessions against a people of the test's own.
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/gate/sessions.hpp"

namespace hameau::gate {
namespace {

namespace asio = boost::asio;
constexpr auto wait_here = asio::as_tuple(asio::use_awaitable);

constexpr std::string_view marie = R"({"member":"m1","session":"s1","login":"marie","name":"Marie Le Goff","admin":false,
    "shared":false,"associations":[{"slug":"amis","role":"manager"},{"slug":"jardin","role":"member"}]})";

TEST(SessionCache, ReadsPeoplesAnswer) {
    const auto session = parse_session(marie);
    ASSERT_TRUE(session);
    EXPECT_EQ((*session)->name, "Marie%20Le%20Goff");
    EXPECT_EQ((*session)->roles, "amis=manager, jardin=member");
    EXPECT_FALSE((*session)->admin);
    for (const char* bad : {"", "[]", "{}", R"({"member":"a b","session":"s","login":"l"})", R"({"member":"a\r\nX: y","session":"s","login":"l"})",
                            R"({"member":"a","session":"s","login":"l","associations":[{"slug":"x, admin","role":"member"}]})"}) {
        EXPECT_FALSE(parse_session(bad)) << bad;
    }
}

TEST(SessionCache, KeepsThirtySecondsAndForgetsRevocations) {
    FakeClock clock;
    SessionCache cache(clock);
    const TokenHash one = hash_token("one");
    const TokenHash two = hash_token("two");
    cache.keep(one, *parse_session(marie));
    cache.keep(two, *parse_session(R"({"member":"m2","session":"s2","login":"yann"})"));
    clock.advance(Duration(29999));
    EXPECT_NE(cache.find(one), nullptr);
    clock.advance(Duration(1));
    EXPECT_EQ(cache.find(one), nullptr);
    cache.keep(one, *parse_session(marie));
    const auto before = cache.generation();
    cache.revoke("s1");
    EXPECT_EQ(cache.find(one), nullptr);
    EXPECT_NE(cache.generation(), before);
    cache.keep(one, *parse_session(marie));
    cache.revoke("member m2");
    EXPECT_NE(cache.find(one), nullptr);
    cache.revoke("member m1");
    EXPECT_TRUE(cache.empty() || cache.find(one) == nullptr);
    cache.keep(one, *parse_session(marie));
    cache.clear();
    EXPECT_EQ(cache.size(), 0U);
}

/// A people that knows some tokens and holds the stream of revocations.
class FakePeople {
public:
    using Socket = asio::local::stream_protocol::socket;

    explicit FakePeople(asio::io_context& io) : io_(io), acceptor_(io) {
        folder_ = std::filesystem::temp_directory_path() / ("gate-test-" + random_base32(8));
        std::filesystem::create_directory(folder_);
        acceptor_ = asio::local::stream_protocol::acceptor(io, asio::local::stream_protocol::endpoint(folder_ / "people.sock"));
        asio::co_spawn(io, accept(), asio::detached);
    }
    ~FakePeople() { std::filesystem::remove_all(folder_); }

    std::string folder() const { return folder_; }
    void close() {
        acceptor_.close();
    }
    void say(const std::string& line) {
        for (Socket* stream : streams_) {
            const std::string text = line + "\n";
            std::array<char, 16> size{};
            const auto end = std::to_chars(size.data(), size.data() + size.size(), text.size(), 16).ptr;
            const std::string chunk = std::string(size.data(), end) + "\r\n" + text + "\r\n";
            asio::write(*stream, asio::buffer(chunk));
        }
    }
    /// Cuts the stream without its last chunk, as a crash does.
    void cut() {
        for (Socket* stream : streams_) {
            stream->close();
        }
        streams_.clear();
    }
    std::map<std::string, std::string> tokens;
    int questions = 0;
    int streams_opened = 0;

private:
    Task<void> accept() {
        for (;;) {
            auto accepted = co_await acceptor_.async_accept(wait_here);
            if (std::get<0>(accepted)) {
                co_return;
            }
            asio::co_spawn(io_, serve(std::move(std::get<1>(accepted))), asio::detached);
        }
    }
    Task<void> serve(Socket socket) {
        std::string request;
        std::string piece(4096, '\0');
        while (request.find("\r\n\r\n") == std::string::npos || (request.starts_with("POST") && request.find('}') == std::string::npos)) {
            const auto buffer = asio::buffer(piece);
            auto read = co_await socket.async_read_some(buffer, wait_here);
            if (std::get<0>(read)) {
                co_return;
            }
            request.append(piece, 0, std::get<1>(read));
        }
        if (request.starts_with("GET /internal/revocations")) {
            ++streams_opened;
            asio::write(socket, asio::buffer(std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")));
            streams_.insert(&socket);
            const auto buffer = asio::buffer(piece);
            auto ended = co_await socket.async_read_some(buffer, wait_here);
            (void)ended;
            streams_.erase(&socket);
            co_return;
        }
        ++questions;
        std::string answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        for (const auto& [token, json] : tokens) {
            if (request.find("\"" + token + "\"") != std::string::npos) {
                answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(json.size()) + "\r\n\r\n" + json;
            }
        }
        asio::write(socket, asio::buffer(answer));
    }

    asio::io_context& io_;
    std::filesystem::path folder_;
    asio::local::stream_protocol::acceptor acceptor_;
    std::set<Socket*> streams_;
};

class SessionsTest : public testing::Test {
protected:
    SessionsTest() { people.tokens["token-of-marie"] = marie; }
    ~SessionsTest() override {
        people.cut();
        people.close();
        settle();  // every coroutine ends before what it uses
    }

    SessionPointer ask(const std::string& token) {
        std::optional<Result<Sessions::Answer>> told;
        asio::co_spawn(io, question(token, told), asio::detached);
        while (!told) {
            io.restart();
            io.run_one();
        }
        EXPECT_TRUE(*told);
        return *told ? (*told)->session : nullptr;
    }
    void settle() {
        io.restart();
        io.run_for(std::chrono::milliseconds(50));
    }
    Task<void> question(std::string token, std::optional<Result<Sessions::Answer>>& told) {
        told = co_await sessions.resolve(std::move(token));
    }

    asio::io_context io;
    FakePeople people{io};
    Deadlines deadlines{io};
    ModuleSockets modules{io, deadlines, people.folder()};
    FakeClock clock;
    Journal journal{"test"};
    Sessions sessions{modules, clock, journal};
};

TEST_F(SessionsTest, AsksOnceAndHearsRevocations) {
    ASSERT_NE(ask("token-of-marie"), nullptr);
    ASSERT_NE(ask("token-of-marie"), nullptr);
    EXPECT_EQ(people.questions, 1);
    EXPECT_EQ(people.streams_opened, 1);
    EXPECT_EQ(ask("unknown"), nullptr);
    EXPECT_EQ(ask(""), nullptr);
    people.tokens.clear();
    people.say("s1");
    settle();
    EXPECT_EQ(ask("token-of-marie"), nullptr);
}

TEST_F(SessionsTest, AnEndedStreamEmptiesTheCache) {
    ASSERT_NE(ask("token-of-marie"), nullptr);
    people.cut();
    settle();
    people.tokens.clear();
    EXPECT_EQ(ask("token-of-marie"), nullptr);
    EXPECT_EQ(people.streams_opened, 2);
}

TEST_F(SessionsTest, OpenSocketsEndWithTheirSession) {
    const SessionPointer session = ask("token-of-marie");
    ASSERT_NE(session, nullptr);
    auto pair = socket_pair(SOCK_STREAM);
    ASSERT_TRUE(pair);
    (void)set_nonblocking(pair->first.get(), true);
    Channel visitor(std::move(pair->first), deadlines);
    const Sessions::OpenSocket open(sessions, session, "token-of-marie", visitor);
    people.say("s2");
    settle();
    EXPECT_FALSE(visitor.ended());
    people.cut();  // a crash of people: the token is asked for again, and still good
    settle();
    EXPECT_FALSE(visitor.ended());
    EXPECT_EQ(people.streams_opened, 2);
    people.say("member m1");
    settle();
    EXPECT_TRUE(visitor.ended());
}

TEST_F(SessionsTest, WhatWasRevokedDuringACrashIsFoundOut) {
    const SessionPointer session = ask("token-of-marie");
    ASSERT_NE(session, nullptr);
    auto pair = socket_pair(SOCK_STREAM);
    ASSERT_TRUE(pair);
    (void)set_nonblocking(pair->first.get(), true);
    Channel visitor(std::move(pair->first), deadlines);
    const Sessions::OpenSocket open(sessions, session, "token-of-marie", visitor);
    people.tokens.clear();
    people.cut();
    settle();
    EXPECT_TRUE(visitor.ended());
}

} // namespace
} // namespace hameau::gate
