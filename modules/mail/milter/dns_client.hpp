// DnsClient: look-ups over c-ares, inside the milter's own loop: no thread, nothing that blocks. It has sockets and timers only while a
// question is open, so that an idle house sleeps, and reads /etc/resolv.conf anew for each burst of questions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/base/clock.hpp"
#include "modules/mail/auth/dns.hpp"

struct ares_channeldata;

namespace hameau::milter {

class DnsClient {
public:
    using Done = std::function<void(mailauth::Answer)>;
    /// What to wait for on a socket: neither means that it is about to be closed.
    using Watch = std::function<void(int socket, bool readable, bool writable)>;

    explicit DnsClient(Watch watch);
    ~DnsClient();
    DnsClient(const DnsClient&) = delete;
    DnsClient& operator=(const DnsClient&) = delete;

    /// How many questions can be sent now. `first`: those that may use the reserved room.
    std::size_t room(bool first) const;
    /// Calls `done` once: at once when the question cannot be sent, else from process().
    void ask(mailauth::RecordType type, const std::string& name, Done done);
    /// A watched socket is ready. Below 0: only the time has passed.
    void process(int socket, bool readable, bool writable);
    /// Milliseconds until process(-1, false, false) is needed; below 0: not at all.
    int wait_ms() const;
    /// After each round of the loop: what no question needs any more is closed.
    void rest();

private:
    struct Question;
    bool open();
    void order_servers();
    void note_server(int timeouts);
    static void on_answer(void* argument, int status, int timeouts, unsigned char* octets, int size);

    Watch watch_;
    ares_channeldata* channel_ = nullptr;
    std::size_t open_ = 0;
    std::string preferred_;  ///< address and port of the name server that answered when the one before it did not; empty: the first
    Duration preferred_until_{0};
    bool reorder_ = false;   ///< the channel still has the order of before
    SystemClock clock_;
};

} // namespace hameau::milter
