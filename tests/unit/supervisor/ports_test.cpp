// A port that another program has, with SO_REUSEPORT as Postfix listens, is seen before an engine is started on it.
#include "daemon/supervisor/ports.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"

namespace hameau::supervisor {
namespace {

/// What Postfix's inet_listen does: both options, then listen.
Fd listen_shared(const char* address, std::uint16_t& port) {
    Fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &place.sin_addr);
    socklen_t size = sizeof place;
    if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&place), size) != 0 || ::listen(made.get(), 8) != 0) {
        return {};
    }
    ::getsockname(made.get(), reinterpret_cast<sockaddr*>(&place), &size);
    port = ntohs(place.sin_port);
    return made;
}

TEST(Ports, OneThatIsSharedIsTaken) {
    std::uint16_t port = 0;
    Fd other = listen_shared("127.0.0.1", port);
    ASSERT_TRUE(other);
    Fd second = listen_shared("127.0.0.1", port);
    EXPECT_TRUE(second) << "two listeners share the port: the reason for this test";
    const std::vector<std::uint16_t> ports = {port};
    const std::vector<std::string> loopback = {"127.0.0.1"};
    const std::vector<std::string> every = {"0.0.0.0"};
    EXPECT_EQ(taken_port(ports, loopback), port);
    EXPECT_EQ(taken_port(ports, every), port) << "a listener on one address meets one on all of them";
    other.reset();
    EXPECT_EQ(taken_port(ports, loopback), port) << "the second still listens";
    second.reset();
    EXPECT_FALSE(taken_port(ports, loopback));
    EXPECT_FALSE(taken_port(ports, every));
}

/// After a restart of an engine its former connections are in TIME_WAIT on its port: that keeps nobody from it.
TEST(Ports, OldConnectionsDoNotTakeIt) {
    std::uint16_t port = 0;
    Fd listener = listen_shared("127.0.0.1", port);
    Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    ::inet_pton(AF_INET, "127.0.0.1", &place.sin_addr);
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
    Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted);
    listener.reset();
    accepted.reset();  // the side that closes first waits
    const std::vector<std::uint16_t> ports = {port};
    const std::vector<std::string> loopback = {"127.0.0.1"};
    EXPECT_FALSE(taken_port(ports, loopback));
}

} // namespace
} // namespace hameau::supervisor
