// A domain goes to an association, or is given up, only when nothing carries its name any more: an address cannot be two
// people's, nothing of another association is taken away for it, and no mail ends unasked. Who holds what: mail knows the
// addresses, sites the host names, people the groups' addresses (and a copy of the members' ones, for a house without mail).
// Texts are called by number and carry no domain. Called by the handlers and the import of associations.
#include <algorithm>
#include <array>
#include <chrono>

#include <boost/json.hpp>

#include "modules/people/people_module.hpp"
#include "daemon/base/json_text.hpp"
#include "modules/support/domain_holds.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 2> askable = {"mail", "sites"};
static_assert(asking_max < domain_hold);

bool is_site(const Carried& one) { return one.kind.starts_with("site"); }

} // namespace

DomainQuestion People::domain_question(const std::string& slug, const std::vector<std::string>& wanted, bool give_up) {
    DomainQuestion question;
    question.slug = slug;
    question.wanted = wanted;
    question.present = store_->association(slug).value_or(Association()).domains;
    for (const std::string& domain : wanted) {
        if (std::find(question.present.begin(), question.present.end(), domain) == question.present.end()) {
            question.gained.emplace_back(domain, store_->owner_of_domain(domain));
        }
    }
    for (const std::string& domain : question.present) {
        if (!give_up && std::find(wanted.begin(), wanted.end(), domain) == wanted.end()) {
            question.lost.push_back(domain);
        }
    }
    return question;
}

/// A host in another domain that its association keeps is not in the way. What is given up counts as kept by nobody.
bool People::is_kept(const DomainQuestion& question, const std::string& domain, const Carried& one) {
    if (!is_site(one)) {
        return false;
    }
    const bool own = one.association == question.slug;
    const std::vector<std::string> domains = own ? question.wanted : store_->association_anywhere(one.association).value_or(Association()).domains;
    return std::any_of(domains.begin(), domains.end(), [&](const std::string& other) {
        return other != domain && is_at_or_below(one.name, other) && (own || is_at_or_below(other, domain));
    });
}

/// Adds what a module knows ({"items":[{"kind","association","name"}]}). False: it did not answer, so nobody knows.
Task<bool> People::ask_carried(std::string module, std::string path, std::vector<Carried>& found) {
    std::string method = "GET";
    std::string nothing;
    const auto answer = co_await context_->call(std::move(module), std::move(method), std::move(path), std::move(nothing));
    if (!answer || answer->status != 200) {
        co_return false;
    }
    const json::object object = object_in(body_text(*answer));
    const json::value* items = object.if_contains("items");
    if (items == nullptr || !items->is_array()) {
        co_return false;
    }
    for (const json::value& item : items->get_array()) {
        if (item.is_object()) {
            found.push_back({text_in(item.get_object(), "kind"), text_in(item.get_object(), "association"), text_in(item.get_object(), "name")});
        }
    }
    co_return true;
}

Task<std::optional<Response>> People::refuse_domain(const Request& request, const DomainQuestion& question, std::string domain, bool gained) {
    std::vector<Carried> found = store_->carried(domain, question.slug, gained, !store_->mail_enabled());
    const std::string query = "/internal/domain?name=" + domain + (gained ? "&but=" : "&of=") + question.slug;
    for (const std::string_view name : askable) {
        if (name == "mail" && !store_->mail_enabled()) {
            continue;
        }
        std::string module(name);
        std::string path = query;
        const bool answered = co_await ask_carried(std::move(module), std::move(path), found);
        if (!answered) {
            co_return say(request, 503, "domain_unknown");
        }
    }
    std::erase_if(found, [&](const Carried& one) { return is_kept(question, domain, one); });
    if (found.empty()) {
        co_return std::nullopt;
    }
    co_return refuse_carried(request, gained ? "domain_in_use" : "domain_still_used", domain, found);
}

