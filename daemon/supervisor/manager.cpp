// Datagrams to NOTIFY_SOCKET. Lines of the form NAME=VALUE; a file descriptor travels beside them (SCM_RIGHTS).
#include "daemon/supervisor/manager.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

constexpr int listen_fds_start = 3;  // SD_LISTEN_FDS_START

std::string take_variable(const char* name) {
    const char* value = ::getenv(name);
    std::string text = value != nullptr ? value : "";
    ::unsetenv(name);
    return text;
}

long long number_of(const std::string& text) { return text.empty() ? 0 : std::atoll(text.substr(0, 18).c_str()); }

Fd connect_to_manager(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() < 2 || path.size() >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return Fd();
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const bool abstract = path[0] == '@';
    if (abstract) {
        address.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
    Fd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!made || ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        return Fd();
    }
    return made;
}

/// "0.0.0.0" or "::" and the port, as listener_name() says it; empty when it is no listening TCP socket.
std::string name_of_socket(int fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    sockaddr_storage address{};
    socklen_t address_size = sizeof address;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_size) != 0) {
        return {};
    }
    char text[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
        return listener_name(text, ntohs(four.sin_port));
    }
    if (address.ss_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
        return listener_name(text, ntohs(six.sin6_port));
    }
    return {};
}

} // namespace

std::string listener_name(const std::string& address, std::uint16_t port) {
    std::string name = "tcp-" + address + "-" + std::to_string(port);
    std::replace(name.begin(), name.end(), ':', '_');
    return name;
}

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    manager.socket_ = connect_to_manager(take_variable("NOTIFY_SOCKET"));
    const long long watchdog_usec = number_of(take_variable("WATCHDOG_USEC"));
    const std::string watchdog_pid = take_variable("WATCHDOG_PID");
    if (watchdog_usec > 0 && (watchdog_pid.empty() || number_of(watchdog_pid) == ::getpid())) {
        manager.watchdog_ = std::max(watchdog_min, Duration(watchdog_usec / 2000));
    }
    const bool ours = number_of(take_variable("LISTEN_PID")) == ::getpid();
    const long count = std::min<long>(static_cast<long>(number_of(take_variable("LISTEN_FDS"))), listen_fds_max);
    take_variable("LISTEN_FDNAMES");  // what a socket is, the kernel knows better
    for (long i = 0; ours && i < count; ++i) {
        Fd fd(listen_fds_start + static_cast<int>(i));
        std::string name = name_of_socket(fd.get());
        (void)set_close_on_exec(fd.get(), true);
        (void)set_nonblocking(fd.get(), true);
        if (!name.empty()) {
            manager.kept_.emplace_back(std::move(name), std::move(fd));
        }
    }
    return manager;
}

void ServiceManager::send(const std::string& text, int fd) {
    if (!socket_) {
        return;
    }
    iovec part{const_cast<char*>(text.data()), text.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsghdr* message = CMSG_FIRSTHDR(&header);
        message->cmsg_level = SOL_SOCKET;
        message->cmsg_type = SCM_RIGHTS;
        message->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(message), &fd, sizeof fd);
    }
    // One that does not read any more must not stop the house.
    (void)::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ServiceManager::ready(std::string_view status) { send("READY=1\nSTATUS=" + std::string(status)); }

void ServiceManager::status(std::string_view status) { send("STATUS=" + std::string(status)); }

void ServiceManager::stopping() { send("STOPPING=1"); }

void ServiceManager::reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

void ServiceManager::extend(Duration by) { send("EXTEND_TIMEOUT_USEC=" + std::to_string(std::int64_t{by.count()} * 1000)); }

void ServiceManager::feed_watchdog() { send("WATCHDOG=1"); }

std::optional<Fd> ServiceManager::take_listener(const std::string& address, std::uint16_t port) {
    const std::string name = listener_name(address, port);
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&name](const auto& one) { return one.first == name; });
    if (found == kept_.end()) {
        return std::nullopt;
    }
    Fd fd = std::move(found->second);
    kept_.erase(found);
    return fd;
}

void ServiceManager::keep_listener(int fd, const std::string& address, std::uint16_t port) {
    send("FDSTORE=1\nFDPOLL=0\nFDNAME=" + listener_name(address, port), fd);
}

void ServiceManager::forget_listener(const std::string& address, std::uint16_t port) {
    send("FDSTOREREMOVE=1\nFDNAME=" + listener_name(address, port));
}

void ServiceManager::forget_rest() {
    for (const auto& [name, fd] : kept_) {
        send("FDSTOREREMOVE=1\nFDNAME=" + name);
    }
    kept_.clear();
}

} // namespace hameau::supervisor
