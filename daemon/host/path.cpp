// Decoding of request paths and matching of route patterns.
#include "daemon/host/path.hpp"

namespace hameau {

namespace {
int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string_view next_segment(std::string_view& path) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    return segment;
}
} // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
                return std::nullopt;
            }
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return out;
}

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

bool match_pattern(std::string_view pattern, std::string_view path,
                   std::map<std::string, std::string, std::less<>>* parameters) {
    if (!pattern.starts_with('/') || !path.starts_with('/')) {
        return false;
    }
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    while (!pattern.empty()) {
        const std::string_view wanted = next_segment(pattern);
        if (wanted == "*") {
            return true;
        }
        const bool at_end = path.empty();
        const std::string_view segment = next_segment(path);
        if (at_end || segment.empty()) {
            return false;
        }
        if (wanted.size() > 2 && wanted.front() == '{' && wanted.back() == '}') {
            if (parameters != nullptr) {
                parameters->insert_or_assign(std::string(wanted.substr(1, wanted.size() - 2)), std::string(segment));
            }
        } else if (wanted != segment) {
            return false;
        }
    }
    return path.empty();
}

} // namespace hameau
