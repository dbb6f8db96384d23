// spawn(): starts a coroutine that nobody waits for. Every process of ours starts such coroutines here and nowhere else
// (tests/tidy/coroutines): asio::detached would swallow an exception, and the process would go on without that part.
// An exception that escapes is a bug: the process says so in its journal and ends; hameaud starts it again.
#pragma once

#include <cstdlib>
#include <exception>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include "daemon/base/journal.hpp"

namespace hameau {

inline constexpr Event coroutine_failed{"process.coroutine_failed", Level::error, "a bug: the process ends and is started again"};
inline constexpr int exit_coroutine_failed = 70;  // EX_SOFTWARE

/// `what` names the coroutine in the journal; both it and the journal outlive the coroutine.
template <class Context>
void spawn(Context& context, boost::asio::awaitable<void> task, const Journal& journal, const char* what) {
    boost::asio::co_spawn(context, std::move(task), [&journal, what](std::exception_ptr failed) {
        if (!failed) {
            return;
        }
        try {
            std::rethrow_exception(failed);
        } catch (const std::exception& exception) {
            journal.write(coroutine_failed, {{"coroutine", what}, {"exception", exception.what()}});
        } catch (...) {
            journal.write(coroutine_failed, {{"coroutine", what}});
        }
        std::_Exit(exit_coroutine_failed);
    });
}

} // namespace hameau
