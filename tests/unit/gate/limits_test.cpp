// Connections per address and in all; networks; deadlines of channels.
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/gate/channel.hpp"
#include "daemon/gate/addresses.hpp"

namespace hameau::gate {
namespace {

Address address(const char* text) {
    sockaddr_storage storage{};
    if (std::strchr(text, ':') != nullptr) {
        storage.ss_family = AF_INET6;
        ::inet_pton(AF_INET6, text, &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr);
    } else {
        storage.ss_family = AF_INET;
        ::inet_pton(AF_INET, text, &reinterpret_cast<sockaddr_in&>(storage).sin_addr);
    }
    return Address::of(storage);
}

TEST(Limits, PrefixesTellLittle) {
    EXPECT_EQ(address("192.0.2.77").prefix(), "192.0.2.0/24");
    EXPECT_EQ(address("2001:db8:1:2345:6::7").prefix(), "2001:db8:1:2300::/56");
    EXPECT_EQ(address("::ffff:192.0.2.77").prefix(), "192.0.2.0/24");
}

TEST(Limits, Networks) {
    const Networks networks("127.0.0.0/8, ::1, 2001:db8::/33, nonsense, 10.0.0.0/99");
    EXPECT_TRUE(networks.contain(address("127.9.9.9")));
    EXPECT_FALSE(networks.contain(address("128.0.0.1")));
    EXPECT_TRUE(networks.contain(address("::1")));
    EXPECT_FALSE(networks.contain(address("::2")));
    EXPECT_TRUE(networks.contain(address("2001:db8:7fff::1")));
    EXPECT_FALSE(networks.contain(address("2001:db8:8000::1")));
    EXPECT_FALSE(networks.contain(address("10.0.0.1")));
    EXPECT_FALSE(Networks("").contain(address("127.0.0.1")));
    EXPECT_TRUE(Networks("0.0.0.0/0").contain(address("8.8.8.8")));
    EXPECT_FALSE(Networks("0.0.0.0/0").contain(address("2001::1")));
}

TEST(Limits, PerAddressAndInAll) {
    ConnectionLimits limits(5, 2, Networks("127.0.0.0/8"));
    EXPECT_TRUE(limits.enter(address("192.0.2.1")));
    EXPECT_TRUE(limits.enter(address("192.0.2.1")));
    EXPECT_FALSE(limits.enter(address("192.0.2.1")));
    EXPECT_TRUE(limits.enter(address("192.0.2.2")));
    limits.leave(address("192.0.2.1"));
    EXPECT_TRUE(limits.enter(address("192.0.2.1")));
    EXPECT_TRUE(limits.enter(address("127.0.0.1")));
    EXPECT_TRUE(limits.enter(address("127.0.0.1")));
    EXPECT_EQ(limits.count(), 5U);
    EXPECT_FALSE(limits.enter(address("127.0.0.1"))) << "the sum counts for everybody";
    limits.leave(address("127.0.0.1"));
    EXPECT_TRUE(limits.enter(address("127.0.0.1")));
}

TEST(Limits, AHouseholdIsOneSlash64) {
    ConnectionLimits limits(100, 1, Networks(""));
    EXPECT_TRUE(limits.enter(address("2001:db8::1")));
    EXPECT_FALSE(limits.enter(address("2001:db8::2")));
    EXPECT_TRUE(limits.enter(address("2001:db8:0:1::2")));
}

struct Pair {
    explicit Pair(boost::asio::io_context& io) : deadlines(io) {
        auto made = socket_pair(SOCK_STREAM);
        (void)set_nonblocking(made->first.get(), true);
        other = std::move(made->second);
        channel = std::make_unique<Channel>(std::move(made->first), deadlines);
    }
    Deadlines deadlines;
    Fd other;
    std::unique_ptr<Channel> channel;
};

Task<void> read_one(Channel& channel, std::optional<ErrorKind>& outcome, std::size_t& size) {
    std::string buffer(64, '\0');
    const auto n = co_await channel.read_some(buffer);
    if (n) {
        size = *n;
    } else {
        outcome = n.error().kind;
    }
}

Task<void> write_much(Channel& channel, std::optional<ErrorKind>& outcome) {
    const std::string much(8 << 20, 'x');
    const Status written = co_await channel.write(much);
    if (!written) {
        outcome = written.error().kind;
    }
}

TEST(Channel, ADeadlineEndsOneDirectionOnly) {
    boost::asio::io_context io;
    Pair pair(io);
    pair.channel->set_pauses(std::chrono::milliseconds(0), std::chrono::milliseconds(100));
    std::optional<ErrorKind> read_failed;
    std::optional<ErrorKind> write_failed;
    std::size_t size = 0;
    boost::asio::co_spawn(io, read_one(*pair.channel, read_failed, size), boost::asio::detached);
    boost::asio::co_spawn(io, write_much(*pair.channel, write_failed), boost::asio::detached);
    while (!write_failed) {
        io.run_one();
    }
    EXPECT_EQ(write_failed, ErrorKind::timed_out);
    EXPECT_FALSE(read_failed) << "the reader waits for ever";
    ASSERT_EQ(::write(pair.other.get(), "abc", 3), 3);
    io.run();
    EXPECT_EQ(size, 3U);
}

TEST(Channel, NoTimerRunsWithoutADeadline) {
    boost::asio::io_context io;
    Pair pair(io);
    pair.channel->set_pauses(std::chrono::milliseconds(0), std::chrono::milliseconds(0));
    std::optional<ErrorKind> failed;
    std::size_t size = 0;
    boost::asio::co_spawn(io, read_one(*pair.channel, failed, size), boost::asio::detached);
    io.poll();
    EXPECT_EQ(io.run_for(std::chrono::milliseconds(1500)), 0U);
    pair.channel->interrupt_reading(true);
    io.restart();
    io.run();
    EXPECT_EQ(failed, ErrorKind::closed);
}

TEST(Channel, EndReachesWaitsOfBothDirections) {
    boost::asio::io_context io;
    Pair pair(io);
    std::optional<ErrorKind> read_failed;
    std::optional<ErrorKind> write_failed;
    std::size_t size = 0;
    boost::asio::co_spawn(io, read_one(*pair.channel, read_failed, size), boost::asio::detached);
    boost::asio::co_spawn(io, write_much(*pair.channel, write_failed), boost::asio::detached);
    io.poll();
    pair.channel->end();
    io.restart();
    while (!read_failed || !write_failed) {
        io.run_one();
    }
    EXPECT_EQ(read_failed, ErrorKind::closed);
    EXPECT_EQ(write_failed, ErrorKind::closed);
}

} // namespace
} // namespace hameau::gate
