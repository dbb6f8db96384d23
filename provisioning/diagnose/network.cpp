// Blocking sockets with deadlines; the look-ups of the C library (res_nquery), which ask no file of the machine.
#include "provisioning/diagnose/network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/x509.hpp"

namespace hameau::diagnose {

namespace {

std::string printable(std::string_view text) {
    std::string out(text.substr(0, network_line_bytes_max));
    std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e; }, ' ');
    return out;
}

Fd connected(const std::string& address, unsigned port) {
    sockaddr_storage place{};
    socklen_t size = 0;
    auto* four = reinterpret_cast<sockaddr_in*>(&place);
    auto* six = reinterpret_cast<sockaddr_in6*>(&place);
    if (::inet_pton(AF_INET, address.c_str(), &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(static_cast<std::uint16_t>(port));
        size = sizeof *four;
    } else if (::inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(static_cast<std::uint16_t>(port));
        size = sizeof *six;
    } else {
        return {};
    }
    Fd made(::socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made || (::connect(made.get(), reinterpret_cast<sockaddr*>(&place), size) != 0 && errno != EINPROGRESS)) {
        return {};
    }
    pollfd waiting{made.get(), POLLOUT, 0};
    int failed = 0;
    socklen_t length = sizeof failed;
    if (::poll(&waiting, 1, network_step_ms) <= 0 || ::getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &failed, &length) != 0 || failed != 0) {
        return {};
    }
    (void)set_nonblocking(made.get(), false);
    const timeval patience{network_step_ms / 1000, 0};
    ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return made;
}

/// Without its end; empty when none came whole.
std::string read_line(int fd) {
    std::string line;
    for (char c = 0; line.size() < 4096;) {
        if (::read(fd, &c, 1) != 1) {
            return {};
        }
        if (c == '\n') {
            return printable(line.ends_with('\r') ? std::string_view(line).substr(0, line.size() - 1) : std::string_view(line));
        }
        line += c;
    }
    return {};
}

std::string read_reply(int fd) {
    for (std::size_t i = 0; i < reply_lines_max; ++i) {
        std::string line = read_line(fd);
        if (line.size() < 4 || line[3] != '-') {
            return line;
        }
    }
    return {};
}

/// One resource record as a line; empty for another type (an alias on the way, RFC 1034 §3.6.2).
std::string record_text(const ns_msg& message, const ns_rr& record, Record wanted) {
    const unsigned char* data = ns_rr_rdata(record);
    const std::size_t size = ns_rr_rdlen(record);
    std::array<char, 1025> name{};
    if (ns_rr_type(record) != static_cast<int>(wanted)) {
        return {};
    }
    switch (wanted) {
    case Record::a:
        return size == 4 && ::inet_ntop(AF_INET, data, name.data(), name.size()) != nullptr ? name.data() : "";
    case Record::aaaa:
        return size == 16 && ::inet_ntop(AF_INET6, data, name.data(), name.size()) != nullptr ? name.data() : "";
    case Record::mx:
    case Record::ptr: {
        const std::size_t skip = wanted == Record::mx ? 2 : 0;
        const bool read = size > skip && ::dn_expand(ns_msg_base(message), ns_msg_end(message), data + skip, name.data(), static_cast<int>(name.size())) >= 0;
        return read ? printable(name.data()) : "";
    }
    case Record::txt: {
        std::string text;  // strings of at most 255 bytes, one after the other (RFC 7208 §3.3)
        for (std::size_t at = 0; at < size && at + 1 + data[at] <= size; at += 1U + data[at]) {
            text.append(reinterpret_cast<const char*>(data + at + 1), data[at]);
        }
        return printable(text);
    }
    }
    return {};
}

} // namespace

std::string reverse_name_of(const std::string& address) {
    in_addr four{};
    in6_addr six{};
    std::string out;
    std::array<char, 8> part{};
    if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
        const auto number = ntohl(four.s_addr);
        for (unsigned shift = 0; shift < 32; shift += 8) {
            std::snprintf(part.data(), part.size(), "%u.", (number >> shift) & 0xffU);
            out += part.data();
        }
        return out + "in-addr.arpa";
    }
    if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) {
        return {};
    }
    for (int i = 15; i >= 0; --i) {
        std::snprintf(part.data(), part.size(), "%x.%x.", six.s6_addr[i] & 0xfU, static_cast<unsigned>(six.s6_addr[i]) >> 4U);
        out += part.data();
    }
    return out + "ip6.arpa";
}

