// Decoding of request paths and matching of route patterns.
#include "daemon/contract/path.hpp"

namespace hameau {

namespace {
std::string_view next_segment(std::string_view& path) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    return segment;
}

/// "/a/b" -> "a", and "/b" is left.
std::string_view take_segment(std::string_view& rest) {
    rest.remove_prefix(1);
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest.remove_prefix(segment.size());
    return segment;
}
} // namespace

Result<std::string> normalise_path(std::string_view raw) {
    auto path = percent_decode(raw, false);
    if (!path || path->empty() || (*path)[0] != '/' || path->find('\0') != std::string::npos) {
        return fail(ErrorKind::invalid, "the address is malformed");
    }
    std::string_view rest(*path);
    rest.remove_prefix(1);
    while (!rest.empty()) {
        const std::string_view segment = next_segment(rest);
        if (segment == "." || segment == ".." || (segment.empty() && !rest.empty())) {
            return fail(ErrorKind::invalid, "the address is malformed");
        }
    }
    return std::move(*path);
}

int match_route(std::string_view pattern, std::string_view path,
                std::map<std::string, std::string, std::less<>>* parameters) {
    int literal = 0;
    if (!pattern.starts_with('/') || !path.starts_with('/')) {
        return -1;
    }
    while (!pattern.empty()) {
        if (pattern == "/*") {
            return literal;
        }
        if (path.empty()) {
            return -1;
        }
        const std::string_view wanted = take_segment(pattern);
        const std::string_view segment = take_segment(path);
        if (wanted.size() > 2 && wanted.front() == '{' && wanted.back() == '}') {
            if (segment.empty()) {
                return -1;
            }
            if (parameters != nullptr) {
                parameters->insert_or_assign(std::string(wanted.substr(1, wanted.size() - 2)), std::string(segment));
            }
        } else if (wanted == segment) {
            ++literal;
        } else {
            return -1;
        }
    }
    return path.empty() ? literal : -1;
}

} // namespace hameau
