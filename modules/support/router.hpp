// Router: (method, pattern) -> handler inside one module. 404 and 405 (with Allow) are problems.
// The most literal pattern wins; `{x}` stands for one segment and lands in Request::parameters.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/contract/module.hpp"

namespace hameau {

using Handler = std::function<Task<Response>(Request&)>;

class Router {
public:
    /// Patterns must be literals ("/api/v1/associations/{slug}/pads"); a trailing "/*" takes everything below.
    void add(std::string_view method, std::string_view pattern, Handler handler);
    /// The same for a member function: router.add("GET", "/x", this, &Pads::list).
    template <class T>
    void add(std::string_view method, std::string_view pattern, T* self, Task<Response> (T::*handler)(Request&)) {
        add(method, pattern, [self, handler](Request& request) { return (self->*handler)(request); });
    }
    /// Answers HEAD with GET's handler. The request must live until the response.
    Task<Response> dispatch(Request& request) const;

private:
    struct Entry {
        std::string_view method;
        std::string_view pattern;
        Handler handler;
    };
    std::vector<Entry> entries_;
};

/// How many segments of the pattern are literal, or -1 when it does not match; fills the parameters.
int match_route(std::string_view pattern, std::string_view path,
                std::map<std::string, std::string, std::less<>>* parameters);

} // namespace hameau
