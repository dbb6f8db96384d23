// epoll over: the listener, hameaud's control socket, Postfix's connections, questions to Dovecot, sockets of c-ares.
#include "modules/mail/milter/server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/disk.hpp"
#include "daemon/base/io.hpp"
#include "daemon/child/child.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace {

constexpr Event stranger_refused{"milter.stranger_refused", Level::warning, "only Postfix may connect"};
constexpr Event protocol_broken{"milter.protocol_broken", Level::warning, "the connection was ended"};
constexpr Event quota_unknown{"milter.quota_unknown", Level::warning, "the message is taken; Dovecot decides at delivery"};

constexpr Event sends_much{"milter.sends_much", Level::warning,
                           "wrote to very many people in a short time and has to wait; if it was not them, their password is known to somebody: give them a new one"};
constexpr Event dns_too_slow{"milter.dns_too_slow", Level::warning, "the message was judged without the answers that did not come"};

constexpr Event dns_silent{"milter.dns_silent", Level::error, "no look-up was answered for minutes: what arrives is checked in part only; see /etc/resolv.conf"};
constexpr Event dns_back{"milter.dns_back", Level::info};

constexpr Event key_made{"milter.key_made", Level::info};
constexpr Event key_next{"milter.key_next", Level::info, "a newer key waits for its record in DNS; the older one goes on signing"};
constexpr Event key_dropped{"milter.key_dropped", Level::info, "a newer key signs; the older one's record may leave DNS"};
constexpr Event keys_forgotten{"milter.keys_forgotten", Level::info, "the domain is not ours any more"};
constexpr Event keys_not_tended{"milter.keys_not_tended", Level::warning, "the keys stay as they are"};
constexpr Event key_missing{"milter.key_missing", Level::warning, "what this domain sends is not signed"};

volatile std::sig_atomic_t asked_to_stop = 0;

void on_signal(int) { asked_to_stop = 1; }

uid_t owner_of(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_uid : ::geteuid();
}

/// Whether something keeps the clock right. Where nobody tells the kernel (a container's host, a network without NTP) it is not known.
bool clock_is_set() {
    timex state{};
    if (::adjtimex(&state) < 0) {
        return errno == EPERM;  // systemd's unit forbids the question (ProtectClock): the machine's clock is believed
    }
    return (state.status & STA_UNSYNC) == 0;
}

long seconds_now() { return static_cast<long>(std::time(nullptr)); }

/// Of a key that is made now: its date. A name that changes with the key is what makes changing keys possible.
std::string new_selector() {
    const std::time_t now = std::time(nullptr);
    std::tm day{};
    ::gmtime_r(&now, &day);
    char text[16];
    std::strftime(text, sizeof text, "h%Y%m%d", &day);
    return text;
}

} // namespace

Server::Connection::Connection(Fd fd, Server& server) :
    socket(std::move(fd)), incoming(server.incoming_, server.host_, lookups, [] { return mailauth::VerifyTime(seconds_now(), clock_is_set()); }, &server.dns_patience_),
    signing(server.keys_, lookups, seconds_now),
    session(server.rights_, server.outgoing_, &incoming, server.sign_ ? &signing : nullptr) {}

Server::Server(const Places& places, Fd listener, Fd control) :
    rights_(places.database),
    outgoing_(clock_, [state = places.state, floor = places.disk_floor_bytes] { return !check_disk_floor(state, floor, 1); },
              [this](const std::string& user) { journal_.write(sends_much, {{"user", user}}); }),
    quota_socket_(places.quota_socket), postfix_uid_(owner_of(places.postfix_data)),
    listener_(std::move(listener)), control_(std::move(control)), epoll_(::epoll_create1(EPOLL_CLOEXEC)), incoming_(places.incoming),
    sign_(places.sign), keys_(places.state + "/milter"), host_(places.host), dns_([this](int fd, bool readable, bool writable) { watch_dns(fd, readable, writable); }) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    (void)set_nonblocking(listener_.get(), true);
    watch(listener_.get(), EPOLLIN, true);
    if (control_) {
        (void)set_nonblocking(control_.get(), true);
        watch(control_.get(), EPOLLIN, true);
    }
}

