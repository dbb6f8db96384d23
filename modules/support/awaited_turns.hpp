// AwaitedTurns: Turns (daemon/base/turns.hpp) that coroutines wait for. Used where one thing at a time is done and many ask for it: passwords,
// conversions, films. Whoever holds the turn lets it go by letting go of what take() gave.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/turns.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/contract/module.hpp"

namespace hameau {

/// What happens when the queue is full and a key asks of which nothing waits: it is refused, or the key with most in it gives up a place.
enum class WhenFull { refuse, make_room };

template <class Key>
class AwaitedTurns {
public:
    AwaitedTurns(boost::asio::io_context& io, TurnLimits limits, WhenFull when_full = WhenFull::refuse) : io_(io), turns_(limits), when_full_(when_full) {}
    AwaitedTurns(const AwaitedTurns&) = delete;
    AwaitedTurns& operator=(const AwaitedTurns&) = delete;

    /// The turn, once it has come; the next one begins when it is gone. Empty: too many wait, the place was given up, or stop() came first.
    /// Outlives every turn that it gave.
    Task<std::shared_ptr<void>> take(Key key) {
        if (const auto given_up = when_full_ == WhenFull::make_room ? turns_.make_room(key) : std::nullopt) {
            wake({*given_up}, false);
        }
        const auto number = stopped_ ? std::nullopt : turns_.ask(key);
        if (!number) {
            co_return std::shared_ptr<void>();
        }
        Place place{boost::asio::steady_timer(io_, boost::asio::steady_timer::time_point::max()), false};
        places_.emplace(*number, &place);
        begin();
        if (places_.contains(*number)) {
            co_await place.bell.async_wait(wait);
        }
        if (!place.given) {
            co_return std::shared_ptr<void>();
        }
        co_return std::shared_ptr<void>(this, [turn = *number](void* self) {
            auto& turns = *static_cast<AwaitedTurns*>(self);
            turns.turns_.ended(turn);
            turns.begin();
        });
    }

    /// Who waits is sent away, and so is whoever comes; turns that are held go on.
    void stop() {
        stopped_ = true;
        wake(turns_.drop_all(), false);
    }

private:
    using Number = typename Turns<Key>::Number;

    /// In the frame of who waits.
    struct Place {
        boost::asio::steady_timer bell;  ///< never rings; cancelled when the turn comes, or will not
        bool given = false;
    };

    void begin() { wake(turns_.begin(), true); }

    void wake(const std::vector<Number>& numbers, bool given) {
        for (const Number number : numbers) {
            const auto found = places_.find(number);
            if (found != places_.end()) {
                found->second->given = given;
                found->second->bell.cancel();
                places_.erase(found);
            }
        }
    }

    boost::asio::io_context& io_;
    Turns<Key> turns_;
    WhenFull when_full_;
    std::map<Number, Place*> places_;
    bool stopped_ = false;
};

} // namespace hameau
