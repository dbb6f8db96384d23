// The bin of an association's members, for its managers: who was removed in the last 30 days, the way back, and the end.
// What a person may do ends at the removal; only what brings them back is kept (store_bin.cpp). Their mailboxes are mail's,
// which is told with the same change; what mail could not give back is asked for before the response.
#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/json_text.hpp"
#include "modules/people/people_module.hpp"
#include "modules/support/bin.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {


std::string joined(const json::object& object, std::string_view key) {
    const json::value* list = object.if_contains(key);
    std::string out;
    for (const json::value& one : list != nullptr && list->is_array() ? list->get_array() : json::array()) {
        out.append(out.empty() ? "" : ", ").append(one.is_string() ? std::string_view(one.get_string()) : std::string_view());
    }
    return out;
}

} // namespace

std::int64_t People::bin_since() const { return wall_ms_() - bin_ms; }

void People::empty_bin() {
    // A failure is kept by the store, and the next look tries again.
    std::vector<std::string> erased;
    const Status done = store_->transaction([this, &erased] {
        auto purged = store_->purge_removed_before(bin_since());
        return purged ? store_->purge_associations_before(bin_since(), erased) : purged;
    });
    if (done) {
        tell_purged(erased);
    }
    start_delivery();
    start_tasks();
}

/// A process that is in use for weeks has no start at which it would do it. Does not keep it awake.
void People::empty_bin_daily() {
    bin_timer_->expires_after(bin_every);
    bin_timer_->async_wait([this](boost::system::error_code failed) {
        if (!failed) {
            empty_bin();
            empty_bin_daily();
        }
    });
}

json::object People::removed_document(const RemovedMember& removed) {
    json::object out;
    out["id"] = removed.person;
    out["login"] = removed.login;
    out["name"] = removed.name;
    out["role"] = removed.admin ? std::string_view("admin") : to_text(removed.role);
    out["account"] = removed.account;
    // Somebody else has the login by now: a free one to come back under.
    const bool taken = removed.account && store_->person_by_login(removed.login);
    out["free_login"] = taken ? json::value(propose(removed.association, removed.name).login) : json::value();
    out["deleted"] = format_utc(removed.removed_ms);
    out["gone"] = format_utc(removed.removed_ms + bin_ms);
    return out;
}

Response People::list_removed(const std::string& slug, const Page& page) {
    empty_bin();
    auto found = store_->removed_members(slug, page.after, page.limit + 1, bin_since());
    const std::string next = cut_page(found, page, &RemovedMember::person);
    json::array items;
    for (const RemovedMember& removed : found) {
        items.push_back(removed_document(removed));
    }
    return list_response(std::move(items), next);
}

std::variant<RemovedMember, Response> People::find_removed(const Request& request) {
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor_of(request), slug, Role::manager)) {
        return std::move(*refused);
    }
    auto found = store_->removed_member(slug, ascii_lower(request.parameter("login")), bin_since());
    return found ? std::variant<RemovedMember, Response>(std::move(*found)) : say(request, 404, "not_in_bin");
}

Status People::put_back(const Request& request, const RemovedMember& removed, const std::string& login, std::vector<std::string>& groups_lost,
                        Refusal& refusal) {
    const auto person = store_->person(removed.person);
    if (!person) {
        return refuse(refusal, request, 404, "not_in_bin");
    }
    if (store_->count_members(removed.association) >= members_per_association_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(members_per_association_max));
        return refuse(refusal, request, 422, "ceiling", parameters);
    }
    if (removed.account && store_->person_by_login(login)) {
        Parameters parameters;
        parameters.emplace_back("login", login);
        parameters.emplace_back("free", propose(removed.association, removed.name).login);
        return refuse(refusal, request, 409, "login_again", parameters);
    }
    if (password_state(*person) != removed.password_state) {
        // Who managed where the person still was may have set it: only who answers for the account gives it more.
        const Actor actor = actor_of(request);
        bool known = actor.admin || person->admin;
        for (const auto& [other, role] : store_->memberships(person->id)) {
            known = known || actor.manages(other);
        }
        if (!known) {
            return refuse(refusal, request, 409, "password_changed");
        }
    }
    return store_->restore_member(removed, login, groups_lost);
}

Task<json::object> People::ask_boxes(std::string person, std::string association) {
    json::object question;
    question["member"] = person;
    question["association"] = association;
    if (!store_->mail_enabled()) {
        co_return json::object();
    }
    std::string text = json::serialize(question);
    const auto answer = co_await context_->call("mail", "POST", "/internal/boxes-of-member", std::move(text));
    co_return answer && answer->status == 200 ? object_in(body_text(*answer)) : json::object();
}

Task<Response> People::restore_member(Request& request) {
    auto row = find_removed(request);
    if (auto* refused = std::get_if<Response>(&row)) {
        co_return std::move(*refused);
    }
    const RemovedMember removed = std::get<RemovedMember>(row);
    const auto login = normalise_login(request.query_parameter("login").value_or(removed.login));
    if (!login) {
        co_return say(request, 422, "field.login");
    }
    // Nothing is waited for between here and the transaction: two managers at once are one after the other.
    Refusal refusal;
    std::vector<std::string> groups_lost;
    const Status done = store_->transaction([&] { return put_back(request, removed, *login, groups_lost, refusal); });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    revoke_person(removed.person);
    const bool all = co_await delivered();
    const json::object boxes = co_await ask_boxes(removed.person, removed.association);
    const auto person = store_->person(removed.person);
    const auto member = person ? store_->member(removed.association, person->login) : std::nullopt;
    if (!member) {
        co_return say(request, 404, "not_found");
    }
    json::object out = member_document(*member, true);
    json::array warnings;
    const auto warn = [&](std::string_view code, std::string_view name, const std::string& value) {
        Parameters parameters;
        parameters.emplace_back(name, value);
        if (!value.empty()) {
            warnings.emplace_back(text_of(people_catalogue, language_of(request), code, parameters));
        }
    };
    warn("groups_lost", "groups", joined(json::object{{"groups", json::value_from(groups_lost)}}, "groups"));
    warn("boxes_stay", "addresses", joined(boxes, "stay"));
    warn("links_lost", "addresses", joined(boxes, "links"));
    warn("app_passwords_gone", "name", removed.account && store_->mail_enabled() ? removed.name : "");
    warn("mail_pending", "name", all ? "" : removed.name);
    out["warnings"] = std::move(warnings);
    co_return json_response(200, out);
}

Task<Response> People::purge_member(Request& request) {
    auto found = find_removed(request);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const RemovedMember removed = std::get<RemovedMember>(found);
    const Status done = store_->transaction([&] { return store_->purge_member(removed.association, removed.person); });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    const bool all = co_await delivered();
    const json::object boxes = co_await ask_boxes(removed.person, removed.association);
    const json::value* gone = boxes.if_contains("gone");
    const bool off_the_disk = !store_->mail_enabled() || (gone != nullptr && gone->is_bool() && gone->get_bool());
    co_return all && off_the_disk ? empty_response(204) : say(request, 503, "erase_pending");
}

} // namespace hameau::people
