// Blocking HTTP over the admin socket, with Beast's parser.
#include "daemon/cli/client.hpp"

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/json_text.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/limits.hpp"

namespace hameau::cli {

namespace json = boost::json;
namespace http = boost::beast::http;

namespace {

Result<Answer> read_answer(int fd) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(response_bytes_max);
    std::string held;
    std::array<char, 16384> chunk{};
    boost::system::error_code failed;
    while (!parser.is_done()) {
        const ssize_t n = ::read(fd, chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_errno("waiting for the house's answer");
        }
        if (n == 0) {
            parser.put_eof(failed);
            if (failed) {
                return fail(ErrorKind::unavailable, "the house ended the connection before it answered");
            }
            break;
        }
        held.append(chunk.data(), static_cast<std::size_t>(n));
        while (!held.empty() && !parser.is_done()) {
            const std::size_t used = parser.put(boost::asio::buffer(held), failed);
            held.erase(0, used);
            if (failed == http::error::need_more || used == 0) {
                failed = {};
                break;
            }
            if (failed) {
                return fail(ErrorKind::io, "the house's answer could not be read: " + failed.message());
            }
        }
    }
    Answer answer;
    answer.status = static_cast<int>(parser.get().result_int());
    answer.body = std::move(parser.get().body());
    return answer;
}

} // namespace

json::object Answer::object() const {
    boost::system::error_code failed;
    json::value value = json::parse(body, failed);
    return !failed && value.is_object() ? value.as_object() : json::object{};
}

std::string Answer::problem() const {
    const json::object document = object();
    std::string text;
    if (const json::value* detail = document.if_contains("detail"); detail != nullptr && detail->is_string()) {
        text = std::string(detail->as_string());
    }
    if (const json::value* errors = document.if_contains("errors"); errors != nullptr && errors->is_array()) {
        for (const json::value& entry : errors->as_array()) {
            const json::object* error = entry.if_object();
            if (error != nullptr && error->contains("field") && error->contains("message")) {
                text += (text.empty() ? "" : "; ") + std::string(error->at("field").as_string()) + ": " +
                        std::string(error->at("message").as_string());
            }
        }
    }
    return text.empty() ? "the house answered " + std::to_string(status) : in_letters(text);
}

bool Answer::is_switched_off() const {
    const json::object document = object();
    const json::value* code = document.if_contains("code");
    return code != nullptr && code->is_string() && code->as_string() == "switched_off";
}

Result<Fd> Client::connect(long seconds) const {
    // The socket's path may be longer than 107 bytes: connect from inside its folder, and come back.
    const Fd back(::open(".", O_PATH | O_CLOEXEC));
    if (::chdir((state_ + "/run").c_str()) != 0) {
        return fail(ErrorKind::unavailable, "no house runs with the folder " + state_ + " (start it, or name another with --state DIR)");
    }
    auto socket = connect_unix("admin.sock");
    const int code = errno;
    if (back && ::fchdir(back.get()) != 0) {
        return fail_errno("coming back from " + state_);
    }
    if (!socket && code == EACCES) {
        return fail(ErrorKind::denied, "the admin's socket in " + state_ + "/run is closed to you: use root, or join the group hameau");
    }
    if (!socket) {
        return fail(ErrorKind::unavailable, "no house runs with the folder " + state_ + " (start it, or name another with --state DIR)");
    }
    const timeval limit{seconds, 0};
    ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return socket;
}

Result<Answer> Client::call(std::string_view method, const std::string& path, const json::value* body) const {
    return call_within(call_seconds, method, path, body);
}

bool Client::answers(const std::string& path) const { return call_within(short_call_seconds, "GET", path, nullptr).has_value(); }

Result<Answer> Client::call_within(long seconds, std::string_view method, const std::string& path, const json::value* body) const {
    auto socket = connect(seconds);
    if (!socket) {
        return fail(socket.error());
    }
    std::string request = std::string(method) + " " + path + " HTTP/1.1\r\nHost: hameau\r\nAccept-Language: en\r\nConnection: close\r\n";
    if (body != nullptr) {
        const std::string text = json::serialize(*body);
        request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
    } else {
        request += method == "GET" ? "\r\n" : "Content-Length: 0\r\n\r\n";
    }
    if (auto sent = write_all(socket->get(), request); !sent) {
        return fail(sent.error());
    }
    return read_answer(socket->get());
}

Result<Answer> Client::upload(const std::string& path, const Upload& upload) const {
    auto socket = connect(call_seconds);
    if (!socket) {
        return fail(socket.error());
    }
    const std::string head = "POST " + path + " HTTP/1.1\r\nHost: hameau\r\nAccept-Language: en\r\nConnection: close\r\nContent-Type: " +
                             upload.type + "\r\nContent-Length: " + std::to_string(upload.size_bytes) + "\r\n\r\n";
    if (auto sent = write_all(socket->get(), head); !sent) {
        return fail(sent.error());
    }
    std::string chunk(upload_chunk_bytes, '\0');
    std::uint64_t left = upload.size_bytes;
    while (left > 0) {
        const ssize_t n = ::read(upload.fd, chunk.data(), std::min<std::uint64_t>(chunk.size(), left));
        if (n <= 0) {
            return fail(ErrorKind::io, "the upload could not be read to its end");
        }
        if (!write_all(socket->get(), std::string_view(chunk.data(), static_cast<std::size_t>(n)))) {
            break;  // refused half-way: the response says why
        }
        left -= static_cast<std::uint64_t>(n);
    }
    return read_answer(socket->get());
}

