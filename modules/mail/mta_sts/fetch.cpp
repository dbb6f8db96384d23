// The resolver of the C library, and OpenSSL over a socket that never blocks. HTTP/1.0, so that no body comes in chunks.
#include "modules/mail/mta_sts/fetch.hpp"

#include <algorithm>
#include <arpa/nameser.h>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

#include "daemon/base/fd.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/mta_sts/limits.hpp"
#include "modules/mail/records/look.hpp"

namespace hameau::mta_sts {

namespace {

using Clock = std::chrono::steady_clock;

bool wait_for(int socket, short events, Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd one{socket, events, 0};
    return left > 0 && ::poll(&one, 1, static_cast<int>(left)) == 1;
}

/// Negative: over. Repeats an operation of OpenSSL until it is done.
template <class Operation>
int repeat(SSL* ssl, int socket, Clock::time_point until, Operation operation) {
    for (;;) {
        const int done = operation();
        if (done > 0) {
            return done;
        }
        const int wanted = SSL_get_error(ssl, done);
        if (wanted == SSL_ERROR_ZERO_RETURN) {
            return 0;
        }
        const bool waits = wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE;
        if (!waits || !wait_for(socket, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) {
            return -1;
        }
    }
}

bool is_near_address(const addrinfo& one) {
    char text[NI_MAXHOST] = {};
    boost::system::error_code failed;
    if (::getnameinfo(one.ai_addr, one.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) {
        return true;
    }
    const auto address = boost::asio::ip::make_address(text, failed);
    return failed || mailrecords::is_near(address);
}

Fd connect_to(const std::string& host, Clock::time_point until) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), "443", &hints, &found) != 0) {
        return {};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    std::size_t tried = 0;
    for (const addrinfo* one = found; one != nullptr && tried < addresses_max; one = one->ai_next) {
        if (is_near_address(*one)) {
            continue;
        }
        ++tried;
        Fd socket(::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket) {
            continue;
        }
        const bool begun = ::connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0 || errno == EINPROGRESS;
        const auto share = std::min(until, Clock::now() + connect_limit);
        int error = 0;
        socklen_t size = sizeof error;
        if (begun && wait_for(socket.get(), POLLOUT, share) && ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
            return socket;
        }
    }
    return {};
}

/// Whether all that Content-Length says has come. Many servers end the connection without TLS's own end, which would else count as cut off.
bool is_whole(const std::string& response) {
    const std::size_t end = response.find("\r\n\r\n");
    const std::string head = end == std::string::npos ? std::string() : ascii_lower(response.substr(0, end + 2));
    constexpr std::string_view name = "\r\ncontent-length:";
    const std::size_t at = head.find(name);
    std::size_t length = policy_bytes_max + 1;
    if (at == std::string::npos) {
        return false;
    }
    const std::string_view value = trimmed(std::string_view(head).substr(at + name.size(), head.find('\r', at + name.size()) - at - name.size()));
    const auto [last, failed] = std::from_chars(value.data(), value.data() + value.size(), length);
    return failed == std::errc() && last == value.data() + value.size() && response.size() == end + 4 + length;
}

/// The body of a response 200 of type text/plain.
std::optional<std::string> body_of(const std::string& response) {
    const std::size_t end = response.find("\r\n\r\n");
    const bool good = response.starts_with("HTTP/1.1 200 ") || response.starts_with("HTTP/1.0 200 ");
    if (!good || end == std::string::npos || end > head_bytes_max) {
        return std::nullopt;
    }
    bool plain = false;
    for (const std::string_view line : split(std::string_view(response).substr(0, end), '\n')) {
        const std::string lower = ascii_lower(trimmed(line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0))));
        if (lower.starts_with("transfer-encoding:") || lower.starts_with("content-encoding:")) {
            return std::nullopt;
        }
        const std::string_view value = trimmed(std::string_view(lower).substr(std::min(lower.size(), std::size_t{13})));
        plain = plain || (lower.starts_with("content-type:") && (value == "text/plain" || value.starts_with("text/plain;") || value.starts_with("text/plain ")));
    }
    const std::string body = response.substr(end + 4);
    return plain && body.size() <= policy_bytes_max ? std::optional(body) : std::nullopt;
}

} // namespace

std::optional<std::vector<std::string>> look_up_texts(const std::string& name) {
    std::vector<unsigned char> answer(dns_answer_bytes_max);
    const int size = ::res_query(name.c_str(), ns_c_in, ns_t_txt, answer.data(), static_cast<int>(answer.size()));
    std::vector<std::string> out;
    if (size < 0) {
        return h_errno == HOST_NOT_FOUND || h_errno == NO_DATA ? std::optional(out) : std::nullopt;
    }
    ns_msg message;
    if (::ns_initparse(answer.data(), size, &message) != 0) {
        return std::nullopt;
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
        ns_rr record;
        if (::ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != ns_t_txt) {
            continue;
        }
        std::string text;
        const unsigned char* at = ns_rr_rdata(record);
        const unsigned char* end = at + ns_rr_rdlen(record);
        while (at < end && at + 1 + *at <= end) {
            text.append(reinterpret_cast<const char*>(at) + 1, *at);
            at += 1 + *at;
        }
        out.push_back(std::move(text));
    }
    return out;
}

std::optional<std::string> fetch_policy(const std::string& domain, const std::string& authorities) {
    const auto until = Clock::now() + fetch_limit;
    const std::string host = "mta-sts." + domain;
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 || SSL_CTX_load_verify_file(context.get(), authorities.c_str()) != 1) {
        return std::nullopt;
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const Fd socket = connect_to(host, until);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(socket ? SSL_new(context.get()) : nullptr, SSL_free);
    if (!ssl || SSL_set_fd(ssl.get(), socket.get()) != 1 || SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1 || SSL_set1_host(ssl.get(), host.c_str()) != 1) {
        return std::nullopt;
    }
    SSL* const raw = ssl.get();
    const std::string request = "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: " + host + "\r\nUser-Agent: Hameau\r\nConnection: close\r\n\r\n";
    const auto write = [raw, &request] { return SSL_write(raw, request.data(), static_cast<int>(request.size())); };
    if (repeat(raw, socket.get(), until, [raw] { return SSL_connect(raw); }) != 1 || repeat(raw, socket.get(), until, write) <= 0) {
        return std::nullopt;
    }
    std::string response;
    char piece[4096];
    for (;;) {
        const int got = repeat(raw, socket.get(), until, [raw, &piece] { return SSL_read(raw, piece, sizeof piece); });
        if (got < 0 || response.size() > head_bytes_max + policy_bytes_max) {
            return std::nullopt;
        }
        if (got == 0) {
            return body_of(response);
        }
        response.append(piece, static_cast<std::size_t>(got));
        if (is_whole(response)) {
            return body_of(response);
        }
    }
}

} // namespace hameau::mta_sts
