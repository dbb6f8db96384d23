// See line.hpp: one turn after the other for work that only a few may do at a time.
#include "modules/sites/line.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hameau::sites {

namespace asio = boost::asio;

std::shared_ptr<void> Line::turn() {
    return std::shared_ptr<void>(static_cast<void*>(this), [line = shared_from_this()](void*) { line->end_turn(); });
}

void Line::end_turn() {
    if (waiting_.empty()) {
        --running_;
        return;
    }
    // The turn goes on to the first in line: `running_` stays.
    const auto next = waiting_.front();
    waiting_.pop_front();
    next->called = true;
    next->timer.cancel();
}

Task<std::shared_ptr<void>> Line::take() {
    if (running_ < at_once_max_) {
        ++running_;
        co_return turn();
    }
    if (waiting_.size() >= waiting_max_) {
        co_return nullptr;
    }
    const auto place = std::make_shared<Waiting>(io_);
    place->timer.expires_after(wait_max_);
    waiting_.push_back(place);
    boost::system::error_code ended;
    co_await place->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (place->called) {
        co_return turn();
    }
    std::erase(waiting_, place);
    co_return nullptr;
}

} // namespace hameau::sites
