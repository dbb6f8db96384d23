// The bin of an association's mailboxes, for its managers: what was removed in the last 30 days, the way back, and the end.
// The folders belong to Dovecot's uid: hameau-provision removes them (verb "erase-box"), and a row of `retired_box` is done
// only after its folder. So a kill in between leaves a row, and the next look at the bin asks again. Never reads a message.
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/support/bin.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

namespace json = boost::json;

namespace {

constexpr Event mailbox_restored{"mail.mailbox_restored", Level::notice};
constexpr Event mailbox_purged{"mail.mailbox_purged", Level::notice};
constexpr Event box_stays{"mail.box_stays", Level::warning, "the messages of an erased mailbox are still on the disk; tried again"};

json::object binned_document(const BinnedMailbox& box) {
    json::object out;
    out["address"] = box.address;
    out["login"] = box.login;
    out["quota_bytes"] = box.quota_bytes;
    out["used_bytes"] = box.used_bytes;
    out["deleted"] = format_utc(box.retired_ms);
    out["gone"] = format_utc(box.retired_ms + bin_ms);
    return out;
}

} // namespace

Response Mail::list_bin(const std::string& slug, const Page& page) {
    empty_bin();
    auto found = store_->bin(slug, page.after, page.limit + 1);
    const std::string next = cut_page(found, page, &BinnedMailbox::folder);
    json::array items;
    for (const BinnedMailbox& box : found) {
        items.push_back(binned_document(box));
    }
    return list_response(std::move(items), next);
}

std::variant<BinnedMailbox, Response> Mail::find_binned(const Request& request, const std::string& slug) {
    if (auto refused = refuse_below(request, slug, Role::manager)) {
        return std::move(*refused);
    }
    auto found = store_->binned(slug, ascii_lower(request.parameter("address")));
    return found ? std::variant<BinnedMailbox, Response>(std::move(*found)) : say(request, 404, "not_in_bin");
}

std::optional<Response> Mail::refuse_return(const Request& request, const BinnedMailbox& box) {
    Parameters parameters;
    parameters.emplace_back("address", box.address);
    if (store_->owner_of_domain(domain_of(box.address)) != box.association) {
        return say(request, 409, "domain_lost", parameters);
    }
    if (domain_holds_.holds(domain_of(box.address), box.association, store_->association(box.association).value_or(Association()).domains)) {
        return say(request, 409, "domain_moving");
    }
    if (box.login.empty() || !store_->member_by_login(box.association, box.login)) {
        parameters.emplace_back("login", box.login);
        return say(request, 409, "owner_gone", parameters);
    }
    const Holder other = store_->holder(box.address);
    return other == Holder::bin ? std::nullopt : refuse_taken(request, box.address, other);
}

Task<Response> Mail::restore_mailbox(Request& request) {
    const std::string slug(request.parameter("slug"));
    auto found = find_binned(request, slug);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    BinnedMailbox box = std::get<BinnedMailbox>(found);
    if (auto refused = refuse_return(request, box)) {
        co_return std::move(*refused);
    }
    // Nothing is waited for between here and the transaction: two managers at once are one after the other.
    Wanted wanted;
    co_return co_await bring_back(request, std::move(box), std::move(wanted));
}

Task<Response> Mail::bring_back(Request& request, BinnedMailbox box, Wanted wanted) {
    std::vector<std::string> left_out;
    const Status done = store_->transaction([&]() -> Status {
        auto back = store_->restore_mailbox(box);
        if (!back) {
            return fail(std::move(back.error()));
        }
        left_out = std::move(*back);
        auto set = wanted.quota_bytes ? store_->set_quota(box.address, *wanted.quota_bytes) : Status{};
        return set && wanted.forward ? store_->set_forward(box.address, *wanted.forward, request.who.member) : set;
    });
    const auto mailbox = store_->mailbox(box.address);
    if (!done || !mailbox) {
        co_return say_failed(request, done ? Error{ErrorKind::io, "the mailbox is not there"} : done.error());
    }
    context_->journal().write(mailbox_restored, {{"association", box.association}, {"folder", box.folder}});
    measure_later(box.association);
    json::object answer = mailbox_document(*mailbox);
    json::array warnings;
    if (wanted.status == 201) {
        warnings.emplace_back(text_of(mail_catalogue, language_of(request), "came_back"));
    }
    if (!left_out.empty()) {
        std::string names;
        for (const std::string& address : left_out) {
            names += (names.empty() ? "" : ", ") + address;
        }
        Parameters parameters;
        parameters.emplace_back("addresses", names);
        warnings.emplace_back(text_of(mail_catalogue, language_of(request), "links_lost", parameters));
    }
    answer["warnings"] = std::move(warnings);
    Response response = json_response(wanted.status, answer);
    co_return co_await after_change(request, done, std::move(response));
}

