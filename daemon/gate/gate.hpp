// Gate: the front door's process. Owns the parts, accepts visitors, hears hameaud, ends in order.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/clock.hpp"
#include "daemon/base/journal.hpp"
#include "daemon/child/child.hpp"
#include "daemon/child/control.hpp"
#include "daemon/gate/channel.hpp"
#include "daemon/gate/file_cache.hpp"
#include "daemon/gate/handshakes.hpp"
#include "daemon/gate/hosts.hpp"
#include "daemon/gate/mail_names.hpp"
#include "daemon/gate/addresses.hpp"
#include "daemon/gate/module_sockets.hpp"
#include "daemon/gate/router.hpp"
#include "daemon/gate/sessions.hpp"
#include "daemon/gate/site_store.hpp"
#include "daemon/gate/tls.hpp"
#include "daemon/gate/web_files.hpp"

namespace hameau::gate {

/// What main() opened before the sandbox.
struct GateParts {
    GateOptions options;
    std::unique_ptr<TlsStore> tls;
    SiteStore sites;
    MailNames mail_names;
    WebFiles web;
    Router router;
    ConnectionLimits limits;
};

class Http2Connection;

/// A connection as the gate sees it: which ones may be ended at once when it stops.
struct OpenConnection {
    Channel* channel = nullptr;
    bool idle = false;  ///< between two requests
    bool busy = false;  ///< a request is being answered
    Http2Connection* http2 = nullptr;  ///< it ends by itself once it was told to
    bool tunnel = false;  ///< a WebSocket: it would never end by itself, and its page connects again
};

class Gate {
public:
    Gate(GateParts parts, ChildEnvironment environment);
    /// Serves until SIGTERM or the loss of hameaud. The process's exit code.
    int run();

    boost::asio::io_context& io() { return io_; }
    const GateOptions& options() const { return parts_.options; }
    const Journal& journal() const { return journal_; }
    const Router& router() const { return parts_.router; }
    const WebFiles& web() const { return parts_.web; }
    SiteStore& sites() { return parts_.sites; }
    const MailNames& mail_names() const { return parts_.mail_names; }
    FileCache& cache() { return cache_; }
    Sessions& sessions() { return sessions_; }
    ModuleSockets& modules() { return modules_; }
    Deadlines& deadlines() { return deadlines_; }
    TlsStore& tls() { return *parts_.tls; }
    ConnectionLimits& limits() { return parts_.limits; }
    Handshakes& handshakes() { return handshakes_; }
    bool stopping() const { return stopping_; }

    using Place = std::list<OpenConnection>::iterator;
    Place enter(Channel& channel);
    void leave(Place place);
    /// Connections over the limits that are being told so.
    std::size_t refusing = 0;
    /// Responses of HTTP/2 that are on their way, beyond one for each connection.
    std::size_t extra_answers = 0;
    /// Connections whose uploads have a wide window.
    unsigned wide_windows = 0;
    /// Bytes of header sections that have not come whole, over all connections.
    std::size_t unfinished_heads_bytes = 0;

private:
    struct Door {
        boost::asio::posix::stream_descriptor listener;
        bool tls;
    };
    Task<void> accept_loop(Door& door);
    /// False when nobody else waits, or the system has no descriptor left.
    bool accept_one(Door& door, bool& exhausted);
    void admit(Fd socket, const sockaddr_storage& peer, bool tls);
    void on_control(const Message& message);
    void tell_served(const Message& question, const Status& read);
    void stop();

    GateParts parts_;
    ChildEnvironment environment_;
    Journal journal_;
    boost::asio::io_context io_{1};
    SystemClock clock_;
    Deadlines deadlines_{io_};
    ModuleSockets modules_{io_, deadlines_, "../run"};
    Sessions sessions_{modules_, clock_, journal_};
    FileCache cache_;
    Handshakes handshakes_{io_};
    std::chrono::steady_clock::time_point next_exhausted_journal_{};
    boost::asio::signal_set signals_{io_};
    boost::asio::steady_timer end_timer_{io_};
    std::unique_ptr<ControlChannel> control_;
    std::list<Door> doors_;
    std::list<OpenConnection> open_;
    bool stopping_ = false;
    int exit_code_ = 0;
};

/// One visitor's connection, from the handshake to its end. `admitted`: within the limits; else it is told 503.
void serve_visitor(Gate& gate, Fd socket, Address address, bool tls, bool admitted);

} // namespace hameau::gate
