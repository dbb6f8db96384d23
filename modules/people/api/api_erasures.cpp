// The certificates of erasure, for admins of the house; and the counting beforehand, while there is something to count.
#include <charconv>
#include <limits>

#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "modules/people/people_module.hpp"
#include "modules/support/paging.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

json::object erasure_document(const Store::Erasure& erasure) {
    json::object out;
    out["id"] = erasure.id;
    out["association"] = erasure.association;
    out["name"] = erasure.name;
    out["by"] = erasure.way;
    out["removed"] = erasure.binned_ms == 0 ? json::value(nullptr) : json::value(format_utc(erasure.binned_ms));
    out["begun"] = format_utc(erasure.begun_ms);
    out["done"] = erasure.done_ms == 0 ? json::value(nullptr) : json::value(format_utc(erasure.done_ms));
    boost::system::error_code failed;
    json::value facts = json::parse(erasure.facts, failed);
    out["facts"] = !failed && facts.is_object() ? std::move(facts) : json::value(json::object());
    return out;
}

} // namespace

Task<Response> People::list_erasures(Request& request) {
    const Actor actor = actor_of(request);
    if (auto refused = refuse_unless_admin(request, actor)) {
        co_return std::move(*refused);
    }
    const auto page = read_page(request);
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    if (page && !page->after.empty()) {
        const auto [end, failed] = std::from_chars(page->after.data(), page->after.data() + page->after.size(), before);
        before = failed == std::errc{} && end == page->after.data() + page->after.size() ? before : 0;
    }
    if (!page || before <= 0) {
        co_return problem(request, 400, "bad_page");
    }
    auto found = store_->erasures(before, page->limit + 1);
    const bool more = found.size() > page->limit;
    found.resize(std::min(found.size(), page->limit));
    json::array items;
    for (const Store::Erasure& erasure : found) {
        items.push_back(erasure_document(erasure));
    }
    co_return list_response(std::move(items), more ? std::to_string(found.back().begun_ms) : std::string());
}

Task<std::string> People::count_holdings(std::string slug) {
    json::object all;
    for (const std::string_view module : {"mail", "sites", "pads"}) {
        if (!is_enabled(module)) {
            continue;
        }
        std::string name(module);
        std::string path = "/internal/holdings?association=" + slug;
        std::string nothing;
        const auto answer = co_await context_->call(std::move(name), "GET", std::move(path), std::move(nothing));
        const auto* text = answer && answer->status == 200 ? std::get_if<std::string>(&answer->body) : nullptr;
        boost::system::error_code failed;
        json::value counts = text != nullptr ? json::parse(*text, failed) : json::value();
        if (!failed && counts.is_object()) {
            all[module] = std::move(counts);
        }
    }
    co_return json::serialize(all);
}

} // namespace hameau::people
