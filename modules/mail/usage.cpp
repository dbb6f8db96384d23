// What the mailboxes of an association hold, told to people, and what the one quota of the association leaves to each.
// Dovecot counts and refuses; nothing runs at a delivery. Between two measures each mailbox may grow by what was free at
// the last one: with n mailboxes a quota is passed by n - 1 times that at most (docs/decisions/2026-11-29-one-quota.md).

#include "daemon/base/spawn.hpp"
#include "modules/mail/limits.hpp"
#include "modules/mail/mail_module.hpp"

namespace hameau::mail {

void Mail::measure_when_due() {
    const auto now = std::chrono::steady_clock::now();
    if (measured_ && now - *measured_ < measure_again) {
        return;
    }
    measured_ = now;
    empty_bin();
    for (const std::string& slug : store_->associations()) {
        measure_later(slug);
    }
}

void Mail::measure_later(const std::string& slug) {
    to_measure_.insert(slug);
    if (measuring_ || stopping_) {
        return;
    }
    measuring_ = true;
    auto work = measure_all(alive_);
    spawn(context_->io(), std::move(work), context_->journal(), "measuring of mail");
}

Task<void> Mail::measure_all(std::shared_ptr<const bool> alive) {
    const auto held = context_->busy();
    while (*alive && !to_measure_.empty() && !stopping_) {
        const std::string slug = *to_measure_.begin();
        to_measure_.erase(to_measure_.begin());
        co_await measure(alive, slug);
    }
    if (*alive) {
        measuring_ = false;
    }
}

Task<void> Mail::measure(std::shared_ptr<const bool> alive, std::string slug) {
    auto boxes = store_->mailboxes(slug, "", mailboxes_per_association_max);
    std::vector<std::string> users;
    for (const Mailbox& box : boxes) {
        users.push_back(box.address);
    }
    Doveadm doveadm = *doveadm_;
    const auto figures = co_await doveadm.figures(std::move(users), measure_deadline);
    if (!*alive || !store_->association(slug)) {
        co_return;
    }
    // What lies in the bin is on the disk too, and cannot be asked for.
    std::uint64_t sum = store_->bytes_in_bin(slug);
    for (const BoxFigures& one : figures) {
        if (!one.used_bytes) {
            co_return;  // Dovecot does not answer: the last figure stands
        }
        sum += static_cast<std::uint64_t>(*one.used_bytes);
    }
    const Status noted = store_->transaction([&] {
        Status done;
        for (std::size_t i = 0; done && i < boxes.size(); ++i) {
            done = store_->set_used(boxes[i].address, static_cast<std::uint64_t>(*figures[i].used_bytes));
        }
        return done;
    });
    if (!noted) {
        co_return;
    }
    usage_->set(slug, sum);
    Usage& usage = *usage_;
    const Status asked = co_await usage.refresh(slug);
    if (!*alive || !asked) {
        co_return;
    }
    const auto left = usage_->room(slug);
    for (std::size_t i = 0; left && i < boxes.size(); ++i) {
        const auto used = static_cast<std::uint64_t>(*figures[i].used_bytes);
        // An association without a quota of its own leaves everything.
        const bool limited = *left < boxes[i].quota_bytes && used + *left < boxes[i].quota_bytes;
        // Dovecot takes 0 for "no limit".
        const std::uint64_t room = limited ? std::max<std::uint64_t>(used + *left, 1) : 0;
        if (accounts_->set_room(boxes[i].address, room)) {
            store_->touched().insert(boxes[i].member);
        }
    }
    settle();
}

/// people asks for a fresh figure, before a manager looks at it. 204: it was told, as far as Dovecot answers.
Task<Response> Mail::internal_usage(Request& request) {
    auto opened = co_await open_from_people(request, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string slug = fields.slug("association");
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    if (!store_->association(slug)) {
        co_return say(request, 404, "no_association");
    }
    co_await measure(alive_, slug);
    co_return empty_response(204);
}

} // namespace hameau::mail