Task<Response> Mail::purge_mailbox(Request& request) {
    const std::string slug(request.parameter("slug"));
    auto found = find_binned(request, slug);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const BinnedMailbox box = std::get<BinnedMailbox>(found);
    const Status done = store_->transaction([&] { return store_->purge_mailbox(box.folder); });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    context_->journal().write(mailbox_purged, {{"association", slug}, {"folder", box.folder}});
    measure_later(slug);
    std::string folder = box.folder;
    const bool gone = co_await erase_box_soon(std::move(folder));
    co_return gone ? empty_response(204) : say(request, 503, "erase_pending");
}

struct Mail::Erasing {
    explicit Erasing(boost::asio::io_context& io) : bell(io) {}
    boost::asio::steady_timer bell;
    std::optional<bool> gone;
};

Task<bool> Mail::erase_box_soon(std::string folder) {
    auto erasing = std::make_shared<Erasing>(context_->io());
    erasing->bell.expires_after(erase_patience_);
    spawn(context_->io(), erase_box_beside(std::move(folder), erasing), context_->journal(), "an erased mailbox");
    if (!erasing->gone) {
        co_await erasing->bell.async_wait(wait);
    }
    co_return erasing->gone.value_or(false);
}

Task<void> Mail::erase_box_beside(std::string folder, std::shared_ptr<Erasing> erasing) {
    const auto held = context_->busy();
    erasing->gone = co_await erase_box(std::move(folder));
    erasing->bell.cancel();
}

Task<bool> Mail::erase_box(std::string folder) {
    const std::shared_ptr<const bool> alive = alive_;
    std::map<std::string, std::string> arguments;
    arguments.emplace("folder", folder);
    std::string verb = "erase-box";
    Status gone = co_await context_->provision(std::move(verb), std::move(arguments));
    if (!*alive) {
        co_return false;
    }
    if (gone) {
        gone = store_->transaction([&] { return store_->forget_box(folder); });
        // Copies of before an update: the mailbox and its passwords are in them.
        store_->forget_copies();
        if (accounts_) {
            accounts_->forget_copies();
        }
    }
    if (!gone) {
        context_->journal().write(box_stays, {{"folder", folder}, {"error", gone.error().message}});
    }
    co_return gone.has_value();
}

/// One round over all of them: a folder that cannot be removed does not keep the others.
Task<void> Mail::erase_boxes(std::shared_ptr<const bool> alive) {
    const auto held = context_->busy();
    std::string after;
    while (*alive && !stopping_) {
        const auto folders = store_->boxes_to_erase(after, boxes_erased_at_once);
        if (folders.empty()) {
            break;
        }
        for (const std::string& folder : folders) {
            after = folder;
            std::string one = folder;
            (void)co_await erase_box(std::move(one));
            if (!*alive || stopping_) {
                break;
            }
        }
    }
}

void Mail::empty_bin() {
    if (accounts_) {
        accounts_->drop_old_copies();
    }
    const Status done = store_->transaction([this] { return store_->purge_removed_before(now_ms() - bin_ms); });
    if (!done) {
        context_->journal().write(box_stays, {{"error", done.error().message}});
        return;
    }
    erase_boxes_later();
}

void Mail::erase_boxes_later() {
    if (erasing_ || stopping_ || store_->boxes_to_erase("", 1).empty()) {
        return;
    }
    erasing_ = true;
    spawn(context_->io(), erase_boxes_beside(alive_), context_->journal(), "erased mailboxes");
}

Task<void> Mail::erase_boxes_beside(std::shared_ptr<const bool> alive) {
    co_await erase_boxes(alive);
    if (*alive) {
        erasing_ = false;
    }
}

} // namespace hameau::mail
