// read_json: the body of a request, bounded while it arrives.
#include <array>

#include "modules/support/json_fields.hpp"

namespace hameau {

namespace json = boost::json;

Task<Result<json::object>> read_json(Request& request, std::size_t bytes_max) {
    std::string text;
    const auto too_large = fail(ErrorKind::too_large, std::to_string(bytes_max));
    if (request.body == nullptr) {
        co_return json::object();
    }
    if (request.body->size_bytes().value_or(0) > bytes_max) {
        co_return too_large;
    }
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto n = co_await request.body->read_some(buffer);
        if (!n) {
            co_return fail(n.error());
        }
        if (*n == 0) {
            break;
        }
        if (text.size() + *n > bytes_max) {
            co_return too_large;
        }
        text.append(buffer.data(), *n);
    }
    if (text.empty()) {
        co_return json::object();
    }
    co_return parse_json_object(text);
}

} // namespace hameau
