// The probes: a few lines of SMTP or IMAP, read one reply at a time.
#include "modules/mail/engines/probe.hpp"

#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include "daemon/base/waiting.hpp"
#include "modules/mail/limits.hpp"

namespace hameau::mail {

namespace asio = boost::asio;

namespace {

using Stream = boost::beast::basic_stream<asio::ip::tcp>;

Task<std::optional<std::string>> read_line(Stream& stream, std::string& buffer) {
    auto target = asio::dynamic_buffer(buffer, reply_bytes_max);
    auto read = co_await asio::async_read_until(stream, target, '\n', wait);
    const auto& [failed, size] = read;
    if (failed || size == 0) {
        co_return std::nullopt;
    }
    std::string line = buffer.substr(0, size);
    buffer.erase(0, size);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.pop_back();
    }
    line.resize(std::min(line.size(), said_bytes_max));
    co_return line;
}

/// The last line of a reply ("250-..." continues, "250 ..." ends: RFC 5321 §4.2.1), after sending a command.
Task<std::optional<std::string>> reply_to(Stream& stream, std::string& buffer, std::string command) {
    if (!command.empty()) {
        auto sent = co_await asio::async_write(stream, asio::buffer(command), wait);
        if (std::get<0>(sent)) {
            co_return std::nullopt;
        }
    }
    for (std::size_t i = 0; i < reply_lines_max; ++i) {
        auto line = co_await read_line(stream, buffer);
        if (!line || line->size() < 4 || (*line)[3] != '-') {
            co_return line;
        }
    }
    co_return std::nullopt;
}

bool says(const std::optional<std::string>& reply, std::string_view code) { return reply && reply->starts_with(code); }

Task<bool> connect(Stream& stream, std::uint16_t port, std::chrono::milliseconds deadline) {
    stream.expires_after(deadline);
    const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    auto connected = co_await stream.async_connect(endpoint, wait);
    co_return !std::get<0>(connected);
}

} // namespace

Task<Probe> probe_smtp(asio::io_context& io, std::uint16_t port, std::string recipient, std::chrono::milliseconds deadline) {
    Probe probe;
    Stream stream(io);
    std::string buffer;
    const bool connected = co_await connect(stream, port, deadline);
    if (!connected) {
        probe.said = "no connection";
        co_return probe;
    }
    std::vector<std::string> commands;
    commands.emplace_back("");
    commands.emplace_back("EHLO localhost\r\n");
    if (!recipient.empty()) {
        commands.emplace_back("MAIL FROM:<>\r\n");
        commands.push_back("RCPT TO:<" + recipient + ">\r\n");
    }
    for (std::size_t i = 0; i < commands.size(); ++i) {
        std::string command = commands[i];
        const auto reply = co_await reply_to(stream, buffer, std::move(command));
        if (!reply) {
            probe.verdict = Verdict::silent;
            probe.said = "no answer in time";
            co_return probe;
        }
        probe.said = *reply;
        const bool full = i == 3 && (says(reply, "452") || says(reply, "552"));
        if (!says(reply, i == 0 ? "220" : "250") && !full) {
            probe.verdict = Verdict::refusing;
            co_return probe;
        }
    }
    std::string quit = "QUIT\r\n";
    const auto farewell = co_await reply_to(stream, buffer, std::move(quit));
    (void)farewell;
    probe.verdict = Verdict::fine;
    co_return probe;
}

Task<Probe> probe_imap(asio::io_context& io, std::uint16_t port, std::chrono::milliseconds deadline) {
    Probe probe;
    Stream stream(io);
    std::string buffer;
    const bool connected = co_await connect(stream, port, deadline);
    if (!connected) {
        probe.said = "no connection";
        co_return probe;
    }
    const auto greeting = co_await read_line(stream, buffer);
    probe.said = greeting.value_or("no answer in time");
    if (greeting) {
        probe.verdict = greeting->starts_with("* OK") ? Verdict::fine : Verdict::refusing;
        std::string bye = "a LOGOUT\r\n";
        auto sent = co_await asio::async_write(stream, asio::buffer(bye), wait);
        (void)sent;
    }
    co_return probe;
}

} // namespace hameau::mail
