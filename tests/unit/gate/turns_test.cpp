// Turns: who always has something to say or to take does not hold the event loop; handshakes go round the addresses;
// a slow client is not a silent one.
#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "daemon/gate/addresses.hpp"
#include "daemon/gate/handshakes.hpp"

namespace hameau::gate {
namespace {

namespace asio = boost::asio;

struct Pair {
    Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
    std::array<int, 2> ends{};
};

/// Over TCP, where the kernel tells to a byte what the peer took. ends[0] may hold much, ends[1] takes little at a time.
struct TcpPair {
    TcpPair() {
        const Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        const int little = 4096;
        const int much = 400000;
        ::setsockopt(listener.get(), SOL_SOCKET, SO_SNDBUF, &much, sizeof much);
        EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener.get(), 1), 0);
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
        ends[1] = ::socket(AF_INET, SOCK_STREAM, 0);
        ::setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        EXPECT_EQ(::connect(ends[1], reinterpret_cast<sockaddr*>(&address), size), 0);
        ends[0] = ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK);
    }
    std::array<int, 2> ends{};
};

/// Somebody else at the event loop: counts its turns until it is told to stop.
struct Neighbour {
    asio::io_context& io;
    int turns = 0;
    bool stopped = false;
    void go() {
        asio::post(io, [this] {
            ++turns;
            if (!stopped) {
                go();
            }
        });
    }
};

Task<void> read_bytes(Channel& channel, int count, Neighbour& neighbour) {
    char byte = 0;
    for (int i = 0; i < count; ++i) {
        const std::span<char> one(&byte, 1);
        const auto n = co_await channel.read_some(one);
        EXPECT_TRUE(n && *n == 1);
    }
    neighbour.stopped = true;
}

void rethrow(std::exception_ptr failed) {
    if (failed) {
        std::rethrow_exception(failed);
    }
}

TEST(Turn, OneByteReadsLetOthersIn) {
    asio::io_context io;
    Deadlines deadlines(io);
    Pair pair;
    constexpr int bytes = 64 * 20;
    const std::string text(bytes, 'x');
    ASSERT_EQ(::write(pair.ends[1], text.data(), text.size()), bytes);
    Channel channel(Fd(pair.ends[0]), deadlines);
    Neighbour neighbour{io};
    asio::co_spawn(io, read_bytes(channel, bytes, neighbour), rethrow);
    neighbour.go();
    io.run();
    EXPECT_GE(neighbour.turns, 19);
    ::close(pair.ends[1]);
}

TEST(Turn, ADeadlineEndsWhoNeverPauses) {
    asio::io_context io;
    Deadlines deadlines(io);
    Pair pair;
    Channel channel(Fd(pair.ends[0]), deadlines);
    const std::string text(4096, 'x');
    ASSERT_EQ(::write(pair.ends[1], text.data(), text.size()), 4096);
    channel.set_deadline(std::chrono::milliseconds(-1));
    Status outcome;
    const auto read_on = [](Channel& from, Status& out) -> Task<void> {
        char byte = 0;
        const std::span<char> one(&byte, 1);
        while (out) {
            const auto n = co_await from.read_some(one);
            if (!n) {
                out = fail(n.error());
            }
        }
    };
    asio::co_spawn(io, read_on(channel, outcome), rethrow);
    io.run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::timed_out);
    ::close(pair.ends[1]);
}

Task<void> shake(Handshakes& handshakes, std::uint64_t key, std::string name, std::vector<std::string>& order) {
    co_await handshakes.enter(key);
    order.push_back(std::move(name));
}

TEST(Handshakes, OneAddressDoesNotKeepOthersWaiting) {
    asio::io_context io;
    Handshakes handshakes(io);
    std::vector<std::string> order;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(io, shake(handshakes, 1, "many", order), rethrow);
    }
    asio::co_spawn(io, shake(handshakes, 2, "one", order), rethrow);
    Neighbour neighbour{io};
    neighbour.go();
    asio::post(io, [&] { neighbour.stopped = false; });
    while (order.size() < 101) {
        io.run_one();
    }
    neighbour.stopped = true;
    io.run();
    const auto at = std::find(order.begin(), order.end(), "one") - order.begin();
    EXPECT_LE(at, 2 * static_cast<long>(handshakes_per_round));
    // 101 handshakes by eights: the others at the event loop had a dozen turns at least.
    EXPECT_GE(neighbour.turns, 12);
}

Task<void> write_all(Channel& channel, const std::string& text, Status& outcome) {
    outcome = co_await channel.write(text);
}

/// Writes more than the kernel takes, while the other side reads `piece` bytes each 300 ms for 3 s and then everything.
Status write_to_reader(std::size_t piece) {
    asio::io_context io;
    Deadlines deadlines(io);
    TcpPair pair;
    Channel channel(Fd(pair.ends[0]), deadlines);
    channel.set_pauses(std::chrono::milliseconds(1000), std::chrono::milliseconds(1000));
    const std::string text(std::size_t{2} << 20, 'x');
    Status outcome;
    asio::co_spawn(io, write_all(channel, text, outcome), [&](std::exception_ptr failed) {
        rethrow(failed);
        channel.end();
    });
    std::thread reader([&] {
        std::string room(65536, '\0');
        for (int i = 0; i < 10; ++i) {
            (void)!::recv(pair.ends[1], room.data(), piece, MSG_DONTWAIT);
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
        }
        while (piece > 0 && ::recv(pair.ends[1], room.data(), room.size(), 0) > 0) {
        }
    });
    io.run();
    ::shutdown(pair.ends[1], SHUT_RDWR);
    reader.join();
    ::close(pair.ends[1]);
    return outcome;
}

TEST(SlowClient, IsServedWhileItTakesSomething) { EXPECT_TRUE(write_to_reader(4096)); }

TEST(SlowClient, IsLeftWhenItTakesNothing) {
    const Status outcome = write_to_reader(0);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::timed_out);
}

TEST(Descriptors, BoundTheConnections) {
    EXPECT_EQ(connections_for(16384, 4000), 4000U);
    EXPECT_EQ(connections_for(1024, 4000), 480U);
    EXPECT_EQ(connections_for(10, 4000), 1U);
}

} // namespace
} // namespace hameau::gate
