// What the other modules have yet to be told of an association: a row of `association_task` each, written in the transaction of
// the change, struck out when the module has answered. A module is told in its own turn, so that one that does not answer holds
// up no other; a row is told again and again, over restarts of both sides, until the module did it. Called by the start and by
// the handlers of the bin. Never decides what is told.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people_module.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 3> told_modules = {"mail", "sites", "pads"};
constexpr hameau::Event module_waits{"people.association_waits", Level::warning,
                                     "a service has yet to close, open or erase an association; look at its log"};

} // namespace

bool People::is_enabled(std::string_view module) const {
    const Settings& settings = context_->settings();
    const std::string key = std::string(module) + ".enabled";
    return module == "mail" ? store_->mail_enabled() : !settings.has(key) || settings.boolean(key);
}

void People::start_tasks() {
    for (const std::string_view name : told_modules) {
        std::string module(name);
        // A service that is switched off is told when it is on again, which begins with a start of people.
        if (stopping_ || !is_enabled(module) || task_pauses_.contains(module) || store_->tasks(module).empty()) {
            continue;
        }
        task_pauses_.emplace(module, std::make_shared<boost::asio::steady_timer>(context_->io()));
        spawn(context_->io(), run_tasks(std::move(module)), context_->journal(), "association tasks");
    }
}

Task<void> People::run_tasks(std::string module) {
    const auto held = context_->busy();
    const auto timer = task_pauses_.at(module);
    Duration pause = task_pause_first;
    bool warned = false;
    while (!stopping_) {
        const std::vector<AssociationTask> tasks = store_->tasks(module);
        if (tasks.empty()) {
            break;
        }
        bool all = true;
        for (const AssociationTask& task : tasks) {
            AssociationTask one = task;
            const bool heard = co_await tell(std::move(one));
            // The row may say another word by now: then it stays, and is told in the next round.
            const bool done = heard && store_->transaction([&] { return store_->erase_task(task); });
            all = all && done;
        }
        for (auto* waiter : delivery_waiters_) {
            waiter->cancel();
        }
        if (all) {
            pause = task_pause_first;
            continue;
        }
        if (!warned) {
            context_->journal().write(module_waits, {{"module", module}});
            warned = true;
        }
        timer->expires_after(pause);
        co_await timer->async_wait(wait);
        pause = std::min(pause * 2, task_pause_max);
    }
    task_pauses_.erase(module);
}

Task<bool> People::tell(AssociationTask task) {
    if (stopping_) {
        co_return false;
    }
    json::object body;
    body["association"] = task.association;
    const std::string text = json::serialize(body);
    // Mail forgets the association by an event, which has to come first.
    if (task.module == "mail" && store_->first_event()) {
        const bool heard = co_await delivered();
        if (!heard && store_->first_event()) {
            co_return false;
        }
    }
    // What is erased is closed first: nobody writes to it meanwhile, also where "close" was never heard.
    std::vector<std::string> words = {task.word};
    if (task.word == "erase" && task.module != "mail") {
        words.insert(words.begin(), "close");
    }
    for (const std::string& word : words) {
        std::string path = "/internal/" + word;
        std::string copy = text;
        const auto answer = co_await context_->call(task.module, "POST", std::move(path), std::move(copy));
        if (!answer || answer->status != 204) {
            co_return false;
        }
    }
    co_return true;
}

Task<std::vector<std::string>> People::behind(std::string slug) {
    start_tasks();
    // A change made by a person is worth an attempt at once, whatever pause was reached.
    for (auto& [module, pause] : task_pauses_) {
        pause->cancel();
    }
    const bool mail = co_await delivered();
    boost::asio::steady_timer timer(context_->io());
    const auto deadline = std::chrono::steady_clock::now() + delivery_deadline_;
    const auto place = delivery_waiters_.insert(delivery_waiters_.end(), &timer);
    std::vector<std::string> left;
    for (;;) {
        left = store_->modules_behind(slug);
        const bool waits = std::any_of(left.begin(), left.end(), [this](const std::string& module) { return is_enabled(module); });
        if (!waits || stopping_ || std::chrono::steady_clock::now() >= deadline) {
            break;
        }
        timer.expires_at(deadline);
        co_await timer.async_wait(wait);
    }
    delivery_waiters_.erase(place);
    if (!mail && std::find(left.begin(), left.end(), "mail") == left.end()) {
        left.insert(left.begin(), "mail");
    }
    co_return left;
}

} // namespace hameau::people
