// How coroutines of ours wait: errors come back as values, `auto r = co_await f(..., wait); auto& [code, n] = r;`.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hameau {

inline constexpr auto wait = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace hameau