Result<Sending> Client::send(const std::string& path, const std::string& type) const {
    auto socket = connect(call_seconds);
    if (!socket) {
        return fail(socket.error());
    }
    const std::string head = "POST " + path + " HTTP/1.1\r\nHost: hameau\r\nAccept-Language: en\r\nConnection: close\r\nContent-Type: " + type +
                             "\r\nTransfer-Encoding: chunked\r\n\r\n";
    if (auto sent = write_all(socket->get(), head); !sent) {
        return fail(sent.error());
    }
    return Sending(std::move(*socket));
}

Status Sending::write(std::string_view bytes) {
    if (bytes.empty() || refused_) {
        return {};
    }
    std::array<char, 32> size{};
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string chunk(size.data(), static_cast<std::size_t>(length));
    chunk.append(bytes).append("\r\n");
    refused_ = !write_all(socket_.get(), chunk);
    return {};
}

Result<Answer> Sending::finish() {
    if (!refused_) {
        (void)write_all(socket_.get(), "0\r\n\r\n");
    }
    return read_answer(socket_.get());
}

Result<Answer> Client::download(const std::string& path, int out) const {
    auto socket = connect(call_seconds);
    if (!socket) {
        return fail(socket.error());
    }
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: hameau\r\nAccept-Language: en\r\nConnection: close\r\n\r\n";
    if (auto sent = write_all(socket->get(), request); !sent) {
        return fail(sent.error());
    }
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    std::string held;
    std::string slice(upload_chunk_bytes, '\0');
    Answer answer;
    boost::system::error_code failed;
    while (!parser.is_done()) {
        const ssize_t n = ::read(socket->get(), slice.data(), slice.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return fail(ErrorKind::closed, "the house ended its answer early: it is not whole. What went wrong is in its journal (hameau logs)");
        }
        held.append(slice.data(), static_cast<std::size_t>(n));
        std::string body(upload_chunk_bytes, '\0');
        for (bool more = true; more && !held.empty() && !parser.is_done();) {
            parser.get().body().data = body.data();
            parser.get().body().size = body.size();
            parser.get().body().more = true;
            const std::size_t used = parser.put(boost::asio::buffer(held), failed);
            held.erase(0, used);
            const std::string_view got(body.data(), parser.is_header_done() ? body.size() - parser.get().body().size : 0);
            answer.status = static_cast<int>(parser.get().result_int());
            if (answer.good()) {
                if (auto written = write_all(out, got); !written) {
                    return fail(written.error());
                }
            } else if (answer.body.size() + got.size() <= response_bytes_max) {
                answer.body += got;
            }
            more = failed == http::error::need_buffer || (!failed && used > 0);
            if (failed && failed != http::error::need_buffer && failed != http::error::need_more) {
                return fail(ErrorKind::io, "the house's answer could not be read: " + failed.message());
            }
            failed = {};
        }
    }
    return answer;
}

Result<json::array> Client::list(const std::string& path) const {
    json::array all;
    std::string after;
    do {
        auto answer = call("GET", path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=500" +
                                      (after.empty() ? "" : "&after=" + segment(after)));
        if (!answer) {
            return fail(answer.error());
        }
        if (!answer->good()) {
            return fail(answer->is_switched_off() ? ErrorKind::closed : ErrorKind::unavailable, answer->problem());
        }
        json::object page = answer->object();
        after.clear();
        if (json::value* items = page.if_contains("items"); items != nullptr && items->is_array()) {
            for (json::value& item : items->as_array()) {
                all.push_back(std::move(item));
            }
        }
        if (const json::value* next = page.if_contains("next"); next != nullptr && next->is_string()) {
            after = std::string(next->as_string());
        }
    } while (!after.empty());
    return all;
}

std::string segment(std::string_view text) {
    return percent_encode(text, is_unreserved);
}

int report(const Error& error) {
    std::fprintf(stderr, "hameau: %s\n", error.message.c_str());
    switch (error.kind) {
    case ErrorKind::invalid: return 65;
    case ErrorKind::denied: return 77;
    case ErrorKind::not_found: return 66;
    case ErrorKind::unavailable: return 69;
    default: return 70;
    }
}

std::string text_of(const json::object& object, std::string_view key) {
    return text_in(object, key);
}

bool is_doubt(const json::object& report) {
    const std::string code = text_of(report, "code");
    return code == "upload_doubtful" || code == "upload_rules";
}

const json::array& array_of(const json::object& object, std::string_view key) {
    static const json::array nothing;
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_array() ? value->get_array() : nothing;
}

std::int64_t number_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0;
}

} // namespace hameau::cli