void Server::watch(int fd, std::uint32_t events, bool add) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_.get(), add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

int Server::wait_ms() const {
    std::optional<Duration> next;
    for (const auto& [fd, connection] : by_fd_) {
        if (connection->quota && (!next || connection->quota_deadline < *next)) {
            next = connection->quota_deadline;
        }
        if (connection->looking_up && (!next || connection->dns_deadline < *next)) {
            next = connection->dns_deadline;
        }
    }
    const int dns = dns_.wait_ms();
    const int own = next ? static_cast<int>(std::max<Duration::rep>((*next - clock_.now()).count() + 1, 0)) : -1;
    return dns < 0 || (own >= 0 && own < dns) ? own : dns;
}

int Server::run() {
    while (!stopping_ && asked_to_stop == 0) {
        epoll_event events[32];
        const int n = ::epoll_wait(epoll_.get(), events, 32, wait_ms());
        if (n < 0 && errno != EINTR) {
            return 70;
        }
        for (int i = 0; i < n; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener_.get()) {
                accept_one();
            } else if (control_ && fd == control_.get()) {
                on_control();
            } else if (const auto found = by_fd_.find(fd); found != by_fd_.end()) {
                const auto connection = found->second;
                if (fd != connection->socket.get()) {
                    on_quota_readable(*connection);
                } else if ((events[i].events & EPOLLOUT) != 0) {
                    flush(*connection);
                } else {
                    on_readable(*connection);
                }
            } else {
                dns_.process(fd, (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0, (events[i].events & EPOLLOUT) != 0);
            }
        }
        dns_.process(-1, false, false);
        keep_deadlines();
        do {
            resume_answered();
            send_waiting();
        } while (!answered_.empty());
        dns_.rest();
        drop_ended();
    }
    return 0;
}

void Server::keep_deadlines() {
    const Duration now = clock_.now();
    for (const auto& [fd, connection] : std::map(by_fd_)) {
        if (connection->quota && connection->quota_deadline <= now) {
            settle(*connection, Room::unknown);
        }
        if (connection->looking_up && connection->dns_deadline <= now) {
            note_slow();
            connection->lookups.expire();
            resume(*connection);
        }
    }
}

/// Anybody can send a message that waits too long: one line for many of them.
void Server::note_slow() {
    ++slow_messages_;
    const Duration now = clock_.now();
    if (!slow_logged_ || now - *slow_logged_ >= dns_slow_logged) {
        journal_.write(dns_too_slow, {{"messages", std::to_string(slow_messages_)}});
        slow_logged_ = now;
        slow_messages_ = 0;
    }
}

void Server::watch_dns(int fd, bool readable, bool writable) {
    epoll_event event{};
    event.events = (readable ? std::uint32_t{EPOLLIN} : 0U) | (writable ? std::uint32_t{EPOLLOUT} : 0U);
    event.data.fd = fd;
    if (event.events == 0) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &event);
    } else if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    }
}

/// The message waits from now on, whatever it asks later.
void Server::begin_look_up(Connection& connection) {
    connection.looking_up = true;
    connection.dns_deadline = clock_.now() + connection.session.dns_wait();
    send_questions(connection);
}

void Server::send_questions(Connection& connection) {
    const std::shared_ptr<Connection> self = by_fd_.at(connection.socket.get());
    for (const Lookups::Question& question : connection.lookups.take_unsent({dns_.room(false), dns_.room(true)})) {
        const auto done = [this, weak = std::weak_ptr(self), question, message = connection.lookups.message()](mailauth::Answer answer) {
            note_dns(answer.status == mailauth::Answer::Status::failed);
            const auto still = weak.lock();
            if (!still || !still->looking_up || still->lookups.message() != message || !still->lookups.is_waiting()) {
                return;
            }
            still->lookups.answer(question, std::move(answer));
            if (!still->lookups.is_waiting()) {
                answered_.push_back(still);
            }
        };
        dns_.ask(question.first, question.second, done);
    }
}

