// Delivery of the outbox to mail: in order, one at a time, again and again while something is pending.
#include "daemon/base/spawn.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people_module.hpp"
#include "daemon/base/waiting.hpp"


namespace hameau::people {

namespace {

constexpr hameau::Event mail_waits{"people.mail_waits", Level::warning, "changes wait until mail answers; look at hameau logs mail"};
constexpr hameau::Event event_refused{"people.event_refused", Level::error,
                                      "mail could not use one change and it was skipped; restart mail, then ask for a resend"};

} // namespace

void People::start_delivery() {
    if (delivering_ || stopping_ || !store_->mail_enabled() || !store_->first_event()) {
        return;
    }
    delivering_ = true;
    spawn(context_->io(), deliver(), context_->journal(), "outbox");
}

Task<void> People::deliver() {
    const auto held = context_->busy();
    retry_timer_.emplace(context_->io());
    Duration pause = pause_first;
    bool warned = false;
    while (!stopping_) {
        auto event = store_->first_event();
        if (!event) {
            break;
        }
        const std::int64_t id = event->id;
        std::string text = event->text;
        auto answer = co_await context_->call("mail", "POST", "/internal/people-event", std::move(text));
        const int status = answer ? answer->status : 0;
        const bool refused = status == 400 || status == 422;
        if (refused) {
            // It will never be taken: keeping it would hold back every later change.
            context_->journal().write(event_refused, {{"event", std::to_string(id)}, {"status", std::to_string(status)}});
        }
        // 409: all but the address is done; it is another's.
        if (refused || status == 409 || (status >= 200 && status < 300)) {
            late_event_ = status == 202 ? id : late_event_;
            const Status done = store_->transaction([&]() -> Status {
                auto struck = status == 409 ? strike_out(event->text) : Status{};
                return struck ? store_->erase_event(id) : struck;
            });
            if (done) {
                pause = pause_first;
                warned = false;
                for (auto* waiter : delivery_waiters_) {
                    waiter->cancel();
                }
                continue;
            }
        }
        if (!warned) {
            const std::string reason = answer ? "status " + std::to_string(status) : answer.error().message;
            context_->journal().write(mail_waits, {{"error", reason}});
            warned = true;
        }
        retry_timer_->expires_after(pause);
        co_await retry_timer_->async_wait(wait);
        pause = std::min(pause * 2, pause_max);
    }
    delivering_ = false;
}

Task<bool> People::delivered() {
    if (!store_->mail_enabled()) {
        co_return true;
    }
    start_delivery();
    // A change made by a person is worth an attempt at once, whatever pause was reached.
    if (retry_timer_) {
        retry_timer_->cancel();
    }
    const std::int64_t last = store_->last_event();
    const auto earliest = store_->first_event();
    boost::asio::steady_timer timer(context_->io());
    const auto deadline = std::chrono::steady_clock::now() + delivery_deadline_;
    const auto place = delivery_waiters_.insert(delivery_waiters_.end(), &timer);
    bool all = false;
    for (;;) {
        const auto first = store_->first_event();
        all = !first || first->id > last;
        if (all || stopping_ || std::chrono::steady_clock::now() >= deadline) {
            break;
        }
        timer.expires_at(deadline);
        co_await timer.async_wait(wait);
    }
    delivery_waiters_.erase(place);
    // Mail has everything, but a session that should be over may still be open: not yet "everywhere".
    co_return all && (!earliest || late_event_ < earliest->id);
}

Task<Response> People::after_delivery(Request& request, Response response, Urgency urgency) {
    const bool all = co_await delivered();
    if (!all && urgency == Urgency::before_answering) {
        co_return say(request, 503, "mail_pending");
    }
    co_return response;
}

} // namespace hameau::people
