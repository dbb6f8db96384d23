// Feeding and collecting at once, under a deadline.
#include "modules/pads/documents/converter.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr auto wait_for = asio::as_tuple(asio::use_awaitable);
constexpr Event convert_ended{"pads.convert_ended", Level::warning, "the image or document was refused; nothing else happened"};

/// Counts bytes in memory while it lives.
class Held {
public:
    explicit Held(std::size_t& total) : total_(total) {}
    ~Held() { total_ -= own_; }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    void add(std::size_t count) {
        own_ += count;
        total_ += count;
    }

private:
    std::size_t& total_;
    std::size_t own_ = 0;
};

} // namespace

Task<Result<std::string>> Converter::hear(Body& body, std::size_t bytes_max) {
    // A browser that is cut off while it sends reads no response: a body that is a little too large is read to its end, and dropped.
    const std::size_t heard_max = 4 * bytes_max;
    if (body.size_bytes().value_or(0) > heard_max) {
        co_return fail(ErrorKind::too_large, std::to_string(bytes_max));
    }
    Held held(held_bytes_);
    std::string bytes;
    std::size_t heard = 0;
    std::string slice(converter_slice_bytes, '\0');
    while (heard <= heard_max) {
        const auto n = co_await body.read_some(slice);
        if (!n) {
            co_return fail(n.error());
        }
        heard += *n;
        if (*n == 0 && heard <= bytes_max) {
            co_return bytes;
        }
        if (*n == 0) {
            break;
        }
        if (heard > bytes_max) {
            bytes = {};
            continue;
        }
        held.add(*n);
        if (held_bytes_ > conversions_bytes_max) {
            co_return fail(ErrorKind::unavailable, "too many images are being sent at once");
        }
        bytes.append(slice, 0, *n);
    }
    co_return fail(ErrorKind::too_large, std::to_string(bytes_max));
}

std::shared_ptr<void> Converter::hold(std::size_t bytes) {
    if (held_bytes_ + bytes > conversions_bytes_max) {
        return nullptr;
    }
    auto held = std::make_shared<Held>(held_bytes_);
    held->add(bytes);
    return held;
}

Task<Result<Converter::Answer>> Converter::run(std::string mode, std::string bytes, std::string asker) {
    const auto busy = context_.busy();
    Held held(held_bytes_);
    held.add(bytes.size());
    Answer answer;
    answer.turn = co_await turns_.take(std::move(asker));
    if (!answer.turn) {
        co_return fail(ErrorKind::unavailable, "too many images are being read at once");
    }
    auto converted = co_await convert(std::move(mode), bytes);
    if (!converted) {
        co_return fail(std::move(converted.error()));
    }
    answer.bytes = std::move(*converted);
    co_return answer;
}

Task<Result<std::string>> Converter::convert(std::string mode, const std::string& bytes) {
    std::vector<std::string> arguments;
    arguments.push_back(std::move(mode));
    arguments.push_back(std::to_string(bytes.size()));
    auto child = HelperChild::start(context_.io(), program_, std::move(arguments), -1);
    if (!child) {
        co_return fail(std::move(child.error()));
    }
    HelperChild& running = **child;
    asio::steady_timer deadline(context_.io(), conversion_deadline);
    const auto armed = std::make_shared<bool>(true);
    deadline.async_wait([&running, armed](boost::system::error_code cancelled) {
        if (!cancelled && *armed) {
            running.kill();
        }
    });
    auto feeding = feed(running, bytes);
    // An image and its smaller form; a document is larger as an update than as text.
    auto collecting = collect(running, 16 * bytes.size() + converted_bytes_more);
    auto answer = co_await (std::move(feeding) && std::move(collecting));
    const int code = co_await running.wait();
    *armed = false;
    deadline.cancel();
    if (code != 0 || !answer) {
        context_.journal().write(convert_ended, {{"code", std::to_string(code)}, {"error", answer ? std::string() : answer.error().message}});
        co_return fail(ErrorKind::unavailable, "the converter did not end well");
    }
    co_return std::move(answer);
}

Task<void> Converter::feed(HelperChild& child, const std::string& bytes) {
    // A child that has seen enough stops reading: its response says why.
    (void)co_await child.write(bytes);
    child.close_input();
}

Task<Result<std::string>> Converter::collect(HelperChild& child, std::size_t bytes_max) {
    std::string answer;
    for (;;) {
        const auto piece = co_await child.read();
        if (!piece) {
            co_return fail(piece.error());
        }
        if (piece->empty()) {
            co_return answer;
        }
        answer += *piece;
        if (answer.size() > bytes_max) {
            child.kill();
            co_return fail(ErrorKind::too_large, "the converter says too much");
        }
    }
}

} // namespace hameau::pads