void Server::note_dns(bool failed) {
    const DnsHealth::News news = dns_health_.on_answer(failed, clock_.now());
    if (news != DnsHealth::News::none) {
        journal_.write(news == DnsHealth::News::silent ? dns_silent : dns_back);
    }
}

/// What found no room before. Each message has its turn from the start of the list; the time of each is bounded.
void Server::send_waiting() {
    for (const auto& [fd, connection] : by_fd_) {
        if (connection->looking_up && !connection->ended && connection->lookups.has_unsent() && fd == connection->socket.get()) {
            send_questions(*connection);
        }
    }
}

/// Not from within an answer: a message that goes on may ask more, and c-ares is in the middle of its own work then.
void Server::resume_answered() {
    while (!answered_.empty()) {
        for (const auto& connection : std::exchange(answered_, {})) {
            if (connection->looking_up && !connection->lookups.is_waiting() && !connection->ended) {
                resume(*connection);
            }
        }
    }
}

void Server::resume(Connection& connection) {
    Step step = connection.session.on_answers();
    if (step.look_up) {
        send_questions(connection);
        return;
    }
    connection.looking_up = false;
    connection.lookups.forget();
    apply(connection, std::move(step));
    work(connection);
}

bool Server::is_postfix(int fd) const {
    const auto peer = peer_of(fd);
    return peer && (peer->uid == postfix_uid_ || peer->uid == 0 || peer->uid == ::geteuid());
}

void Server::accept_one() {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd || connections_ >= connections_max) {
        return;
    }
    if (!is_postfix(fd.get())) {
        journal_.write(stranger_refused);
        return;
    }
    const int number = fd.get();
    by_fd_[number] = std::make_shared<Connection>(std::move(fd), *this);
    ++connections_;
    watch(number, EPOLLIN, true);
    make_missing_keys();
}

/// A domain that is new gets its key at the next connection of Postfix (the health check of hameau-mail is one), one at a time.
/// No timer looks for it.
void Server::make_missing_keys() {
    // A clock that was not set yet would give the key the wrong day.
    if (!sign_ || !key_rounds_.is_due() || seconds_now() < signing_clock_least) {
        return;
    }
    const auto domains = rights_.domains();
    if (!domains) {
        return;
    }
    const auto outcome = key_rounds_.run(*domains, [this](const std::string& domain) { return keys_.ensure(domain, new_selector()); });
    if (!outcome) {
        tend_keys(*domains);
    } else if (!outcome->error) {
        journal_.write(key_made, {{"domain", outcome->domain}});
    } else if (outcome->news) {
        journal_.write(key_missing, {{"domain", outcome->domain}, {"error", outcome->error->message}});
    }
}

/// Once an hour: keys that are old, and keys of domains that left. One key at a time is made, since that takes up to a second.
void Server::tend_keys(const std::vector<std::string>& domains) {
    const Duration now = clock_.now();
    if (keys_tended_ && now - *keys_tended_ < signing_keys_tend) {
        return;
    }
    keys_tended_ = now;
    for (const std::string& domain : domains) {
        const auto turn = keys_.tend(domain, new_selector(), seconds_now());
        if (!turn) {
            journal_.write(keys_not_tended, {{"domain", domain}, {"error", turn.error().message}});
        } else if (*turn == KeyTurn::make_next) {
            journal_.write(key_next, {{"domain", domain}});
            keys_tended_.reset();  // the others at the next connection
            return;
        } else if (*turn == KeyTurn::drop_older) {
            journal_.write(key_dropped, {{"domain", domain}});
        }
    }
    // A list that was cut is no proof that a domain left.
    const auto gone = domains.size() < signing_domains_listed_max ? keys_.forget_others(domains, seconds_now()) : std::vector<std::string>();
    if (!gone) {
        journal_.write(keys_not_tended, {{"error", gone.error().message}});
        return;
    }
    for (const std::string& domain : *gone) {
        journal_.write(keys_forgotten, {{"domain", domain}});
    }
}

