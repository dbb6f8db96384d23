// Paging: reads the two query parameters, writes the envelope.
#include "modules/support/paging.hpp"

#include <charconv>

#include "modules/support/problem.hpp"

namespace hameau {

Result<Page> read_page(const Request& request) {
    Page page;
    if (auto after = request.query_parameter("after")) {
        if (after->size() > page_cursor_bytes_max) {
            return fail(ErrorKind::invalid, "after is too long");
        }
        page.after = std::move(*after);
    }
    if (const auto limit = request.query_parameter("limit")) {
        const char* const end = limit->data() + limit->size();
        const auto parsed = std::from_chars(limit->data(), end, page.limit);
        if (parsed.ec != std::errc{} || parsed.ptr != end || page.limit == 0 || page.limit > page_items_max) {
            return fail(ErrorKind::invalid, "limit must be between 1 and 500");
        }
    }
    return page;
}

Response list_response(boost::json::array items, const std::string& next) {
    boost::json::object out;
    out["items"] = std::move(items);
    if (next.empty()) {
        out["next"] = nullptr;
    } else {
        out["next"] = next;
    }
    return json_response(200, out);
}

} // namespace hameau
