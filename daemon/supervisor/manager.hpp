// ServiceManager: what hameaud and the program that started it (systemd) say to each other: sd_notify(3), the watchdog, and
// listening sockets that outlive a restart (sd_pid_notify_with_fds(3), FDSTORE=1). Without such a program every call does
// nothing. Owner: supervisor. It never waits and never fails the house.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/base/fd.hpp"

namespace hameau::supervisor {

class ServiceManager {
public:
    /// Takes its variables out of the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, LISTEN_PID, LISTEN_FDS,
    /// LISTEN_FDNAMES. Variables that are for another process are dropped.
    static ServiceManager from_environment();

    /// The first time: `status` is one line for `systemctl status`.
    void ready(std::string_view status);
    void status(std::string_view status);
    void stopping();
    /// Until the next ready().
    void reloading();
    /// The start or the end takes at least this long from now.
    void extend(Duration by);

    /// How often feed_watchdog() is wanted, or nothing: half of WATCHDOG_USEC.
    std::optional<Duration> watchdog_interval() const { return watchdog_; }
    void feed_watchdog();

    /// A listening TCP socket of this address and port that the former hameaud left; it can be taken once.
    std::optional<Fd> take_listener(const std::string& address, std::uint16_t port);
    /// Keeps a copy of the socket for the next hameaud.
    void keep_listener(int fd, const std::string& address, std::uint16_t port);
    /// The house listens there no longer.
    void forget_listener(const std::string& address, std::uint16_t port);
    /// Those that nobody took: settings have changed meanwhile.
    void forget_rest();

private:
    void send(const std::string& text, int fd = -1);

    Fd socket_;
    std::optional<Duration> watchdog_;
    std::vector<std::pair<std::string, Fd>> kept_;
};

/// The name under which a listener is kept; FDNAME= takes no colon.
std::string listener_name(const std::string& address, std::uint16_t port);

} // namespace hameau::supervisor
