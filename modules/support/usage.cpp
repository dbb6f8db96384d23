// One line to people a figure, one after the other; takers wait for the answer to their own question.
#include "modules/support/usage.hpp"

#include <algorithm>
#include <limits>
#include <list>
#include <map>
#include <set>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/support/limits.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/size_text.hpp"

namespace hameau {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr Event usage_untold{"usage.untold", Level::warning, "people is asked again in a while; the last answer counts until then"};

/// What people said of one association.
struct Answer {
    std::uint64_t quota = 0;  ///< 0: none of its own
    std::uint64_t others = 0;
};

struct Entry {
    std::string association;
    std::uint64_t bytes = 0;
    std::uint64_t held = 0;
    std::optional<std::uint64_t> told;
    std::optional<Answer> answer;
    bool is_mail = false;
    bool asking = false;                        ///< one call at a time: an older figure must not come last
    std::list<asio::steady_timer*> waiters;

    std::uint64_t total() const { return bytes + held; }
    std::uint64_t step() const {
        const std::uint64_t part = answer && answer->quota > 0 ? answer->quota / 100 : usage_step_bytes_max;
        return std::clamp(part, usage_step_bytes_min, usage_step_bytes_max);
    }
    bool is_behind() const {
        return !told || (total() > *told ? total() - *told : *told - total()) > step();
    }
    /// What this module may fill; nothing: there is no limit.
    std::optional<std::uint64_t> limit() const {
        if (!answer || answer->quota == 0) {
            return std::nullopt;
        }
        return is_mail ? answer->quota : answer->quota - answer->quota / quota_part_for_mail;
    }
    std::uint64_t free() const {
        const auto most = limit();
        if (!most) {
            return std::numeric_limits<std::uint64_t>::max();
        }
        const std::uint64_t used = answer->others + total();
        return *most > used ? *most - used : 0;
    }
};

std::optional<Answer> parse_answer(const Response& response) {
    const auto* text = std::get_if<std::string>(&response.body);
    boost::system::error_code failed;
    const json::value value = text == nullptr ? json::value() : json::parse(*text, failed);
    const json::object* object = failed ? nullptr : value.if_object();
    const json::value* quota = object == nullptr ? nullptr : object->if_contains("quota_bytes");
    const json::value* others = object == nullptr ? nullptr : object->if_contains("others_bytes");
    if (response.status != 200 || quota == nullptr || others == nullptr) {
        return std::nullopt;
    }
    boost::system::error_code wrong;
    Answer answer;
    answer.quota = quota->to_number<std::uint64_t>(wrong);
    if (!wrong) {
        answer.others = others->to_number<std::uint64_t>(wrong);
    }
    return wrong ? std::nullopt : std::optional(answer);
}

} // namespace

struct Usage::State : std::enable_shared_from_this<Usage::State> {
    State(ModuleContext& where, bool mail) : context(where), is_mail(mail) {}

    std::shared_ptr<Entry> entry(const std::string& association) {
        auto& found = entries[association];
        if (!found) {
            found = std::make_shared<Entry>();
            found->association = association;
            found->is_mail = is_mail;
        }
        return found;
    }
    /// Told soon, not now: several changes of one turn are one call.
    void tell_if_behind(const std::shared_ptr<Entry>& which) {
        if (!which->is_behind()) {
            return;
        }
        tell(which->association);
    }
    void tell(const std::string& association) {
        behind.insert(association);
        if (!telling && !ended) {
            telling = true;
            spawn(context.io(), tell_all(shared_from_this()), context.journal(), "figures of usage");
        }
    }
    static Task<void> tell_all(std::shared_ptr<State> self);
    static Task<Status> ask(std::shared_ptr<State> self, std::shared_ptr<Entry> which);

    ModuleContext& context;
    const bool is_mail;
    std::map<std::string, std::shared_ptr<Entry>> entries;
    std::set<std::string> behind;
    std::optional<asio::steady_timer> retry;
    bool telling = false;
    bool ended = false;
};

struct Usage::Hold::Part {
    std::shared_ptr<State> state;
    std::shared_ptr<Entry> entry;
    std::uint64_t bytes = 0;
};

/// Asks people with what is held and taken now. Errors: not_found, unavailable.
Task<Status> Usage::State::ask(std::shared_ptr<State> self, std::shared_ptr<Entry> which) {
    while (which->asking) {
        asio::steady_timer turn(self->context.io(), asio::steady_timer::time_point::max());
        const auto place = which->waiters.insert(which->waiters.end(), &turn);
        co_await turn.async_wait(wait);
        which->waiters.erase(place);
    }
    which->asking = true;
    const std::uint64_t total = which->total();
    json::object question;
    question["association"] = which->association;
    question["bytes"] = total;
    std::string text = json::serialize(question);
    const auto held = self->context.busy();
    const auto response = co_await self->context.call("people", "POST", "/internal/usage", std::move(text));
    which->asking = false;
    for (asio::steady_timer* waiter : which->waiters) {
        waiter->cancel();
    }
    if (response && response->status == 404) {
        self->entries.erase(which->association);
        co_return fail(ErrorKind::not_found, "there is no association " + which->association);
    }
    const auto answer = response ? parse_answer(*response) : std::nullopt;
    if (!answer) {
        co_return fail(ErrorKind::unavailable, response ? "people answered something else" : response.error().message);
    }
    which->answer = answer;
    which->told = total;
    co_return Status{};
}

