// The Poller: an edge is told once, so nothing that came may be forgotten, and nobody who has gone may be told.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "daemon/gate/channel.hpp"

namespace hameau::gate {
namespace {

namespace asio = boost::asio;

struct Line {
    Line(asio::io_context& io, Deadlines& deadlines) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        channel = std::make_unique<Channel>(Fd(ends[0]), deadlines);
        channel->set_pauses(std::chrono::milliseconds(0), std::chrono::milliseconds(0));
        other = Fd(ends[1]);
    }
    void say(const std::string& text) { ASSERT_EQ(::send(other.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size())); }
    std::unique_ptr<Channel> channel;
    Fd other;
};

struct Told final : Channel::Waiter {
    int reads = 0;
    int writes = 0;
    std::optional<Status> last;
    std::function<void()> then;
    void on_wait_end(Channel&, bool reading, Status status) override {
        (reading ? reads : writes) += 1;
        last = std::move(status);
        if (then) {
            then();
        }
    }
};

constexpr auto reading = Channel::WaitType::wait_read;
constexpr auto writing = Channel::WaitType::wait_write;

TEST(Poller, WhatAReadLeavesIsToldAgain) {
    asio::io_context io;
    Deadlines deadlines(io);
    Line line(io, deadlines);
    Told told;
    std::string got;
    std::array<char, 4> four{};
    line.say("abcdefghij");
    // One read for each wait, as tunnels do; the kernel told of these bytes once.
    told.then = [&] {
        const long n = line.channel->try_read(four);
        ASSERT_GE(n, 0);
        got.append(four.data(), static_cast<std::size_t>(n));
        if (got.size() < 10) {
            line.channel->call_when(reading, told);
        }
    };
    line.channel->call_when(reading, told);
    io.run_for(std::chrono::seconds(5));
    EXPECT_EQ(got, "abcdefghij");
    EXPECT_EQ(told.reads, 3);
}

TEST(Poller, WhatComesWhileNobodyWaitsIsTold) {
    asio::io_context io;
    Deadlines deadlines(io);
    Line line(io, deadlines);
    Line other(io, deadlines);
    Told told;
    Told elsewhere;
    line.say("abc");
    other.say("x");
    other.channel->call_when(reading, elsewhere);
    io.run_for(std::chrono::seconds(5));
    ASSERT_EQ(elsewhere.reads, 1) << "this round took the edge of the first line, too";
    line.channel->call_when(reading, told);
    io.restart();
    io.run_for(std::chrono::seconds(5));
    EXPECT_EQ(told.reads, 1);
}

TEST(Poller, TheEndBehindTheLastBytesIsTold) {
    asio::io_context io;
    Deadlines deadlines(io);
    for (const bool together : {true, false}) {
        Line line(io, deadlines);
        Told told;
        long last = -1;
        told.then = [&] {
            std::array<char, 64> room{};
            last = line.channel->try_read(room);
            if (last > 0) {
                if (!together) {
                    line.other.reset();
                }
                line.channel->call_when(reading, told);
            }
        };
        line.say("abc");
        if (together) {
            line.other.reset();
        }
        line.channel->call_when(reading, told);
        io.restart();
        io.run_for(std::chrono::seconds(5));
        EXPECT_EQ(last, 0) << together;
        EXPECT_EQ(told.reads, 2) << together;
    }
}

TEST(Poller, WhoIsDestroyedInTheSameRoundIsNotTold) {
    asio::io_context io;
    Deadlines deadlines(io);
    std::vector<std::unique_ptr<Line>> lines;
    std::vector<std::unique_ptr<Told>> told;
    for (int i = 0; i < 8; ++i) {
        lines.push_back(std::make_unique<Line>(io, deadlines));
        told.push_back(std::make_unique<Told>());
        lines.back()->say("x");
    }
    // The first that is told destroys all channels, and others come into being in their places.
    std::vector<std::unique_ptr<Line>> next;
    Told nothing;
    told[0]->then = [&] {
        lines.clear();
        for (int i = 0; i < 8; ++i) {
            next.push_back(std::make_unique<Line>(io, deadlines));
            next.back()->channel->call_when(reading, nothing);
        }
    };
    lines[0]->channel->call_when(reading, *told[0]);
    io.run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(told[0]->reads, 1);
    EXPECT_EQ(nothing.reads, 0) << "told what came for those of before";
    for (const auto& line : next) {
        line->channel->end();
    }
    io.restart();
    io.run_for(std::chrono::seconds(5));
    EXPECT_EQ(nothing.reads, 8);
}

TEST(Poller, RoomIsToldOnceAndOnlyToWhoWaits) {
    asio::io_context io;
    Deadlines deadlines(io);
    Line line(io, deadlines);
    Told told;
    const std::string much(65536, 'x');
    while (line.channel->try_write(much) > 0) {
    }
    line.channel->call_when(writing, told);
    io.run_for(std::chrono::milliseconds(20));
    EXPECT_EQ(told.writes, 0);
    std::string room(1 << 20, '\0');
    while (::recv(line.other.get(), room.data(), room.size(), 0) > 0) {
    }
    io.restart();
    io.run_for(std::chrono::seconds(5));
    EXPECT_EQ(told.writes, 1);
    EXPECT_GT(line.channel->try_write(much), 0);
    // The peer makes room each time it reads; a quiet reader sleeps through it but for the first time.
    line.channel->call_when(reading, told);
    unsigned rounds = 0;
    for (int i = 0; i < 10; ++i) {
        EXPECT_GT(line.channel->try_write("abc"), 0);
        EXPECT_GT(::recv(line.other.get(), room.data(), room.size(), 0), 0);
        io.restart();
        rounds += static_cast<unsigned>(io.poll());
    }
    EXPECT_LE(rounds, 1U);
    EXPECT_EQ(told.reads, 0);
    line.channel->end();
    io.restart();
    io.run_for(std::chrono::seconds(5));
    EXPECT_EQ(told.reads, 1);
}

TEST(Poller, TheLoopEndsWhenNobodyWaits) {
    asio::io_context io;
    Deadlines deadlines(io);
    Line line(io, deadlines);
    Told told;
    line.channel->call_when(reading, told);
    EXPECT_EQ(io.poll(), 0U);
    line.channel->end();
    io.restart();
    EXPECT_GT(io.run_for(std::chrono::seconds(5)), 0U);
    EXPECT_TRUE(io.stopped()) << "something still waits for the set";
    ASSERT_TRUE(told.last);
    EXPECT_FALSE(*told.last);
}

struct Alive {
    explicit Alive(int& count) : count_(count) { ++count_; }
    ~Alive() { --count_; }
    Alive(const Alive&) = delete;
    Alive& operator=(const Alive&) = delete;
    int& count_;
};

Task<void> read_for_ever(Channel& channel, int& alive) {
    const Alive here(alive);
    std::array<char, 8> room{};
    const std::span<char> buffer(room);
    for (bool open = true; open;) {
        const auto n = co_await channel.read_some(buffer);
        open = n && *n > 0;
    }
}

TEST(Poller, CoroutinesThatWaitEndWithTheirChannel) {
    int alive = 0;
    {
        asio::io_context io;
        Deadlines deadlines(io);
        Line one(io, deadlines);
        Line other(io, deadlines);
        asio::co_spawn(io, read_for_ever(*one.channel, alive), asio::detached);
        asio::co_spawn(io, read_for_ever(*other.channel, alive), asio::detached);
        io.poll();
        EXPECT_EQ(alive, 2);
    }
    EXPECT_EQ(alive, 0) << "nobody owns their frames any more";
}

} // namespace
} // namespace hameau::gate
