// The association's mailboxes and addresses of redirection, for its managers. A member's own mail is api_me.cpp.
#include "daemon/base/io.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

namespace json = boost::json;

namespace {

constexpr Event mailbox_added{"mail.mailbox_added", Level::notice};
constexpr Event mailbox_removed{"mail.mailbox_removed", Level::notice, "in the bin for 30 days; its messages stay in boxes/"};
constexpr Event mailbox_renamed{"mail.mailbox_renamed", Level::notice};
constexpr Event alias_added{"mail.alias_added", Level::notice};
constexpr Event alias_removed{"mail.alias_removed", Level::notice};

json::array texts(const std::vector<std::string>& list) {
    json::array out;
    for (const std::string& text : list) {
        out.emplace_back(text);
    }
    return out;
}

json::object alias_document(const Alias& alias) {
    json::object out;
    out["address"] = alias.address;
    out["to"] = texts(alias.targets);
    out["may_send"] = alias.may_send;
    if (!alias.former.empty()) {
        out["former"] = true;
    }
    return out;
}

/// Where a member's mail is copied to, and how full it is, is theirs and the managers' to see.
bool sees_all(const Request& request, const std::string& slug) {
    return request.who.caller == Caller::admin || request.who.role_in(slug) == Role::manager;
}

std::string address_of(const Request& request) { return ascii_lower(request.parameter("address")); }

} // namespace

json::object mailbox_document(const Mailbox& mailbox) {
    json::object out;
    out["address"] = mailbox.address;
    out["login"] = mailbox.login;
    out["quota_bytes"] = mailbox.quota_bytes;
    json::array asked;
    json::array waiting;
    json::array ended;
    for (const Forward& one : mailbox.forwards) {
        asked.emplace_back(one.target);
        if (one.state == "waiting") {
            waiting.emplace_back(one.target);
        } else if (one.state == "ended") {
            ended.emplace_back(one.target);
        }
    }
    out["forward"] = std::move(asked);
    out["forward_waiting"] = std::move(waiting);
    out["forward_ended"] = std::move(ended);
    return out;
}

