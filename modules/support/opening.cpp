// The refusal first: what nobody may see is not read.
#include "modules/support/opening.hpp"

#include "modules/support/json_fields.hpp"
#include "modules/support/problem.hpp"

namespace hameau {

Opening open_page(const Request& request, std::optional<Response> refusal) {
    Opening opening{std::move(refusal), {}, {}};
    if (opening.refused) {
        return opening;
    }
    if (auto page = read_page(request)) {
        opening.page = std::move(*page);
    } else {
        opening.refused = problem(request, 400, "bad_page");
    }
    return opening;
}

Task<Opening> open_body(Request& request, std::optional<Response> refusal, std::size_t bytes_max) {
    Opening opening;
    opening.refused = std::move(refusal);
    if (opening.refused) {
        co_return opening;
    }
    auto body = co_await read_json(request, bytes_max);
    if (body) {
        opening.body = std::move(*body);
    } else {
        opening.refused = body_problem(request, body.error());
    }
    co_return opening;
}

} // namespace hameau
