// Router: a linear scan; a module has a few dozen routes.
#include "modules/support/router.hpp"

#include "daemon/base/domain_letters.hpp"
#include "daemon/contract/path.hpp"
#include "modules/support/problem.hpp"

namespace hameau {

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
    entries_.push_back(Entry{method, pattern, std::move(handler)});
}

Task<Response> Router::dispatch(Request& request) const {
    const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
    const Entry* best = nullptr;
    int best_literal = -1;
    std::string allowed;
    std::string_view best_pattern;
    for (const Entry& entry : entries_) {
        const int literal = request.path.starts_with('/') ? match_route(entry.pattern, request.path, nullptr) : -1;
        if (literal < 0) {
            continue;
        }
        if (literal > best_literal) {
            // A more literal pattern hides the others, for the methods that it has and for Allow.
            best_literal = literal;
            best_pattern = entry.pattern;
            best = nullptr;
            allowed.clear();
        }
        if (literal < best_literal || entry.pattern != best_pattern) {
            continue;
        }
        allowed.append(allowed.empty() ? "" : ", ").append(entry.method);
        if (entry.method == method) {
            best = &entry;
        }
    }
    if (best == nullptr && best_literal >= 0) {
        // RFC 9110 §15.5.6: a 405 names what is allowed.
        Parameters parameters;
        parameters.emplace_back("method", request.method.substr(0, 16));
        Response response = problem(request, 405, "method", parameters);
        response.headers.emplace_back("Allow", allowed);
        co_return response;
    }
    if (best == nullptr) {
        co_return problem(request, 404, "not_found");
    }
    request.parameters.clear();
    match_route(best->pattern, request.path, &request.parameters);
    for (const std::string_view name : {"host", "address"}) {
        // "brest-été.example" in a path is the name that is kept as "xn--...".
        if (const auto typed = request.parameters.find(name); typed != request.parameters.end()) {
            typed->second = address_as_kept(typed->second);
        }
    }
    co_return co_await best->handler(request);
}

} // namespace hameau
