// Parsing and matching of _redirects and _headers.
#include "daemon/contract/site_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/base/text.hpp"
#include "daemon/contract/site_names.hpp"

namespace hameau::sites {

namespace {

constexpr std::array<int, 8> redirect_statuses = {200, 301, 302, 303, 307, 308, 404, 410};

/// Those that frame the message, that the gate computes, or that would reach beyond the site.
constexpr std::array<std::string_view, 29> reserved_headers = {
    "accept-ranges", "age", "allow", "alt-svc", "connection", "content-encoding", "content-length", "content-range",
    "date", "etag", "expect", "host", "http2-settings", "keep-alive", "last-modified", "location", "proxy-authenticate",
    "proxy-connection", "public-key-pins", "server", "set-cookie", "set-cookie2", "te", "trailer", "transfer-encoding",
    "upgrade", "vary", "via", "www-authenticate"};

/// An allow-list, because browsers learn new names: Clear-Site-Data "cookies" empties the cookies of the whole registrable domain,
/// and so signs people out of the services' host (W3C Clear Site Data §4.2.2); Strict-Transport-Security, NEL and Report-To have an
/// includeSubDomains that binds or watches every host below. Service-Worker-Allowed may name any path, since a scope never leaves its
/// origin, and the origin is the site (W3C Service Workers §Register, step "scope").
constexpr std::array<std::string_view, 33> site_headers = {
    "access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin",
    "access-control-expose-headers", "access-control-max-age", "cache-control", "content-disposition", "content-language",
    "content-security-policy", "content-security-policy-report-only", "content-type", "cross-origin-embedder-policy",
    "cross-origin-embedder-policy-report-only", "cross-origin-opener-policy", "cross-origin-opener-policy-report-only",
    "cross-origin-resource-policy", "document-policy", "expires", "feature-policy", "link", "no-vary-search",
    "origin-agent-cluster", "permissions-policy", "permissions-policy-report-only", "pragma", "referrer-policy", "retry-after",
    "server-timing", "service-worker-allowed", "sourcemap", "speculation-rules", "timing-allow-origin", "tk"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && (is_blank(text.front()) || text.front() == '\r')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!(line = trim(line)).empty() && !line.starts_with('#') && words.size() < 8) {
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return words;
}

/// Calls use(number, line) for each line; a byte order mark is skipped.
template <class Use>
void each_line(std::string_view text, Use use) {
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        use(++number, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::string excerpt(std::string_view line) {
    std::string out(trim(line).substr(0, 120));
    while (!is_utf8(out)) {
        out.pop_back();
    }
    std::replace_if(out.begin(), out.end(), is_control, ' ');
    return out;
}

/// "/a/:b/*" as it is written to the stored form, or nothing.
std::optional<std::string> stored_pattern(std::string_view written) {
    if (!written.starts_with('/')) {
        return std::nullopt;
    }
    auto decoded = percent_decode(written.substr(1), false);
    auto pattern = decoded ? to_nfc(*decoded) : std::nullopt;
    if (pattern && !pattern->empty() && pattern->back() == '/') {
        pattern->pop_back();
    }
    return pattern && is_pattern(*pattern) ? pattern : std::nullopt;
}

std::string_view next_segment(std::string_view& rest) {
    const std::size_t end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return segment;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Where the path of an http(s) URL begins, or npos when the host is not a plain one.
std::size_t path_of_url(std::string_view url) {
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (scheme == 0) {
        return std::string_view::npos;
    }
    const std::size_t slash = std::min(url.find_first_of("/?#", scheme), url.size());
    const std::string_view host = url.substr(scheme, slash - scheme);
    // A colon is for a port only: ":splat" in the host would let a visitor choose it.
    const std::size_t colon = host.find(':');
    const std::string_view port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
    const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::string_view name = host.substr(0, colon);
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return is_name_character(c) || c == '-' || c == '.';
    });
    const bool whole = colon == std::string_view::npos || (digits && !port.empty());
    return plain && whole ? slash : std::string_view::npos;
}

/// Non-ASCII bytes as %XX; what is encoded already stays.
std::string encode_target(std::string_view written) {
    return percent_encode(written, [](char c) { return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos; });
}

std::string_view take_redirect(std::string_view line, RedirectRule& rule) {
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() < 2 || words.size() > 3) {
        return "redirect_words";
    }
    auto pattern = stored_pattern(words[0]);
    if (!pattern) {
        return "redirect_from";
    }
    rule.pattern = std::move(*pattern);
    rule.target = encode_target(words[1]);
    rule.status = 302;
    rule.force = false;
    if (words.size() == 3) {
        std::string_view status = words[2];
        rule.force = status.ends_with('!');
        status.remove_suffix(rule.force ? 1 : 0);
        const auto [end, failed] = std::from_chars(status.data(), status.data() + status.size(), rule.status);
        if (failed != std::errc{} || end != status.data() + status.size() ||
            std::find(redirect_statuses.begin(), redirect_statuses.end(), rule.status) == redirect_statuses.end()) {
            return "redirect_status";
        }
    }
    if (rule.status < 300 && !rule.target.starts_with('/')) {
        return "redirect_proxy";
    }
    return is_redirect(rule.pattern, rule.target, rule.status) ? "" : "redirect_to";
}

} // namespace

bool is_pattern(std::string_view pattern) {
    if (pattern.size() > path_bytes_max || std::any_of(pattern.begin(), pattern.end(), is_control)) {
        return false;
    }
    while (!pattern.empty()) {
        const std::string_view segment = next_segment(pattern);
        const bool last = pattern.empty();
        if (segment.empty() || segment == "." || segment == "..") {
            return false;
        }
        // "*" stands for the rest and nothing else: anywhere else it would make matching ambiguous.
        if (segment.find('*') != std::string_view::npos && (segment != "*" || !last)) {
            return false;
        }
        if (segment[0] == ':' &&
            (segment.size() == 1 || !std::all_of(segment.begin() + 1, segment.end(), is_name_character))) {
            return false;
        }
    }
    return true;
}

bool is_redirect(std::string_view pattern, std::string_view target, int status) {
    if (!is_pattern(pattern) || target.empty() || target.size() > rule_line_bytes_max ||
        std::find(redirect_statuses.begin(), redirect_statuses.end(), status) == redirect_statuses.end()) {
        return false;
    }
    if (!std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
        return false;
    }
    const bool inside = target.starts_with('/') && !target.starts_with("//") && !target.starts_with("/\\");
    if (status >= 300 && status < 400) {
        return inside || path_of_url(target) != std::string_view::npos;
    }
    return inside;
}

bool is_header(std::string_view name, std::string_view value) {
    if (name.empty() || name.size() > 100 || value.size() > rule_line_bytes_max) {
        return false;
    }
    // RFC 9110 §5.6.2 token, of which letters, digits, "-" and "_" are enough here.
    if (!std::all_of(name.begin(), name.end(), [](char c) { return is_name_character(c) || c == '-'; })) {
        return false;
    }
    // RFC 9110 §5.5: visible characters, blanks inside; no line ends (response splitting).
    if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; })) {
        return false;
    }
    const std::string lower = ascii_lower(name);
    return !lower.starts_with("hameau-") &&
           std::find(reserved_headers.begin(), reserved_headers.end(), lower) == reserved_headers.end();
}