std::string resolve(const std::string& name, Record record) {
    struct __res_state resolver {};
    const std::string asked = record == Record::ptr ? reverse_name_of(name) : name;
    if (asked.empty() || ::res_ninit(&resolver) != 0) {
        return "silent";
    }
    resolver.retrans = 1;
    resolver.retry = 2;
    std::array<unsigned char, 8192> answer{};
    const int size = ::res_nquery(&resolver, asked.c_str(), ns_c_in, static_cast<int>(record), answer.data(), static_cast<int>(answer.size()));
    const int failed = resolver.res_h_errno;
    ::res_nclose(&resolver);
    if (size < 0) {
        return failed == HOST_NOT_FOUND || failed == NO_DATA ? "answered" : "silent";
    }
    ns_msg message{};
    if (::ns_initparse(answer.data(), std::min(size, static_cast<int>(answer.size())), &message) != 0) {
        return "silent";
    }
    std::string out = "answered";
    const auto count = std::min<std::size_t>(ns_msg_count(message, ns_s_an), records_max);
    for (std::size_t i = 0; i < count; ++i) {
        ns_rr one{};
        if (::ns_parserr(&message, ns_s_an, static_cast<int>(i), &one) != 0) {
            break;
        }
        const std::string line = record_text(message, one, record);
        out += line.empty() ? "" : "\n" + line;
    }
    return out;
}

Greeting greeting_at(const std::string& address, unsigned port) {
    const Fd socket = connected(address, port);
    return socket ? Greeting{true, read_line(socket.get())} : Greeting{};
}

std::vector<std::string> converse_at(const std::string& address, unsigned port, const std::vector<std::string>& commands) {
    std::vector<std::string> replies;
    const Fd socket = connected(address, port);
    std::string reply = socket ? read_reply(socket.get()) : std::string();
    if (reply.empty()) {
        return replies;
    }
    replies.push_back(std::move(reply));
    for (const std::string& command : commands) {
        if (!write_all(socket.get(), command + "\r\n")) {
            return replies;
        }
        reply = read_reply(socket.get());
        if (reply.empty()) {
            return replies;
        }
        replies.push_back(std::move(reply));
    }
    (void)write_all(socket.get(), "QUIT\r\n");
    (void)read_line(socket.get());
    return replies;
}

TlsFacts handshake_at(const std::string& address, unsigned port, const std::string& host) {
    TlsFacts out;
    const Fd socket = connected(address, port);
    const std::unique_ptr<SSL_CTX, provisioning::Deleter<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
    const std::unique_ptr<SSL, provisioning::Deleter<SSL_free>> tls(context ? SSL_new(context.get()) : nullptr);
    if (!socket || !tls) {
        return out;
    }
    if (!host.empty()) {
        SSL_set_tlsext_host_name(tls.get(), host.c_str());
    }
    SSL_set_fd(tls.get(), socket.get());
    // Who signed it is the business of certificate.house: here a handshake with any certificate is one.
    out.shaken = SSL_connect(tls.get()) == 1;
    const provisioning::Certificate shown(out.shaken ? SSL_get1_peer_certificate(tls.get()) : nullptr);
    if (shown) {
        std::tm utc{};
        out.expires_s = ASN1_TIME_to_tm(X509_get0_notAfter(shown.get()), &utc) == 1 ? ::timegm(&utc) : 0;
        out.names_host = X509_check_host(shown.get(), host.c_str(), host.size(), 0, nullptr) == 1;
        SSL_shutdown(tls.get());
    }
    return out;
}

int get_at(const std::string& address, unsigned port, const std::string& host) {
    const Fd socket = connected(address, port);
    if (!socket || !write_all(socket.get(), "GET / HTTP/1.1\r\nHost: " + (host.empty() ? "localhost" : host) + "\r\nConnection: close\r\n\r\n")) {
        return 0;
    }
    const std::string line = read_line(socket.get());
    return line.starts_with("HTTP/1.") && line.size() > 12 ? std::atoi(line.c_str() + 9) : 0;
}

} // namespace hameau::diagnose
