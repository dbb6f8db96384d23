// The bin of associations, for admins of the house: what was removed in the last 30 days, the way back, and the end. What
// belongs to an association ends at once in people; the other modules are told, and the response is given when they did it, or
// names those that have not yet. Who can sign in nowhere else is shut out until it comes back.
#include <algorithm>

#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "modules/people/people_module.hpp"
#include "modules/support/bin.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr hameau::Event association_removed{"people.association_removed", Level::notice};
constexpr hameau::Event association_restored{"people.association_restored", Level::notice};
constexpr hameau::Event association_purged{"people.association_purged", Level::notice};

/// "Courrier, Sites": for a sentence.
std::string names_of(const std::vector<std::string>& services, Language language) {
    std::string out;
    for (const std::string& service : services) {
        out.append(out.empty() ? "" : ", ").append(text_of(people_catalogue, language, "service." + service));
    }
    return out;
}

} // namespace

Response People::say_behind(const Request& request, std::string_view code, const std::vector<std::string>& services) const {
    Parameters parameters;
    parameters.emplace_back("services", names_of(services, language_of(request)));
    return say(request, 503, code, parameters);
}

std::optional<Response> People::refuse_taken_slug(const Request& request, const std::string& slug) {
    if (store_->is_slug_free(slug)) {
        return std::nullopt;
    }
    const auto found = store_->association_anywhere(slug);
    const std::string_view code = !found ? "association_going" : found->binned_ms > 0 ? "association_binned" : "association_exists";
    return say(request, 409, code);
}

Response People::list_binned_associations(const Page& page) {
    empty_bin();
    auto found = store_->binned_associations(page.after, page.limit + 1, bin_since());
    const std::string next = cut_page(found, page, &Association::slug);
    json::array items;
    for (const Association& association : found) {
        json::object item = association_document(association, Role::manager);
        item["accounts_only_here"] = store_->count_only_there(association.slug);
        // Services that have yet to hear of it.
        item["behind"] = json::value_from(store_->modules_behind(association.slug));
        item["deleted"] = format_utc(association.binned_ms);
        item["gone"] = format_utc(association.binned_ms + bin_ms);
        items.push_back(std::move(item));
    }
    return list_response(std::move(items), next);
}

Task<Response> People::remove_association(Request& request) {
    if (request.query_parameter("purge") == "1") {
        co_return co_await purge_association(request);
    }
    const std::string slug(request.parameter("slug"));
    const Judge judge = unless_admin(request);
    if (auto refused = judge()) {
        co_return std::move(*refused);
    }
    // While the services still show it: its certificate of erasure will say it.
    std::string counted = slug;
    const std::string holdings = co_await count_holdings(std::move(counted));
    Refusal refusal;
    std::vector<std::string> touched;
    bool removed = false;
    const Status done = store_->transaction([&]() -> Status {
        if (auto judged = judge_again(refusal, judge); !judged) {
            return judged;
        }
        const auto found = store_->association_anywhere(slug);
        if (!found) {
            return refuse(refusal, request, 404, "not_found");
        }
        // Asked again, since the first response was 503 or never came: it stays where it is.
        removed = found->binned_ms == 0;
        const Status noted = removed ? store_->note_holdings(slug, holdings) : Status{};
        return noted && removed ? store_->bin_association(slug, wall_ms_(), touched) : noted;
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    if (removed) {
        context_->journal().write(association_removed, {{"association", slug}, {"by", actor_of(request).login}});
    }
    for (const std::string& id : touched) {
        revoke_person(id);
    }
    std::vector<std::string> left = co_await behind(slug);
    // A service that is switched off shows nothing; but the gate serves the sites without their service.
    std::erase_if(left, [this](const std::string& service) { return service != "sites" && !is_enabled(service); });
    co_return left.empty() ? empty_response(204) : say_behind(request, "association_pending", left);
}

Task<Response> People::restore_association(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = unless_admin(request);
    empty_bin();
    Refusal refusal;
    std::vector<std::string> touched;
    const Status done = store_->transaction([&]() -> Status {
        if (auto judged = judge_again(refusal, judge); !judged) {
            return judged;
        }
        const auto found = store_->association_anywhere(slug);
        if (!found || found->binned_ms == 0) {
            return refuse(refusal, request, 404, "association_not_in_bin");
        }
        return store_->unbin_association(slug, touched);
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    context_->journal().write(association_restored, {{"association", slug}, {"by", actor_of(request).login}});
    for (const std::string& id : touched) {
        revoke_person(id);
    }
    std::vector<std::string> left = co_await behind(slug);
    std::erase_if(left, [this](const std::string& service) { return !is_enabled(service); });
    const auto now = store_->association(slug);
    if (!now) {
        co_return say(request, 404, "not_found");
    }
    json::object out = association_document(*now, Role::manager);
    json::array warnings;
    if (!left.empty()) {
        Parameters parameters;
        parameters.emplace_back("services", names_of(left, language_of(request)));
        warnings.emplace_back(text_of(people_catalogue, language_of(request), "association_back_pending", parameters));
    }
    out["warnings"] = std::move(warnings);
    co_return json_response(200, out);
}

void People::tell_purged(const std::vector<std::string>& slugs) {
    for (const std::string& slug : slugs) {
        context_->journal().write(association_purged, {{"association", slug}, {"by", "30 days in the bin"}});
    }
}

Task<Response> People::purge_association(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = unless_admin(request);
    Refusal refusal;
    std::vector<std::string> touched;
    bool erased = false;
    const Status done = store_->transaction([&]() -> Status {
        if (auto judged = judge_again(refusal, judge); !judged) {
            return judged;
        }
        const auto found = store_->association_anywhere(slug);
        // Erased already, and asked again since some service had yet to do its part.
        if (!found && !store_->is_slug_free(slug)) {
            return {};
        }
        if (!found || found->binned_ms == 0) {
            return refuse(refusal, request, 404, "association_not_in_bin");
        }
        erased = true;
        auto gone = store_->erase_whole_association(slug, "admin", touched);
        return gone ? store_->put_erase_tasks(slug) : gone;
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    if (erased) {
        context_->journal().write(association_purged, {{"association", slug}, {"by", actor_of(request).login}});
    }
    for (const std::string& id : touched) {
        revoke_person(id);
    }
    const std::vector<std::string> left = co_await behind(slug);
    co_return left.empty() ? empty_response(204) : say_behind(request, "association_erase_pending", left);
}

} // namespace hameau::people