Task<void> Usage::State::tell_all(std::shared_ptr<State> self) {
    co_await asio::post(self->context.io(), wait);
    std::chrono::seconds pause = usage_retry_first;
    while (!self->behind.empty() && !self->ended) {
        const std::string association = *self->behind.begin();
        const auto found = self->entries.find(association);
        const std::shared_ptr<Entry> which = found == self->entries.end() ? nullptr : found->second;
        self->behind.erase(association);
        if (!which) {
            continue;
        }
        const Status told = co_await ask(self, which);
        if (told || told.error().kind == ErrorKind::not_found) {
            pause = usage_retry_first;
            continue;
        }
        self->context.journal().write(usage_untold, {{"association", association}, {"error", told.error().message}});
        self->behind.insert(association);
        // Not busy meanwhile: a module that goes to sleep tells all at its next start.
        self->retry.emplace(self->context.io(), pause);
        co_await self->retry->async_wait(wait);
        pause = std::min(pause * 2, usage_retry_max);
    }
    self->telling = false;
}

Usage::Usage(ModuleContext& context, Whose whose) : state_(std::make_shared<State>(context, whose == Whose::mail)) {}

Usage::~Usage() {
    state_->ended = true;
    if (state_->retry) {
        state_->retry->cancel();
    }
}

void Usage::set(const std::string& association, std::uint64_t bytes) {
    const auto which = state_->entry(association);
    which->bytes = bytes;
    state_->tell_if_behind(which);
}

std::uint64_t Usage::bytes(const std::string& association) const {
    const auto found = state_->entries.find(association);
    return found == state_->entries.end() ? 0 : found->second->bytes;
}

void Usage::forget(const std::string& association) {
    state_->entries.erase(association);
    state_->behind.erase(association);
}

std::optional<std::uint64_t> Usage::quota(const std::string& association) const {
    const auto found = state_->entries.find(association);
    if (found == state_->entries.end() || !found->second->answer || found->second->answer->quota == 0) {
        return std::nullopt;
    }
    return found->second->answer->quota;
}

std::optional<std::uint64_t> Usage::room(const std::string& association) const {
    const auto found = state_->entries.find(association);
    if (found == state_->entries.end() || !found->second->answer) {
        return std::nullopt;
    }
    return found->second->free();
}

bool Usage::has_room(const std::string& association, std::uint64_t bytes) {
    const auto which = state_->entry(association);
    if (!which->told) {
        state_->tell(association);
        return true;
    }
    if (which->free() >= bytes) {
        return true;
    }
    if (!which->asking) {
        state_->tell(association);
    }
    return false;
}

Task<Status> Usage::refresh(std::string association) {
    const std::shared_ptr<State> state = state_;
    const auto which = state->entry(association);
    co_return co_await State::ask(state, which);
}

Usage::Hold& Usage::Hold::operator=(Hold&& other) noexcept {
    if (this != &other) {
        release();
        part_ = std::move(other.part_);
    }
    return *this;
}

void Usage::Hold::release() {
    if (part_) {
        part_->entry->held -= part_->bytes;
        part_->state->tell_if_behind(part_->entry);
        part_.reset();
    }
}

Task<Result<Usage::Hold>> Usage::take(std::string association, std::uint64_t bytes) {
    const std::shared_ptr<State> state = state_;
    const auto which = state->entry(association);
    Hold hold;
    hold.part_ = std::make_shared<Hold::Part>();
    hold.part_->state = state;
    hold.part_->entry = which;
    hold.part_->bytes = bytes;
    which->held += bytes;
    // People knows of these bytes before they are written: who asks after us, counts them. The last answer would not do: an
    // admin may have given the association less since.
    const Status asked = co_await State::ask(state, which);
    if (!asked) {
        co_return fail(asked.error());
    }
    const auto most = which->limit();
    const bool fits = !most || which->answer->others + which->total() <= *most;
    if (!fits) {
        co_return fail(ErrorKind::too_large, "the association has no room for it");
    }
    co_return hold;
}

Response Usage::refuse(const Request& request, const std::string& association, ErrorKind kind) const {
    if (kind == ErrorKind::not_found) {
        return problem(request, 404, "not_found");
    }
    const auto found = state_->entries.find(association);
    if (kind != ErrorKind::too_large || found == state_->entries.end() || !found->second->answer) {
        Response response = problem(request, 503, "busy");
        response.headers.emplace_back("Retry-After", "5");
        return response;
    }
    const Language language = language_of(request);
    const Answer& answer = *found->second->answer;
    Parameters parameters;
    parameters.emplace_back("limit", size_text(answer.quota, language));
    parameters.emplace_back("used", size_text(std::min(answer.others + found->second->bytes, answer.quota), language));
    return problem(request, 413, "association_full", parameters);
}

} // namespace hameau
