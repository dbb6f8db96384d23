// Addresses that people is about to give: asked for before people commits a member or a group, so that a response with an
// address is an address that exists. Called by people only. The event that follows takes the reservation up
// (Store::put_mailbox, Store::put_circle); a reservation that nothing follows ends by itself (reservation_ms).
// And the way back: people is told the addresses of each member whose mailboxes changed, again until it has them (`news`).

#include <algorithm>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/mail/limits.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/support/paging.hpp"

namespace hameau::mail {

namespace {

std::string read_owner(JsonFields& fields) {
    Length length;
    length.most = owner_bytes_max;
    return fields.text("owner", length);
}

} // namespace

void Mail::start_telling() {
    if (!telling_ && !stopping_ && store_->first_news()) {
        telling_ = true;
        spawn(context_->io(), tell_people(), context_->journal(), "mailboxes to tell people of");
    }
}

std::string Mail::addresses_of(const std::string& member) {
    boost::json::array addresses;
    const auto boxes = store_->mailboxes_of(member);
    const auto add = [&addresses](const std::string& address, const std::string& association) {
        boost::json::object one;
        one["address"] = address;
        one["association"] = association;
        addresses.push_back(std::move(one));
    };
    for (const Mailbox& box : boxes) {
        add(box.address, box.association);
    }
    // Earlier ones last: they sign in, and are not shown.
    for (const Mailbox& box : boxes) {
        for (const std::string& former : store_->former_addresses(box.folder)) {
            add(former, box.association);
        }
    }
    boost::json::object out;
    out["member"] = member;
    out["addresses"] = std::move(addresses);
    return boost::json::serialize(out);
}

Task<void> Mail::tell_people() {
    const auto held = context_->busy();
    telling_timer_.emplace(context_->io());
    std::chrono::milliseconds pause = telling_pause_first;
    while (!stopping_) {
        const auto news = store_->first_news();
        if (!news) {
            break;
        }
        std::string text = addresses_of(news->member);
        const auto answer = co_await context_->call("people", "POST", "/internal/mailboxes", std::move(text));
        // 404: people does not know the member (any more); its own event is on its way.
        const bool told = answer && ((answer->status >= 200 && answer->status < 300) || answer->status == 404);
        if (told && store_->forget_news(*news)) {
            pause = telling_pause_first;
            continue;
        }
        telling_timer_->expires_after(pause);
        co_await telling_timer_->async_wait(wait);
        pause = std::min(pause * 2, telling_pause_max);
    }
    telling_ = false;
}

Task<Response> Mail::reserve_address(Request& request) {
    auto opened = co_await open_from_people(request, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string slug = fields.slug("association");
    const std::string owner = read_owner(fields);
    const std::string kind = fields.choice("kind", "mailbox|group");
    const auto association = store_->association(slug);
    if (!association) {
        co_return say(request, 404, "no_association");
    }
    const std::string address = read_address(fields, *association, kind == "mailbox" ? Kind::mailbox : Kind::alias);
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    // The member's own mailbox in the bin comes back with the event that follows, unless that one renames another.
    const auto boxes = store_->mailboxes_of(owner);
    const bool renames = std::any_of(boxes.begin(), boxes.end(), [&slug](const Mailbox& box) { return box.association == slug; });
    const auto binned = store_->binned(slug, address);
    const Holder holder = store_->holder_but(address, owner);
    const bool own = holder == Holder::bin && kind == "mailbox" && binned && binned->member == owner && !renames;
    if (auto taken = own ? std::nullopt : refuse_taken(request, address, holder)) {
        co_return std::move(*taken);
    }
    if (kind == "mailbox" && store_->count_mailboxes(slug) >= mailboxes_per_association_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(mailboxes_per_association_max));
        co_return say(request, 422, "ceiling", parameters);
    }
    const Status done = store_->transaction([&] { return store_->reserve(address, owner, now_ms() + reservation_ms); });
    co_return done ? empty_response(204) : say_failed(request, done.error());
}

Task<Response> Mail::internal_domain(Request& request) {
    if (auto denied = refuse_unless_people(request)) {
        co_return std::move(*denied);
    }
    const std::string name(request.query_parameter("name").value_or(""));
    const std::string of(request.query_parameter("of").value_or(""));
    const std::string but(request.query_parameter("but").value_or(""));
    boost::json::array items;
    for (const Store::Held& held : store_->held_in(name)) {
        // Whoever gives a domain up loses nothing that is in the bin; it only cannot come back under that name.
        const bool asked = of.empty() ? held.association != but : held.kind == "reserved" || (held.association == of && !held.kind.ends_with("_bin"));
        if (asked) {
            boost::json::object item;
            item["kind"] = held.kind;
            item["association"] = held.association;
            item["name"] = held.address;
            items.push_back(std::move(item));
        }
    }
    if (auto failure = store_->take_failure()) {
        co_return say_failed(request, *failure);
    }
    if (of.empty() && items.empty()) {
        domain_holds_.put(name, but);
    }
    co_return list_response(std::move(items), "");
}

Task<Response> Mail::release_address(Request& request) {
    auto opened = co_await open_from_people(request, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string owner = read_owner(fields);
    const std::string address = fields.address("address");
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    const Status done = store_->transaction([&] { return store_->release(address, owner); });
    co_return done ? empty_response(204) : say_failed(request, done.error());
}

} // namespace hameau::mail