bool is_site_header(std::string_view name) {
    const std::string lower = ascii_lower(name);
    return lower.starts_with("x-") || std::find(site_headers.begin(), site_headers.end(), lower) != site_headers.end();
}

ParsedRules<RedirectRule> parse_redirects(std::string_view text) {
    ParsedRules<RedirectRule> parsed;
    each_line(text, [&parsed](std::size_t number, std::string_view line) {
        const std::string_view content = trim(line);
        if (content.empty() || content.starts_with('#') || parsed.problems.size() >= rules_max) {
            return;
        }
        RedirectRule rule;
        std::string_view code = "rules_line_long";
        if (content.size() <= rule_line_bytes_max) {
            code = !is_utf8(content)                       ? "rules_not_utf8"
                   : parsed.rules.size() >= rules_max      ? "rules_too_many"
                                                           : take_redirect(content, rule);
        }
        if (code.empty()) {
            parsed.rules.push_back(std::move(rule));
        } else {
            parsed.problems.push_back(RuleProblem{number, code, excerpt(line)});
        }
    });
    return parsed;
}

ParsedRules<HeaderRule> parse_headers(std::string_view text) {
    ParsedRules<HeaderRule> parsed;
    std::optional<std::string> pattern;
    bool seen_pattern = false;
    each_line(text, [&](std::size_t number, std::string_view line) {
        const std::string_view content = trim(line);
        if (content.empty() || content.starts_with('#') || parsed.problems.size() >= rules_max) {
            return;
        }
        const auto refuse = [&](std::string_view code) {
            parsed.problems.push_back(RuleProblem{number, code, excerpt(line)});
        };
        if (content.size() > rule_line_bytes_max) {
            return refuse("rules_line_long");
        }
        if (!is_utf8(content)) {
            return refuse("rules_not_utf8");
        }
        if (!is_blank(line.front())) {
            seen_pattern = true;
            pattern = stored_pattern(content);
            return pattern ? void() : refuse("headers_path");
        }
        if (!seen_pattern) {
            return refuse("headers_no_path");
        }
        if (!pattern) {
            return;  // its path was refused and reported above
        }
        const std::size_t colon = content.find(':');
        const std::string_view name = content.substr(0, colon);
        if (colon == std::string_view::npos || colon == 0) {
            return refuse("headers_colon");
        }
        const std::string_view value = trim(content.substr(colon + 1));
        if (!is_header(name, value) || !is_site_header(name)) {
            return refuse("headers_refused");
        }
        if (parsed.rules.size() >= rules_max) {
            return refuse("rules_too_many");
        }
        parsed.rules.push_back(HeaderRule{*pattern, std::string(name), std::string(value)});
    });
    return parsed;
}

