// The addresses of one association go out (for archive_parts.cpp), come in (for api_import.cpp) or are erased (for the host):
// mail/addresses.json {"version":1,"mailboxes":[{"address","login","quota_bytes","forward",
// "forward_states":{TARGET: Forward::state}}],"aliases":[{"address","to","may_send"}]}. The messages are Dovecot's (uid dovemail) and not in it: README.md.
#include "daemon/base/io.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/support/outside_address.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

namespace json = boost::json;

namespace {


tl::unexpected<Error> bad_archive(const std::string& what) {
    return fail(ErrorKind::invalid, "mail/addresses.json: " + what + ". Nothing was imported.");
}

std::string first_error(JsonFields& fields) {
    fields.finish();
    const FieldError& error = fields.errors().front();
    return error.field + ": " + text_of(mail_catalogue, Language::english, error.code, error.parameters);
}

/// All aliases get their targets first: each is checked below, and may lead to one that comes later.
Status put_raw_targets(Store& store, const std::vector<std::pair<std::string, json::value>>& forwards) {
    for (const auto& [address, list] : forwards) {
        auto alias = store.alias(address);
        if (!alias || !list.is_array() || list.get_array().size() > alias_targets_max) {
            continue;
        }
        for (const json::value& target : list.get_array()) {
            auto stored = target.is_string() ? outside_address(target.get_string()) : std::nullopt;
            if (stored) {
                alias->targets.push_back(store.as_kept(std::move(*stored)));
            }
        }
        if (auto put = store.put_alias(*alias); !put) {
            return put;
        }
    }
    return {};
}

/// What the owners of mailboxes answered to the copies that are asked for.
Status import_answers(Store& store, const std::vector<std::pair<std::string, json::object>>& states, bool trusted) {
    for (const auto& [address, answers] : states) {
        for (const auto& field : answers) {
            const json::string* state = field.value().if_string();
            if (state == nullptr || (*state != "waiting" && *state != "running" && *state != "agreed" && *state != "ended")) {
                return bad_archive(address + ": forward_states has an answer that does not exist");
            }
            const bool consent = *state == "running" || *state == "agreed";
            const std::string_view kept = consent && !trusted ? std::string_view("waiting") : std::string_view(state->data(), state->size());
            const auto set = store.answer_forward(address, std::string(field.key()), kept);
            if (!set && set.error().kind != ErrorKind::not_found) {
                return set;
            }
        }
    }
    return {};
}

const json::object& object_of(const json::value& value) {
    static const json::object nothing;
    return value.is_object() ? value.get_object() : nothing;
}

} // namespace

json::object Mail::addresses_document(const std::string& slug) {
    json::array mailboxes;
    for (const Mailbox& box : store_->mailboxes(slug, "", mailboxes_per_association_max)) {
        json::object item;
        item["address"] = box.address;
        item["login"] = box.login;
        item["quota_bytes"] = box.quota_bytes;
        json::array forward;
        json::object states;
        for (const Forward& one : box.forwards) {
            forward.emplace_back(one.target);
            states[one.target] = one.state;
        }
        item["forward"] = std::move(forward);
        item["forward_states"] = std::move(states);
        mailboxes.push_back(std::move(item));
    }
    json::array aliases;
    for (const Alias& alias : store_->aliases(slug, "", aliases_per_association_max)) {
        json::object item;
        item["address"] = alias.address;
        item["to"] = json::value_from(alias.targets);
        item["may_send"] = alias.may_send;
        aliases.push_back(std::move(item));
    }
    json::object out;
    out["version"] = 1;
    out["mailboxes"] = std::move(mailboxes);
    out["aliases"] = std::move(aliases);
    return out;
}

Status Mail::import_now(const std::string& slug, const json::object& archive, bool trusted) {
    const auto association = store_->association(slug);
    if (!association) {
        return fail(ErrorKind::not_found, "mail does not know the association " + slug + " yet. Nothing was imported. Import its people first.");
    }
    JsonFields fields(archive);
    (void)fields.integer("version", 1, 1);
    const json::array* mailboxes = fields.optional_array("mailboxes", mailboxes_per_association_max);
    const json::array* aliases = fields.optional_array("aliases", aliases_per_association_max);
    if (!fields.finish()) {
        return bad_archive(first_error(fields));
    }
    const json::array nothing;
    // All mailboxes and aliases first, then where they lead: they may name each other.
    Imported imported;
    for (const json::value& value : mailboxes == nullptr ? nothing : *mailboxes) {
        if (auto done = import_mailbox(*association, object_of(value), imported); !done) {
            return done;
        }
    }
    for (const json::value& value : aliases == nullptr ? nothing : *aliases) {
        if (auto done = import_alias(*association, object_of(value), imported); !done) {
            return done;
        }
    }
    if (auto put = put_raw_targets(*store_, imported.targets); !put) {
        return put;
    }
    for (const auto& [address, list] : imported.targets) {
        if (auto done = import_targets(address, list); !done) {
            return done;
        }
    }
    return import_answers(*store_, imported.answers, trusted);
}

