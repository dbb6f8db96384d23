// Writing to a reader that may be on a slow line. The deadline is for each step and not for the whole: an export of 4 MB
// over 512 kbit/s takes more than a minute. Used by connection.cpp for every response. The reader is the gate, which ends
// a client that takes less than its least rate (daemon/gate/limits.hpp); here only a reader that takes nothing is ended.
#pragma once

#include <chrono>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include "daemon/base/waiting.hpp"

namespace hameau {

using HostStream = boost::beast::basic_stream<boost::asio::local::stream_protocol>;

/// Writes both texts whole. Each time that the reader took something it has `deadline` again.
/// Errors: beast::error::timeout; what the socket says.
inline boost::asio::awaitable<boost::system::error_code> write_slowly(HostStream& stream, std::string_view first, std::string_view second,
                                                                      std::chrono::milliseconds deadline) {
    boost::system::error_code failed;
    while (!failed && !(first.empty() && second.empty())) {
        std::string_view& part = first.empty() ? second : first;
        const auto buffer = boost::asio::buffer(part);
        stream.expires_after(deadline);
        auto written = co_await stream.async_write_some(buffer, wait);
        failed = std::get<0>(written);
        part.remove_prefix(std::get<1>(written));
    }
    stream.expires_never();
    co_return failed;
}

} // namespace hameau
