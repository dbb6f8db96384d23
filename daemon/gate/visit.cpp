// Reading a request's body within its bounds, and sending the header section of a response.
#include "daemon/gate/visit.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "daemon/gate/gate.hpp"
#include "daemon/gate/negotiate.hpp"

namespace hameau::gate {

namespace {

constexpr std::string_view house_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct FixedField {
    std::string_view name;  ///< lower case
    std::string_view line;
};
constexpr std::array house_fields = {
    FixedField{"x-content-type-options", "X-Content-Type-Options: nosniff\r\n"},
    FixedField{"referrer-policy", "Referrer-Policy: no-referrer\r\n"},
    FixedField{"cross-origin-resource-policy", "Cross-Origin-Resource-Policy: same-origin\r\n"},
    FixedField{"cross-origin-opener-policy", "Cross-Origin-Opener-Policy: same-origin\r\n"},
    FixedField{"x-frame-options", "X-Frame-Options: DENY\r\n"},
    FixedField{"permissions-policy", "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"},
};
constexpr std::array site_fields = {
    FixedField{"x-content-type-options", "X-Content-Type-Options: nosniff\r\n"},
};
constexpr std::string_view hsts_line = "Strict-Transport-Security: max-age=31536000\r\n";

} // namespace

BodyReader::BodyReader(Channel& channel, std::string& input, const RequestHead& head, std::chrono::milliseconds body_time) :
    channel_(channel), input_(input), body_time_(body_time), left_(head.content_length.value_or(0)),
    chunked_(head.chunked), finished_(!head.has_body()) {}

bool BodyReader::too_slow() const {
    const std::int64_t allowed = body_time_.count() + static_cast<std::int64_t>(received_) * 1000 / bytes_per_second_min;
    return Deadlines::now_ms() - started_ms_ > allowed;
}

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
    started_ms_ = started_ms_ == 0 ? Deadlines::now_ms() : started_ms_;
    while (!finished_) {
        if (chunked_ && !input_.empty()) {
            auto taken = take_chunks(buffer);
            if (!taken || *taken > 0) {
                received_ += taken.value_or(0);
                co_return taken;
            }
            continue;
        }
        if (!chunked_ && !input_.empty()) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>({left_, input_.size(), buffer.size()}));
            std::memcpy(buffer.data(), input_.data(), n);
            input_.erase(0, n);
            left_ -= n;
            received_ += n;
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
        if (too_slow()) {
            co_return fail(ErrorKind::timed_out, "the body comes too slowly");
        }
        if (!chunked_) {
            left_ -= *n;
            received_ += *n;
            finished_ = left_ == 0;
            co_return n;
        }
        input_.assign(buffer.data(), *n);
    }
    co_return std::size_t{0};
}

std::string_view Visit::language() const { return choose_language(head.field("accept-language")); }

std::string status_and_date(int status) {
    static std::time_t second = 0;  // one thread: the text is made once a second
    static std::string date;
    if (const std::time_t now = std::time(nullptr); now != second) {
        second = now;
        date = "Date: " + format_http_date(now) + "\r\n";
    }
    std::string head;
    head.reserve(512);
    head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_of(status)).append("\r\n").append(date);
    return head;
}

bool has_line(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const std::size_t end = lines.find("\r\n");
        const std::string_view line = lines.substr(0, end);
        if (line.size() > name.size() && line[name.size()] == ':' && equals(line.substr(0, name.size()), name)) {
            return true;
        }
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    }
    return false;
}

std::string common_fields(const Visit& visit, std::string_view fields) {
    std::string out;
    const auto add = [&out, fields](std::span<const FixedField> list) {
        for (const FixedField& field : list) {
            if (fields.empty() || !has_line(fields, field.name)) {
                out += field.line;
            }
        }
    };
    if (visit.services) {
        add(house_fields);
        const bool is_page = fields.find("text/html") != std::string_view::npos;
        if (is_page && !has_line(fields, "content-security-policy")) {
            out.append("Content-Security-Policy: ").append(house_policy).append("\r\n");
        }
    } else {
        add(site_fields);
    }
    if (!visit.gate.options().trial && !visit.gate.options().waiting() && visit.scheme == "https") {
        out += hsts_line;
    }
    if (!visit.keep_alive) {
        out += "Connection: close\r\n";
    } else if (visit.head.minor == 0) {
        out += "Connection: keep-alive\r\n";
    }
    return out;
}

Task<Status> send_answer(Visit& visit, Answer answer) {
    std::string head = status_and_date(answer.status);
    head += answer.headers;
    if (answer.status >= 200 && answer.status != 204 && answer.status != 304) {
        head.append("Content-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
    }
    head += common_fields(visit, answer.headers);
    head += "\r\n";
    if (visit.is_head()) {
        answer.body.clear();
    }
    co_return co_await visit.channel.write(head, answer.body);
}

Task<Status> send_problem(Visit& visit, int status, std::string_view code) {
    const bool api = visit.services && visit.head.path.starts_with("/api/");
    Answer answer = api ? problem_document(status, code, visit.language()) : error_page(status, code, visit.language());
    if (status == 405) {
        answer.headers += "Allow: GET, HEAD\r\n";
    }
    if (status == 431) {
        // A page on a domain above may have set more cookies than a request can carry, for a year: nobody would come in any more.
        answer.headers += "Clear-Site-Data: \"cookies\"\r\n";
    }
    if (status == 503) {
        answer.headers += "Retry-After: 5\r\n";
    }
    return send_answer(visit, std::move(answer));
}

Task<Status> send_redirect(Visit& visit, int status, std::string location) {
    Answer answer;
    answer.status = status;
    answer.headers = "Location: " + location + "\r\n";
    return send_answer(visit, std::move(answer));
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
