// Accepting, control messages, the orderly end.
#include "daemon/gate/gate.hpp"

#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/gate/http2_connection.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

static_assert(stop_deadline < kill_after);
constexpr Event gate_ready{"gate.ready", Level::info};
constexpr Event gate_stopping{"gate.stopping", Level::info};
constexpr Event hosts_failed{"gate.hosts_failed", Level::error, "the former list of sites stays"};
constexpr Event certificates_failed{"gate.certificates_failed", Level::error, "the former certificates stay"};
constexpr Event accept_failed{"gate.accept_failed", Level::error, "raise the limit of open files, or lower gate.limits.connections"};

void set_option(int socket, int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); }

/// Of a listener: each connection that it accepts has them from the begin (tcp(7), Linux).
void set_options(int listener) {
    set_option(listener, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(listener, IPPROTO_TCP, TCP_KEEPIDLE, keep_idle_seconds);
    set_option(listener, IPPROTO_TCP, TCP_KEEPINTVL, keep_idle_seconds / 4);
    set_option(listener, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set_option(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes_max);
}

/// Whether something of a next request lies there unread.
bool has_bytes(int socket) {
    char byte = 0;
    return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

} // namespace

Gate::Gate(GateParts parts, ChildEnvironment environment) :
    parts_(std::move(parts)), environment_(std::move(environment)), journal_("gate") {}

int Gate::run() {
    control_ = std::make_unique<ControlChannel>(
        io_, std::move(environment_.control), [this](const Message& message) { on_control(message); },
        [this] {
            exit_code_ = 0;
            io_.stop();  // hameaud is gone: nobody would lend this socket again
        });
    control_->start();
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](boost::system::error_code failed, int) {
        if (!failed) {
            stop();
        }
    });
    for (auto& [name, fd] : environment_.listeners) {
        (void)set_nonblocking(fd.get(), true);
        set_options(fd.get());
        doors_.push_back({asio::posix::stream_descriptor(io_, fd.release()), name == "https"});
    }
    for (Door& door : doors_) {
        spawn(io_, accept_loop(door), journal_, "accept");
    }
    notify("READY=1\nSTATUS=ready");
    journal_.write(gate_ready, {{"doors", std::to_string(doors_.size())}, {"sites", std::to_string(parts_.sites.map().lines().size())}});
    io_.run();
    return exit_code_;
}

Task<void> Gate::accept_loop(Door& door) {
    while (!stopping_) {
        auto waited = co_await door.listener.async_wait(asio::posix::descriptor_base::wait_read, wait);
        if (stopping_ || std::get<0>(waited)) {
            co_return;
        }
        bool exhausted = false;
        for (int i = 0; i < accepts_per_round && accept_one(door, exhausted); ++i) {
        }
        if (exhausted) {
            if (const auto now = std::chrono::steady_clock::now(); now >= next_exhausted_journal_) {
                next_exhausted_journal_ = now + exhausted_journal_interval;
                journal_.write(accept_failed, {{"connections", std::to_string(parts_.limits.count())}});
            }
            asio::steady_timer pause(io_, exhausted_pause);
            co_await pause.async_wait(wait);
        }
    }
}

bool Gate::accept_one(Door& door, bool& exhausted) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Fd socket(::accept4(door.listener.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
        exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return errno == ECONNABORTED || errno == EINTR;
    }
    admit(std::move(socket), peer, door.tls);
    return true;
}

void Gate::admit(Fd socket, const sockaddr_storage& peer, bool tls) {
    const Address address = Address::of(peer);
    const bool admitted = parts_.limits.enter(address);
    if (!admitted && refusing >= refusing_max) {
        return;  // closed: there is no room even to say so
    }
    serve_visitor(*this, std::move(socket), address, tls, admitted);
}

Gate::Place Gate::enter(Channel& channel) {
    open_.push_front({&channel});
    return open_.begin();
}

void Gate::leave(Place place) {
    open_.erase(place);
    if (stopping_ && open_.empty()) {
        io_.stop();
    }
}

void Gate::on_control(const Message& message) {
    const std::string_view what = message.get("what");
    if (message.kind == MessageKind::announce && what == "hosts") {
        const Status read = parts_.sites.reload();
        if (!read) {
            journal_.write(hosts_failed, {{"error", read.error().message}});
        }
        if (auto names = parts_.mail_names.reload(); !names) {
            journal_.write(hosts_failed, {{"error", names.error().message}});
        }
        if (message.serial != 0) {
            tell_served(message, read);
        }
    } else if (message.kind == MessageKind::reload && what == "certificates") {
        if (auto read = parts_.tls->reload(); !read) {
            journal_.write(certificates_failed, {{"error", read.error().message}});
        }
    }
}

/// Sites waits for this before it says that a version is live: the list is read, and the version's manifest opens.
void Gate::tell_served(const Message& question, const Status& read) {
    std::string error = read ? std::string() : read.error().message;
    const sites::HostLine* line = parts_.sites.map().find(question.get("host"));
    if (read && line != nullptr && !line->manifest.empty()) {
        if (const auto manifest = parts_.sites.manifest(line->manifest); !manifest) {
            error = manifest.error().message;
        }
    }
    Message answer;
    answer.kind = MessageKind::announce;
    answer.serial = question.serial;
    answer.fields = {{"what", "served"}, {"ok", error.empty() ? "1" : "0"}, {"error", error}};
    control_->tell(std::move(answer));
}

void Gate::stop() {
    if (stopping_) {
        return;
    }
    stopping_ = true;
    notify("STOPPING=1\nSTATUS=stopping");
    journal_.write(gate_stopping, {{"connections", std::to_string(open_.size())}});
    for (Door& door : doors_) {
        boost::system::error_code ignored;
        door.listener.close(ignored);  // visitors that wait stay in hameaud's copy
    }
    for (const OpenConnection& connection : open_) {
        if (connection.tunnel || (connection.idle && !has_bytes(connection.channel->fd()))) {
            connection.channel->end();
        } else if (connection.http2 != nullptr) {
            connection.http2->go_away();
        } else if (!connection.busy) {
            connection.channel->set_deadline(first_request_time);
        }
    }
    if (open_.empty()) {
        io_.stop();
        return;
    }
    end_timer_.expires_after(stop_deadline);
    end_timer_.async_wait([this](boost::system::error_code) { io_.stop(); });
}

} // namespace hameau::gate