void Server::on_control() {
    for (;;) {
        const auto message = receive_message(control_.get());
        if (!message) {
            // The end of the channel is the end of hameaud.
            stopping_ = message.error().code != std::errc::resource_unavailable_try_again;
            return;
        }
        if (message->kind == MessageKind::report) {
            (void)send_message(control_.get(), usage_message(*message));
        }
    }
}

void Server::on_readable(Connection& connection) {
    char part[16384];
    const ssize_t n = ::recv(connection.socket.get(), part, sizeof part, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        connection.ended = true;
        return;
    }
    connection.reader.feed(std::string_view(part, static_cast<std::size_t>(n)));
    if (connection.reader.held_bytes() > 2 * packet_bytes_max) {
        connection.ended = true;
        return;
    }
    work(connection);
}

/// All whole packets, until one needs an answer of Dovecot or of DNS.
void Server::work(Connection& connection) {
    while (!connection.ended && !connection.quota && !connection.looking_up) {
        const auto packet = connection.reader.next();
        if (!packet) {
            journal_.write(protocol_broken, {{"error", packet.error().message}});
            connection.ended = true;
            return;
        }
        if (!*packet) {
            return;
        }
        apply(connection, connection.session.on_packet(**packet));
    }
}

void Server::apply(Connection& connection, Step step) {
    for (;;) {
        connection.out += step.replies;
        connection.ended = connection.ended || step.close || connection.out.size() > out_bytes_max;
        flush(connection);
        if (step.look_up && !connection.ended) {
            begin_look_up(connection);
            return;
        }
        if (!step.ask || connection.ended || begin_question(connection)) {
            return;
        }
        step = connection.session.on_room(Room::unknown);
    }
}

void Server::flush(Connection& connection) {
    if (connection.out.empty()) {
        return;
    }
    const ssize_t n = ::send(connection.socket.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        connection.ended = true;
        return;
    }
    connection.out.erase(0, n > 0 ? static_cast<std::size_t>(n) : 0);
    watch(connection.socket.get(), connection.out.empty() ? EPOLLIN : EPOLLOUT, false);
}

/// False when Dovecot cannot be asked now: never waits for it here.
bool Server::begin_question(Connection& connection) {
    Fd quota(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    quota_socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    const std::string request = quota_request(connection.session.question());
    const bool sent = quota && ::connect(quota.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                      ::send(quota.get(), request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
    if (!sent) {
        journal_.write(quota_unknown, {{"error", std::generic_category().message(errno)}});
        return false;
    }
    connection.quota = std::move(quota);
    connection.quota_answer.clear();
    connection.quota_deadline = clock_.now() + quota_wait;
    by_fd_[connection.quota.get()] = by_fd_[connection.socket.get()];
    watch(connection.quota.get(), EPOLLIN, true);
    return true;
}

void Server::on_quota_readable(Connection& connection) {
    char part[512];
    const ssize_t n = ::recv(connection.quota.get(), part, sizeof part, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n > 0) {
        connection.quota_answer.append(part, static_cast<std::size_t>(n));
    }
    if (connection.quota_answer.find("\n\n") != std::string::npos) {
        settle(connection, parse_quota_answer(connection.quota_answer));
    } else if (n <= 0 || connection.quota_answer.size() > quota_response_bytes_max) {
        settle(connection, Room::unknown);
    }
}

void Server::settle(Connection& connection, Room room) {
    if (room == Room::unknown) {
        journal_.write(quota_unknown, {{"answer", connection.quota_answer}});
    }
    by_fd_.erase(connection.quota.get());
    connection.quota.reset();
    apply(connection, connection.session.on_room(room));
    work(connection);
}

void Server::drop_ended() {
    std::erase_if(by_fd_, [this](const auto& entry) {
        const auto& [fd, connection] = entry;
        if (!connection->ended) {
            return false;
        }
        connections_ -= fd == connection->socket.get() ? 1 : 0;
        return true;
    });
}

} // namespace hameau::milter
