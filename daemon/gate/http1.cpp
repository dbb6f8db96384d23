// Bodies with their length or in chunks, header sections, and the end of a connection.
#include "daemon/gate/http1.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "daemon/gate/gate.hpp"

namespace hameau::gate {

BodyReader::BodyReader(Channel& channel, std::string& input, const RequestHead& head, std::chrono::milliseconds body_time) :
    channel_(channel), input_(input), pace_(body_time), left_(head.content_length.value_or(0)),
    chunked_(head.chunked), finished_(!head.has_body()) {}

Result<std::size_t> BodyReader::take_chunks(std::span<char> buffer) {
    std::size_t filled = 0;
    std::size_t used = 0;
    while (used < input_.size() && filled < buffer.size() && !decoder_.done() && !decoder_.bad()) {
        const std::string_view rest = std::string_view(input_).substr(used, buffer.size() - filled);
        const ChunkDecoder::Step step = decoder_.take(rest);
        if (!step.data.empty()) {
            std::memcpy(buffer.data() + filled, step.data.data(), step.data.size());
        }
        filled += step.data.size();
        used += step.taken;
    }
    input_.erase(0, used);
    if (decoder_.bad()) {
        return fail(ErrorKind::invalid, "the chunks of the body are malformed");
    }
    finished_ = decoder_.done();
    return filled;
}

Task<Result<std::size_t>> BodyReader::read(std::span<char> buffer) {
    pace_.start();
    while (!finished_) {
        if (chunked_ && !input_.empty()) {
            auto taken = take_chunks(buffer);
            if (!taken || *taken > 0) {
                pace_.count(taken.value_or(0));
                co_return taken;
            }
            continue;
        }
        if (!chunked_ && !input_.empty()) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>({left_, input_.size(), buffer.size()}));
            std::memcpy(buffer.data(), input_.data(), n);
            input_.erase(0, n);
            left_ -= n;
            pace_.count(n);
            finished_ = left_ == 0;
            co_return n;
        }
        const auto room = chunked_ ? buffer.size() : static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
        auto n = co_await channel_.read_some(buffer.first(room));
        if (!n) {
            co_return n;
        }
        if (*n == 0) {
            co_return fail(ErrorKind::closed, "the visitor left within the body");
        }
        if (pace_.too_slow()) {
            co_return fail(ErrorKind::timed_out, "the body comes too slowly");
        }
        if (!chunked_) {
            left_ -= *n;
            pace_.count(*n);
            finished_ = left_ == 0;
            co_return n;
        }
        input_.assign(buffer.data(), *n);
    }
    co_return std::size_t{0};
}

std::string chunk_head(std::size_t size) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    return std::string(digits.data(), end) + "\r\n";
}

Task<Status> Http1Exchange::proceed() { return channel_.write("HTTP/1.1 100 Continue\r\n\r\n"); }

std::string Http1Exchange::head_text(const Visit& visit, int status, std::string_view fields, std::optional<std::uint64_t> length,
                                     bool chunked) {
    // A request whose body was not read leaves bytes that are no request.
    keep_alive = keep_alive && visit.body.finished();
    std::string text;
    text.reserve(256 + fields.size());
    text.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_of(status)).append("\r\n");
    text.append(date_line()).append(fields);
    if (chunked) {
        text += "Transfer-Encoding: chunked\r\n";
    } else if (length) {
        text.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
    }
    if (!keep_alive) {
        text += "Connection: close\r\n";
    } else if (visit.head.minor == 0) {
        text += "Connection: keep-alive\r\n";
    }
    return text += "\r\n";
}

Body Http1Exchange::take_response(Visit& visit) {
    Response& response = visit.response;
    Body whole;
    whole.add(head_text(visit, response.status, response.fields, response.length, false));
    whole.append(std::move(response.body));
    return whole;
}

void Http1Exchange::start(Visit& visit, int status, std::string fields, std::optional<std::uint64_t> length) {
    // RFC 9110 §6.4.1: these have no body, whatever the fields say.
    const bool bodiless = visit.is_head() || status == 204 || status == 304;
    chunked_ = !bodiless && !length && visit.head.minor == 1;
    keep_alive = keep_alive && (bodiless || length || chunked_);
    head_ = head_text(visit, status, fields, length, chunked_);
}

Task<Status> Http1Exchange::write(std::string_view data, bool last) {
    std::string before = std::exchange(head_, std::string());
    if (!chunked_) {
        co_return co_await channel_.write(before, data);
    }
    std::string chunk;
    if (!data.empty()) {
        chunk.reserve(data.size() + 32);
        chunk.append(chunk_head(data.size())).append(data).append("\r\n");
    }
    if (last) {
        chunk += "0\r\n\r\n";
    }
    co_return co_await channel_.write(before, chunk);
}

Task<Status> Http1Exchange::upgrade(std::string fields) {
    const std::string text = "HTTP/1.1 101 Switching Protocols\r\n" + date_line() + fields + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    co_return co_await channel_.write(text);
}

Task<void> drain(Channel& channel) {
    channel.finish_writing();
    channel.interrupt_reading(false);
    channel.set_deadline(drain_deadline);
    static std::array<char, piece_bytes> unread;  // NOLINT: one thread; nobody looks at it
    for (std::size_t total = 0; total < drain_bytes_max;) {
        const auto n = co_await channel.read_some(unread);
        if (!n || *n == 0) {
            break;
        }
        total += *n;
    }
}

} // namespace hameau::gate
