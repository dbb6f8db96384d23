// One connected socket a server, so that only that server's packets arrive; ids are random, and the question must come back (RFC 5452 §9.1).
#include "modules/mail/records/asker.hpp"

#include <array>
#include <cstdlib>
#include <memory>
#include <set>
#include <sys/random.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include "daemon/base/waiting.hpp"
#include "modules/mail/records/limits.hpp"

namespace hameau::mailrecords {

namespace asio = boost::asio;

namespace {

using Socket = asio::ip::udp::socket;
using Stream = boost::beast::basic_stream<asio::ip::tcp>;

struct Batch {
    std::map<std::uint16_t, Question> open;  ///< by id
    Replies replies;
    std::vector<Question> cut;
};

std::uint16_t random_id() {
    std::uint16_t id = 0;
    if (::getrandom(&id, sizeof id, 0) != sizeof id) {
        std::abort();  // cannot be: so few octets neither stop early nor fail; a number that can be guessed would be worse
    }
    return id;
}

void begin(Batch& batch, std::vector<Question> questions, Asking asking) {
    for (Question& question : questions) {
        if (batch.replies.size() == questions_max || batch.replies.contains(question)) {
            continue;
        }
        const bool is_name = write_question(question, 0, asking).has_value();
        batch.replies[question].outcome = is_name ? Outcome::silent : Outcome::no_name;
        if (is_name) {
            std::uint16_t id = random_id();
            while (batch.open.contains(id)) {
                ++id;
            }
            batch.open.emplace(id, std::move(question));
        }
    }
}

/// False: nobody is there. A refusal by ICMP is told to the next send, and then no receive hears of it. What is lost otherwise is sent again.
bool send_open(Socket& socket, const Batch& batch, Asking asking) {
    boost::system::error_code failed;
    for (const auto& [id, question] : batch.open) {
        socket.send(asio::buffer(*write_question(question, id, asking)), 0, failed);
        if (failed == asio::error::connection_refused) {
            return false;
        }
    }
    return true;
}

void take_packet(Batch& batch, std::string_view packet) {
    const auto id = id_of(packet);
    const auto found = id ? batch.open.find(*id) : batch.open.end();
    if (found == batch.open.end()) {
        return;
    }
    auto reply = read_reply(packet, found->second);
    if (!reply) {
        return;
    }
    if (reply->truncated) {
        batch.cut.push_back(found->second);
    }
    batch.replies[found->second] = std::move(*reply);
    batch.open.erase(found);
}

/// Until everything came or the time is up.
Task<void> receive(std::shared_ptr<Socket> socket, Batch& batch, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    asio::steady_timer timer(socket->get_executor());
    timer.expires_at(end);
    // The handler may run after this coroutine has ended: it holds the socket itself.
    timer.async_wait([socket](boost::system::error_code over) {
        if (!over) {
            socket->cancel();
        }
    });
    std::array<char, 4096> packet{};
    const auto buffer = asio::buffer(packet);
    while (!batch.open.empty() && std::chrono::steady_clock::now() < end) {
        auto received = co_await socket->async_receive(buffer, wait);
        const auto& [failed, size] = received;
        if (failed == asio::error::connection_refused) {
            co_return;  // ICMP: nobody is there
        }
        if (!failed) {
            take_packet(batch, std::string_view(packet.data(), size));
        } else if (failed != asio::error::operation_aborted) {
            co_return;
        }
    }
}

Task<std::optional<Reply>> ask_by_tcp(asio::io_context& io, Server server, Question question, Asking asking) {
    Stream stream(io);
    stream.expires_after(tcp_try);
    const asio::ip::tcp::endpoint endpoint(server.address(), server.port());
    auto connected = co_await stream.async_connect(endpoint, wait);
    if (std::get<0>(connected)) {
        co_return std::nullopt;
    }
    const std::uint16_t id = random_id();
    const std::string packet = write_question(question, id, asking).value_or("");
    std::string framed;  // RFC 1035 §4.2.2: two octets of length first
    framed += static_cast<char>(packet.size() >> 8U);
    framed += static_cast<char>(packet.size() & 0xffU);
    framed += packet;
    const auto question_buffer = asio::buffer(framed);
    auto sent = co_await asio::async_write(stream, question_buffer, wait);
    std::array<unsigned char, 2> length{};
    const auto length_buffer = asio::buffer(length);
    auto got_length = co_await asio::async_read(stream, length_buffer, wait);
    const std::size_t size = static_cast<std::size_t>(length[0]) << 8U | length[1];
    if (std::get<0>(sent) || std::get<0>(got_length) || size > tcp_octets_max) {
        co_return std::nullopt;
    }
    std::string answer(size, '\0');
    const auto answer_buffer = asio::buffer(answer);
    auto got = co_await asio::async_read(stream, answer_buffer, wait);
    if (std::get<0>(got) || id_of(answer) != id) {
        co_return std::nullopt;
    }
    co_return read_reply(answer, question);
}

} // namespace

Task<Replies> ask_all(asio::io_context& io, Server server, std::vector<Question> questions, Asking asking) {
    Batch batch;
    begin(batch, std::move(questions), asking);
    auto socket = std::make_shared<Socket>(io);
    boost::system::error_code failed;
    socket->open(server.protocol(), failed);
    if (!failed) {
        socket->connect(server, failed);
    }
    if (!failed) {
        socket->non_blocking(true, failed);
    }
    if (failed) {
        co_return std::move(batch.replies);
    }
    for (const auto patience : {first_try, second_try}) {
        if (batch.open.empty() || !send_open(*socket, batch, asking)) {
            break;
        }
        co_await receive(socket, batch, patience);
    }
    std::vector<Question> cut = std::move(batch.cut);
    cut.resize(std::min(cut.size(), tcp_questions_max));
    const auto end = std::chrono::steady_clock::now() + tcp_patience;
    for (const Question& question : cut) {
        if (std::chrono::steady_clock::now() > end) {
            break;
        }
        auto reply = co_await ask_by_tcp(io, server, question, asking);
        if (reply && !reply->truncated) {
            batch.replies[question] = std::move(*reply);
        }
    }
    co_return std::move(batch.replies);
}

} // namespace hameau::mailrecords
