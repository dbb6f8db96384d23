// The doveadm-server protocol, version 1.0, as Dovecot 2.3 speaks it (found out by asking it):
//   we       VERSION TAB doveadm-server TAB 1 TAB 0
//   Dovecot  "+" (go on) or "-" (a password is wanted: PLAIN TAB base64(NUL doveadm NUL password))
//   we       flags TAB user TAB command TAB argument...
//   Dovecot  every value followed by TAB, all on one line; then "+", or "-" with a reason
// A minor version above 0 would wrap the answers into channels. Without a password Dovecot lets only sockets of mode
// 0600 in, whose owner it must know by name.
#include "modules/mail/engines/doveadm.hpp"

#include <charconv>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <sodium.h>

#include "daemon/base/io.hpp"
#include "daemon/base/secret.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/mail/limits.hpp"

namespace hameau::mail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t socket_path_bytes_max = 107;
using Stream = boost::beast::basic_stream<asio::local::stream_protocol>;

std::string plain_line(const Secret& password) {
    const std::string text = std::string("\0doveadm\0", 9) + std::string(password.reveal());
    return "PLAIN\t" + base64(text) + "\n";
}

Task<bool> send(Stream& stream, std::string text) {
    auto sent = co_await asio::async_write(stream, asio::buffer(text), wait);
    co_return !std::get<0>(sent);
}

Task<std::optional<std::string>> read_line(Stream& stream, std::string& buffer) {
    auto target = asio::dynamic_buffer(buffer, figures_answer_bytes_max);
    auto read = co_await asio::async_read_until(stream, target, '\n', wait);
    const auto& [failed, size] = read;
    if (failed || size == 0) {
        co_return std::nullopt;
    }
    std::string line = buffer.substr(0, size - 1);
    buffer.erase(0, size);
    co_return line;
}

/// True when commands may follow.
Task<bool> greet(Stream& stream, std::string& buffer, const std::string& password_path) {
    std::string hello = "VERSION\tdoveadm-server\t1\t0\n";
    const bool said = co_await send(stream, std::move(hello));
    if (!said) {
        co_return false;
    }
    auto answer = co_await read_line(stream, buffer);
    if (answer && answer->starts_with("VERSION\t")) {
        answer = co_await read_line(stream, buffer);
    }
    if (!answer || *answer != "-") {
        co_return answer == "+";
    }
    auto text = read_file(password_path, doveadm_password_bytes_max);
    if (!text) {
        co_return false;
    }
    const Secret password(text->substr(0, text->find_first_of("\r\n")));
    std::string line = plain_line(password);
    const bool told = co_await send(stream, std::move(line));
    if (!told) {
        co_return false;
    }
    answer = co_await read_line(stream, buffer);
    co_return answer == "+";
}

} // namespace

std::string doveadm_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '\001':
            out += "\0011";
            break;
        case '\t':
            out += "\001t";
            break;
        case '\r':
            out += "\001r";
            break;
        case '\n':
            out += "\001n";
            break;
        case '\0':
            out += "\0010";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string figures_command(std::string_view user) {
    return "\t" + doveadm_escaped(user) + "\tmailbox status\tunseen vsize\t*\n";
}

std::string kick_command(std::string_view user) {
    const std::string name = doveadm_escaped(user);
    return "\t" + name + "\tkick\t" + name + "\n";
}

BoxFigures parse_figures(std::string_view answer) {
    BoxFigures figures;
    figures.unread = 0;
    figures.used_bytes = 0;
    const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
        std::int64_t value = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
        return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && value >= 0 ? std::optional(value)
                                                                                                 : std::nullopt;
    };
    std::size_t place = 0;
    std::string_view name;
    while (!answer.empty()) {
        const std::size_t tab = answer.find('\t');
        const std::string_view value = answer.substr(0, tab);
        answer.remove_prefix(tab == std::string_view::npos ? answer.size() : tab + 1);
        const std::size_t column = place++ % 3;
        if (column == 0) {
            name = value;
            continue;
        }
        const auto read = number(value);
        if (!read || tab == std::string_view::npos) {
            return {};
        }
        if (column == 1 && name == "INBOX") {
            figures.unread = read;
        } else if (column == 2 && __builtin_add_overflow(*figures.used_bytes, *read, &*figures.used_bytes)) {
            return {};
        }
    }
    return place % 3 == 0 ? figures : BoxFigures{};
}

Task<std::vector<BoxFigures>> Doveadm::figures(std::vector<std::string> users, std::chrono::milliseconds deadline) {
    std::vector<BoxFigures> out(users.size());
    if (users.empty() || socket_path_.size() > socket_path_bytes_max) {
        co_return out;
    }
    Stream stream(io_);
    stream.expires_after(deadline);
    const asio::local::stream_protocol::endpoint endpoint(socket_path_);
    auto connected = co_await stream.async_connect(endpoint, wait);
    if (std::get<0>(connected)) {
        co_return out;
    }
    std::string buffer;
    const bool welcome = co_await greet(stream, buffer, password_path_);
    for (std::size_t i = 0; welcome && i < users.size(); ++i) {
        std::string command = figures_command(users[i]);
        const bool sent = co_await send(stream, std::move(command));
        if (!sent) {
            break;
        }
        const auto values = co_await read_line(stream, buffer);
        const auto verdict = co_await read_line(stream, buffer);
        if (!values || !verdict) {
            break;
        }
        if (*verdict == "+") {
            out[i] = parse_figures(*values);
        }
    }
    co_return out;
}

Task<Kicked> Doveadm::kick(std::vector<std::string> users, std::chrono::milliseconds deadline) {
    if (socket_path_.size() > socket_path_bytes_max) {
        co_return Kicked::unknown;
    }
    Stream stream(io_);
    stream.expires_after(deadline);
    const asio::local::stream_protocol::endpoint endpoint(socket_path_);
    auto connected = co_await stream.async_connect(endpoint, wait);
    if (const auto failed = std::get<0>(connected)) {
        co_return failed == boost::system::errc::no_such_file_or_directory ? Kicked::nobody : Kicked::unknown;
    }
    std::string buffer;
    const bool welcome = co_await greet(stream, buffer, password_path_);
    if (!welcome) {
        co_return Kicked::unknown;
    }
    for (const std::string& user : users) {
        std::string command = kick_command(user);
        const bool sent = co_await send(stream, std::move(command));
        if (!sent) {
            co_return Kicked::unknown;
        }
        const auto values = co_await read_line(stream, buffer);
        const auto verdict = co_await read_line(stream, buffer);
        // Nobody signed in under that name is "-NOTFOUND" in 2.3, and "+" in 2.4.
        if (!values || !verdict || (*verdict != "+" && *verdict != "-NOTFOUND")) {
            co_return Kicked::unknown;
        }
    }
    co_return Kicked::done;
}

} // namespace hameau::mail
