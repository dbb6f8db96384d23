// What an association holds in all: each module tells its own figure, people adds them up. Mail, which
// grows at deliveries that its module does not see, is asked to count when its figure is old.

#include "daemon/base/spawn.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people_module.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

std::uint64_t sum_of(const std::vector<std::pair<std::string, std::uint64_t>>& parts) {
    std::uint64_t sum = 0;
    for (const auto& [module, bytes] : parts) {
        sum += bytes;  // usage_bytes_max leaves room for sixteen modules
    }
    return sum;
}

} // namespace

void People::add_usage(json::object& document, const Association& association) {
    const std::uint64_t used = sum_of(store_->usage(association.slug));
    document["used_bytes"] = used;
    document["warning_percent"] = warning_percent(used, association.quota_bytes);
}

Task<Response> People::show_usage(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    // Mail grows without its module: it counts now. The other modules told of each change.
    co_await ask_mail_usage(slug);
    const Association association = store_->association(slug).value_or(Association());
    json::object out;
    out["quota_bytes"] = association.quota_bytes;
    add_usage(out, association);
    json::array services;
    for (const auto& [module, bytes] : store_->usage(slug)) {
        json::object item;
        item["name"] = module;
        item["bytes"] = bytes;
        services.push_back(std::move(item));
    }
    out["services"] = std::move(services);
    co_return json_response(200, out);
}

/// `association`, `bytes`: what the calling module holds, with what it is about to write. The name of the module is the
/// host's word, which compared the uid.
Task<Response> People::internal_usage(Request& request) {
    if (request.who.caller != Caller::module) {
        co_return say(request, 403, "forbidden");
    }
    const auto body = co_await read_json(request, body_bytes_max);
    if (!body) {
        co_return body_problem(request, body.error());
    }
    JsonFields fields(*body);
    const std::string slug = fields.slug("association");
    const auto bytes = static_cast<std::uint64_t>(fields.integer("bytes", 0, usage_bytes_max));
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const auto association = store_->association_anywhere(slug);
    if (!association) {
        co_return say(request, 404, "not_found");
    }
    const std::string module = request.who.module;
    const std::uint64_t before = sum_of(store_->usage(slug));
    const Status done = store_->transaction([&]() -> Status {
        auto set = store_->set_usage(slug, module, bytes, wall_ms_());
        const std::uint64_t most = std::max(before, sum_of(store_->usage(slug)));
        // Mail gives each mailbox what the others leave: near the end of the quota it hears of their changes.
        const bool near = warning_percent(most, association->quota_bytes) >= usage_mail_only_percent;
        return set && near && module != "mail" ? store_->emit_association(slug) : set;
    });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    start_delivery();
    if (module != "mail" && wall_ms_() - store_->usage_told_ms(slug, "mail") > mail_usage_age_ms) {
        auto work = ask_mail_usage(slug);
        spawn(context_->io(), std::move(work), context_->journal(), "figures of usage");
    }
    auto parts = store_->usage(slug);
    std::erase_if(parts, [&](const auto& part) { return part.first == module; });
    json::object out;
    out["quota_bytes"] = association->quota_bytes;
    out["others_bytes"] = sum_of(parts);
    co_return json_response(200, out);
}

Task<void> People::ask_mail_usage(std::string slug) {
    if (!store_->mail_enabled() || asking_mail_) {
        co_return;
    }
    asking_mail_ = true;
    const auto held = context_->busy();
    json::object question;
    question["association"] = slug;
    std::string text = json::serialize(question);
    // Without a response the last figure stands.
    (void)co_await context_->call("mail", "POST", "/internal/usage", std::move(text));
    asking_mail_ = false;
}

} // namespace hameau::people