Task<std::optional<Response>> People::refuse_domains(const Request& request, const DomainQuestion& question) {
    if (question.gained.empty() && question.lost.empty()) {
        co_return std::nullopt;
    }
    const auto since = std::chrono::steady_clock::now();
    // What was changed a moment ago, mail must know before it is asked.
    (void)co_await delivered();
    if (store_->mail_enabled() && store_->first_event()) {
        co_return say(request, 503, "domain_unknown");
    }
    for (const std::string& domain : question.lost) {
        std::string one = domain;
        auto refused = co_await refuse_domain(request, question, std::move(one), false);
        if (refused) {
            co_return refused;
        }
    }
    for (const auto& [domain, owner] : question.gained) {
        std::string one = domain;
        auto refused = co_await refuse_domain(request, question, std::move(one), true);
        if (refused) {
            co_return refused;
        }
    }
    if (std::chrono::steady_clock::now() - since > asking_max) {
        co_return say(request, 503, "domain_unknown");
    }
    co_return std::nullopt;
}

Status People::judge_domains(Refusal& refusal, const Request& request, const DomainQuestion& question) {
    const bool same = store_->association(question.slug).value_or(Association()).domains == question.present &&
                      std::all_of(question.gained.begin(), question.gained.end(),
                                  [this](const auto& one) { return store_->owner_of_domain(one.first) == one.second; });
    if (!same) {
        return refuse(refusal, request, 409, "domain_changed");
    }
    for (const auto& [domain, owner] : question.gained) {
        if (store_->association_anywhere(owner).value_or(Association()).binned_ms > 0) {
            return refuse(refusal, refuse_binned_domain(request, domain, owner));
        }
    }
    const auto judge = [&](const std::string& domain, bool gained) {
        const auto found = store_->carried(domain, question.slug, gained, !store_->mail_enabled());
        return found.empty() ? Status{} : refuse(refusal, refuse_carried(request, gained ? "domain_in_use" : "domain_still_used", domain, found));
    };
    Status done;
    for (const std::string& domain : question.lost) {
        done = done ? judge(domain, false) : done;
    }
    for (const auto& [domain, owner] : question.gained) {
        done = done ? judge(domain, true) : done;
    }
    return done;
}

Response People::refuse_binned_domain(const Request& request, const std::string& domain, const std::string& owner) const {
    Parameters parameters;
    parameters.emplace_back("domain", domain);
    parameters.emplace_back("association", owner);
    return say(request, 409, "domain_binned", parameters);
}

std::optional<Response> People::refuse_foreign(const Request& request, const std::string& slug, const std::vector<std::string>& domains, bool move) {
    for (const std::string& domain : domains) {
        const std::string owner = store_->owner_of_domain(domain);
        const auto other = owner == slug ? std::nullopt : store_->association_anywhere(owner);
        if (other && other->binned_ms > 0) {
            return refuse_binned_domain(request, domain, owner);
        }
        if (other && !move) {
            return say(request, 409, "domain_taken");
        }
    }
    return std::nullopt;
}

Response People::refuse_carried(const Request& request, std::string_view code, const std::string& domain, const std::vector<Carried>& found) const {
    std::string named;
    json::array all;
    for (std::size_t i = 0; i < found.size(); ++i) {
        Parameters parameters;
        parameters.emplace_back("name", found[i].name);
        parameters.emplace_back("association", found[i].association);
        const std::string advice = text_of(people_catalogue, language_of(request), "carried." + found[i].kind, parameters);
        if (i < named_max) {
            named += "\n- " + advice;
        }
        json::object one;
        one["kind"] = found[i].kind;
        one["association"] = found[i].association;
        one["name"] = found[i].name;
        one["advice"] = advice;
        all.push_back(std::move(one));
    }
    if (found.size() > named_max) {
        named += "\n- … (+" + std::to_string(found.size() - named_max) + ")";
    }
    Parameters parameters;
    parameters.emplace_back("domain", domain);
    parameters.emplace_back("list", named);
    Response response = say(request, 409, code, parameters);
    json::object out = object_in(body_text(response));
    out["in_the_way"] = std::move(all);
    response.body = json::serialize(out);
    return response;
}

} // namespace hameau::people