Status Mail::import_mailbox(const Association& association, const json::object& archived, Imported& imported) {
    JsonFields one(archived);
    Mailbox box;
    box.association = association.slug;
    box.address = read_address(one, association, Kind::mailbox);
    box.login = one.login("login");
    box.folder = new_id();
    box.quota_bytes = one.optional_size("quota_bytes").value_or(quota_bytes_default);
    (void)one.optional_array("forward", forwards_max);
    const json::object* answers = one.optional_object("forward_states");
    const auto member = store_->member_by_login(association.slug, box.login);
    const auto there = store_->mailbox(box.address);
    // A former import brought it: what its people did since (a copy withdrawn, another room, another login) stays.
    if (one.errors().empty() && ((there && there->association == association.slug) || store_->binned(association.slug, box.address))) {
        const bool first = imported.addresses.insert(box.address).second;
        return first ? Status{} : Status(bad_archive(box.address + " is taken already"));
    }
    if (!one.finish() || !member) {
        return bad_archive(one.errors().empty() ? box.login + " is not a member of " + association.slug : first_error(one));
    }
    box.member = *member;
    if (!imported.addresses.insert(box.address).second || store_->holder(box.address) != Holder::nobody) {
        return bad_archive(box.address + " is taken already");
    }
    if (const json::value* list = archived.if_contains("forward")) {
        imported.targets.emplace_back(box.address, *list);
    }
    if (answers != nullptr) {
        imported.answers.emplace_back(box.address, *answers);
    }
    return store_->insert_mailbox(box);
}

Status Mail::import_alias(const Association& association, const json::object& archived, Imported& imported) {
    JsonFields one(archived);
    Alias alias;
    alias.association = association.slug;
    alias.address = read_address(one, association, Kind::alias);
    alias.may_send = one.boolean("may_send", false);
    (void)one.optional_array("to", alias_targets_max);
    if (!one.finish()) {
        return bad_archive(first_error(one));
    }
    const auto there = store_->alias(alias.address);
    const bool own = there && there->association == association.slug;
    if (!imported.addresses.insert(alias.address).second || (!own && store_->holder(alias.address) != Holder::nobody)) {
        return bad_archive(alias.address + " is taken already");
    }
    if (const json::value* list = archived.if_contains("to")) {
        imported.targets.emplace_back(alias.address, *list);
    }
    return store_->put_alias(alias);
}

Status Mail::import_targets(const std::string& address, const json::value& list) {
    json::object holder;
    holder["to"] = list;
    JsonFields one(holder);
    auto targets = read_targets(one, "to", address, alias_targets_max);
    if (!one.finish()) {
        return bad_archive(address + ": " + first_error(one));
    }
    auto alias = store_->alias(address);
    const auto found = targets.value_or(std::vector<std::string>());
    if (alias) {
        alias->targets = found;
    }
    return alias ? store_->put_alias(*alias) : store_->set_forward(address, found);
}

Task<Status> Mail::erase_association(std::string slug) {
    const Status done = store_->transaction([&] { return store_->erase_association(slug); });
    if (!done) {
        co_return done;
    }
    serve_domains();
    if (accounts_) {
        accounts_->forget_copies();
    }
    const bool ended = co_await end_sessions();
    if (!ended) {
        co_return fail(ErrorKind::unavailable, "the addresses are erased; open sessions end as soon as the disk and Dovecot allow it");
    }
    const std::shared_ptr<const bool> alive = alive_;
    co_await erase_boxes(alive);
    if (!*alive || store_->is_being_erased(slug)) {
        co_return fail(ErrorKind::unavailable, "the addresses are erased; some messages are still on the disk, and are erased later (hameau logs mail)");
    }
    co_return Status{};
}

} // namespace hameau::mail
