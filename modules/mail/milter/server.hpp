// Server: the loop of hameau-milter. One thread, no timer while nobody waits for an answer of Dovecot or of DNS.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/journal.hpp"
#include "modules/mail/milter/dns_client.hpp"
#include "modules/mail/milter/dns_health.hpp"
#include "modules/mail/milter/key_rounds.hpp"
#include "modules/mail/milter/lookups.hpp"
#include "modules/mail/milter/session.hpp"

namespace hameau::milter {

struct Places {
    std::string database;
    std::string quota_socket;
    std::string state;
    std::uint64_t disk_floor_bytes = 0;
    std::string postfix_data;  ///< its owner is who may connect
    std::string host;          ///< our name in Authentication-Results
    IncomingMode incoming = IncomingMode::off;
    bool sign = false;         ///< sign what members send
};

class Server {
public:
    Server(const Places& places, Fd listener, Fd control);
    /// Until SIGTERM, or until hameaud is gone. The exit code.
    int run();

private:
    struct Connection {
        Connection(Fd fd, Server& server);
        Fd socket;
        PacketReader reader;
        Lookups lookups;
        Incoming incoming;
        Signing signing;
        Session session;
        std::string out;
        Fd quota;                   ///< open while a question is
        std::string quota_answer;
        Duration quota_deadline{0};
        Duration dns_deadline{0};
        bool looking_up = false;    ///< waits for DNS, until dns_deadline at most
        bool ended = false;
    };

    void accept_one();
    void on_control();
    void on_readable(Connection& connection);
    void on_quota_readable(Connection& connection);
    void work(Connection& connection);
    void apply(Connection& connection, Step step);
    bool begin_question(Connection& connection);
    void settle(Connection& connection, Room room);
    void begin_look_up(Connection& connection);
    void send_questions(Connection& connection);
    void send_waiting();
    void note_slow();
    void resume(Connection& connection);
    void resume_answered();
    void note_dns(bool failed);
    void watch_dns(int fd, bool readable, bool writable);
    void keep_deadlines();
    void make_missing_keys();
    void tend_keys(const std::vector<std::string>& domains);
    void flush(Connection& connection);
    void watch(int fd, std::uint32_t events, bool add);
    void drop_ended();
    int wait_ms() const;
    bool is_postfix(int fd) const;

    Journal journal_{"milter"};
    SystemClock clock_;
    DatabaseRights rights_;
    Outgoing outgoing_;
    std::string quota_socket_;
    uid_t postfix_uid_;
    Fd listener_;
    Fd control_;
    Fd epoll_;
    std::map<int, std::shared_ptr<Connection>> by_fd_;  ///< its socket, and the quota socket while it asks
    std::size_t connections_ = 0;
    IncomingMode incoming_;
    bool sign_;
    StoredKeys keys_;
    KeyRounds key_rounds_{clock_};
    std::optional<Duration> keys_tended_;
    DnsHealth dns_health_;
    DnsPatience dns_patience_;
    std::string host_;
    std::vector<std::shared_ptr<Connection>> answered_;  ///< have all answers that they waited for
    DnsClient dns_;
    std::optional<Duration> slow_logged_;
    unsigned slow_messages_ = 0;  ///< since then
    bool stopping_ = false;
};

} // namespace hameau::milter