Task<Response> Mail::list_mailboxes(Request& request) {
    const std::string slug(request.parameter("slug"));
    const bool bin = request.query_parameter("bin") == "1";
    auto opened = open_page(request, refuse_below(request, slug, bin ? Role::manager : Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    if (bin) {
        co_return list_bin(slug, opened.page);
    }
    auto found = store_->mailboxes(slug, opened.page.after, opened.page.limit + 1);
    const std::string next = cut_page(found, opened.page, &Mailbox::address);
    const bool all = sees_all(request, slug);
    std::vector<std::string> users;
    for (const Mailbox& mailbox : found) {
        if (all || mailbox.member == request.who.member) {
            users.push_back(mailbox.address);
        }
    }
    const auto figures = co_await doveadm_->figures(std::move(users), figures_deadline);
    json::array items;
    std::size_t known = 0;
    for (const Mailbox& mailbox : found) {
        json::object item = mailbox_document(mailbox);
        if (all || mailbox.member == request.who.member) {
            const auto& used = figures[known++].used_bytes;
            item["used_bytes"] = used ? json::value(*used) : json::value(nullptr);
        } else {
            for (const char* key : {"forward", "forward_waiting", "forward_ended"}) {
                item.erase(key);
            }
            item.erase("quota_bytes");
        }
        items.push_back(std::move(item));
    }
    co_return list_response(std::move(items), next);
}

Task<Response> Mail::add_mailbox(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = [this, &request, &slug] { return refuse_below(request, slug, Role::manager); };
    auto opened = co_await open_body(context_, request, judge, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const auto association = store_->association(slug);
    JsonFields fields(opened.body);
    Mailbox mailbox;
    mailbox.association = slug;
    mailbox.address = read_address(fields, *association, Kind::mailbox);
    mailbox.login = fields.login("login");
    mailbox.folder = new_id();
    const std::uint64_t room = association->quota_bytes > 0 ? association->quota_bytes : quota_bytes_default;
    Wanted wanted;
    wanted.status = 201;
    wanted.quota_bytes = read_quota(fields, *association);
    mailbox.quota_bytes = wanted.quota_bytes.value_or(std::min(room, quota_bytes_default));
    wanted.forward = read_targets(fields, "forward", mailbox.address, forwards_max);
    mailbox.forward = wanted.forward.value_or(std::vector<std::string>());
    const auto member = store_->member_by_login(slug, mailbox.login);
    if (!member && !mailbox.login.empty()) {
        Parameters parameters;
        parameters.emplace_back("login", mailbox.login);
        fields.refuse_field("login", "not_a_member", std::move(parameters));
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    mailbox.member = *member;
    if (auto own = own_binned(mailbox)) {
        co_return co_await bring_back(request, std::move(*own), std::move(wanted));
    }
    if (auto taken = refuse_taken(request, mailbox.address)) {
        co_return std::move(*taken);
    }
    if (store_->count_mailboxes(slug) >= mailboxes_per_association_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(mailboxes_per_association_max));
        co_return say(request, 422, "ceiling", parameters);
    }
    const Status done = store_->transaction([&] { return store_->insert_mailbox(mailbox, request.who.member); });
    if (done) {
        context_->journal().write(mailbox_added, {{"association", slug}});
        measure_later(slug);
    }
    json::object answer = mailbox_document(store_->mailbox(mailbox.address).value_or(mailbox));
    answer["used_bytes"] = 0;
    Response response = json_response(201, answer);
    co_return co_await after_change(request, done, std::move(response));
}

std::optional<BinnedMailbox> Mail::own_binned(const Mailbox& wanted) {
    const Holder holder = store_->holder(wanted.address);
    const bool kept = holder == Holder::bin || holder == Holder::nobody;
    auto found = kept ? store_->binned(wanted.association, wanted.address) : std::nullopt;
    return found && found->member == wanted.member ? std::move(found) : std::nullopt;
}

Task<Response> Mail::change_mailbox(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Finder<Mailbox> find = [this, &request, &slug]() -> std::variant<Mailbox, Response> {
        if (auto refused = refuse_below(request, slug, Role::manager)) {
            return std::move(*refused);
        }
        auto found = store_->mailbox(address_of(request));
        const bool here = found && found->association == slug;
        return here ? std::variant<Mailbox, Response>(std::move(*found)) : say(request, 404, "no_mailbox");
    };
    auto opened = co_await open_row(context_, request, find, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    Mailbox* const mailbox = &*opened.row;
    const auto association = store_->association(slug);
    JsonFields fields(opened.body);
    const std::string address = read_address(fields, *association, Kind::mailbox, mailbox->address);
    const Store::OldAddress old = fields.boolean("keep_old", true) ? Store::OldAddress::alias : Store::OldAddress::gone;
    const auto quota = read_quota(fields, *association);
    const auto forward = read_targets(fields, "forward", mailbox->address, forwards_max);
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    const bool renamed = address != mailbox->address;
    if (!quota && !forward && !renamed) {
        co_return say(request, 422, "nothing_asked");
    }
    // One's own earlier address may be taken back; a second mailbox of one's own is a mailbox.
    const Holder holder = store_->mailbox(address) ? Holder::mailbox : store_->holder_but(address, mailbox->member);
    if (auto taken = renamed ? refuse_taken(request, address, holder) : std::nullopt) {
        co_return std::move(*taken);
    }
    const Status done = store_->transaction([&]() -> Status {
        auto set = quota ? store_->set_quota(mailbox->address, *quota) : Status{};
        set = set && forward ? store_->set_forward(mailbox->address, *forward, request.who.member) : set;
        return set && renamed ? store_->rename_mailbox(mailbox->address, address, old) : set;
    });
    if (done && renamed) {
        context_->journal().write(mailbox_renamed, {{"association", slug}, {"folder", mailbox->folder}});
    }
    measure_later(slug);
    const Mailbox changed = store_->mailbox(done ? address : mailbox->address).value_or(*mailbox);
    Response response = json_response(200, mailbox_document(changed));
    co_return co_await after_change(request, done, std::move(response));
}

Task<Response> Mail::erase_mailbox(Request& request) {
    if (request.query_parameter("purge") == "1") {
        co_return co_await purge_mailbox(request);
    }
    const std::string slug(request.parameter("slug"));
    const auto find = [this, &request, &slug]() -> std::variant<Mailbox, Response> {
        if (auto refused = refuse_below(request, slug, Role::manager)) {
            return std::move(*refused);
        }
        auto found = store_->mailbox(address_of(request));
        const bool here = found && found->association == slug;
        return here ? std::variant<Mailbox, Response>(std::move(*found)) : say(request, 404, "no_mailbox");
    };
    auto found = find();
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    // What lies in the bin counts, and nobody can ask Dovecot for it any more.
    std::vector<std::string> users = {std::get<Mailbox>(found).address};
    const auto figures = co_await doveadm_->figures(std::move(users), figures_deadline);
    // Dovecot was waited for: what the path names may be another mailbox, or gone.
    found = find();
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Mailbox mailbox = std::get<Mailbox>(found);
    const auto used = figures.empty() ? std::uint64_t{0} : static_cast<std::uint64_t>(figures.front().used_bytes.value_or(0));
    const Status done = store_->transaction([&] { return store_->remove_mailbox(mailbox.address, used); });
    if (done) {
        context_->journal().write(mailbox_removed, {{"association", slug}, {"folder", mailbox.folder}});
        measure_later(slug);
    }
    Response response = empty_response(204);
    co_return co_await after_change(request, done, std::move(response));
}

Task<Response> Mail::list_aliases(Request& request) {
    const std::string slug(request.parameter("slug"));
    auto opened = open_page(request, refuse_below(request, slug, Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    auto found = store_->aliases(slug, opened.page.after, opened.page.limit + 1);
    const std::string next = cut_page(found, opened.page, &Alias::address);
    json::array items;
    for (const Alias& alias : found) {
        items.push_back(alias_document(alias));
    }
    co_return list_response(std::move(items), next);
}

Task<Response> Mail::add_alias(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = [this, &request, &slug] { return refuse_below(request, slug, Role::manager); };
    auto opened = co_await open_body(context_, request, judge, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const auto association = store_->association(slug);
    JsonFields fields(opened.body);
    Alias alias;
    alias.association = slug;
    alias.address = read_address(fields, *association, Kind::alias);
    alias.may_send = fields.boolean("may_send", false);
    const std::size_t errors_before = fields.errors().size();
    alias.targets = read_targets(fields, "to", alias.address, alias_targets_max).value_or(std::vector<std::string>());
    if (alias.targets.empty() && fields.errors().size() == errors_before) {
        fields.refuse_field("to", "no_target");
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    if (auto taken = refuse_taken(request, alias.address)) {
        co_return std::move(*taken);
    }
    if (store_->count_aliases(slug) >= aliases_per_association_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(aliases_per_association_max));
        co_return say(request, 422, "ceiling", parameters);
    }
    const Status done = store_->transaction([&] { return store_->put_alias(alias); });
    if (done) {
        context_->journal().write(alias_added, {{"association", slug}});
    }
    Response response = json_response(201, alias_document(alias));
    co_return co_await after_change(request, done, std::move(response));
}

Task<Response> Mail::change_alias(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Finder<Alias> find = [this, &request, &slug]() -> std::variant<Alias, Response> {
        if (auto refused = refuse_below(request, slug, Role::manager)) {
            return std::move(*refused);
        }
        auto found = store_->alias(address_of(request));
        const bool here = found && found->association == slug;
        return here ? std::variant<Alias, Response>(std::move(*found)) : say(request, 404, "no_alias");
    };
    auto opened = co_await open_row(context_, request, find, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    Alias* const alias = &*opened.row;
    JsonFields fields(opened.body);
    const auto may_send = fields.optional_boolean("may_send");
    const std::string before = alias->address;
    const std::string address = read_address(fields, store_->association(slug).value_or(Association()), Kind::alias, before);
    auto targets = read_targets(fields, "to", before, alias_targets_max);
    if (address != before) {
        const auto& wanted = targets ? *targets : alias->targets;
        if (const auto sender = store_->loop(without_tag(address), wanted)) {
            fields.refuse_field(targets ? "to" : "address", "loop", {{"address", *sender}, {"start", address}});
        }
    }
    if (targets && targets->empty() && fields.errors().empty()) {
        fields.refuse_field("to", "no_target");
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    if (!may_send && !targets && address == before) {
        co_return say(request, 422, "nothing_asked");
    }
    if (address != before) {
        if (!alias->former.empty()) {
            co_return say(request, 422, "alias_former");
        }
        if (const auto groups = store_->groups_that_name(before); !groups.empty()) {
            Parameters parameters;
            parameters.emplace_back("group", groups.front());
            co_return say(request, 409, "alias_in_group", parameters);
        }
        if (auto taken = refuse_taken(request, address)) {
            co_return std::move(*taken);
        }
    }
    alias->may_send = may_send.value_or(alias->may_send);
    alias->targets = targets ? std::move(*targets) : alias->targets;
    const Status done = store_->transaction([&] {
        auto put = store_->put_alias(*alias);
        return put && address != before ? store_->rename_alias(before, address) : put;
    });
    alias->address = address;
    Response response = json_response(200, alias_document(*alias));
    co_return co_await after_change(request, done, std::move(response));
}

Task<Response> Mail::erase_alias(Request& request) {
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    const auto alias = store_->alias(address_of(request));
    if (!alias || alias->association != slug) {
        co_return say(request, 404, "no_alias");
    }
    const Status done = store_->transaction([&] { return store_->erase_alias(alias->address); });
    if (done) {
        context_->journal().write(alias_removed, {{"association", slug}});
    }
    Response response = empty_response(204);
    co_return co_await after_change(request, done, std::move(response));
}

} // namespace hameau::mail