bool rule_matches(std::string_view pattern, std::string_view path, Captures* captures) {
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    while (!pattern.empty()) {
        const std::string_view wanted = next_segment(pattern);
        if (wanted == "*") {
            if (captures != nullptr) {
                captures->emplace_back("splat", path);
            }
            return true;
        }
        if (path.empty()) {
            return false;
        }
        const std::string_view segment = next_segment(path);
        if (wanted.starts_with(':')) {
            if (segment.empty()) {
                return false;
            }
            if (captures != nullptr) {
                captures->emplace_back(wanted.substr(1), segment);
            }
        } else if (wanted != segment) {
            return false;
        }
    }
    return path.empty();
}

std::string expand_target(std::string_view target, const Captures& captures) {
    std::string out;
    // Behind the host only: the port's colon is no placeholder.
    const std::size_t start = target.starts_with('/') ? 0 : path_of_url(target);
    if (start == std::string_view::npos) {
        return "/";
    }
    out.append(target.substr(0, start));
    std::size_t at = start;
    while (at < target.size()) {
        if (target[at] != ':') {
            out += target[at++];
            continue;
        }
        std::size_t end = at + 1;
        while (end < target.size() && is_name_character(target[end])) {
            ++end;
        }
        const std::string_view name = target.substr(at + 1, end - at - 1);
        const auto found = std::find_if(captures.begin(), captures.end(), [&](const auto& c) { return c.first == name; });
        out += found == captures.end() ? std::string(target.substr(at, end - at)) : percent_encode_path(found->second);
        at = end;
    }
    // "/:splat" with "/evil.example" would become another host's address (RFC 3986 §4.2).
    if (start == 0) {
        const std::size_t slashes = std::min(out.find_first_not_of("/\\"), out.size());
        out.replace(0, slashes, "/");
    }
    return out;
}

} // namespace hameau::sites
