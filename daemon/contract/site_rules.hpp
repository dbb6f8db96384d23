// The rules that a site brings along: _redirects and _headers, parsed at deploy, matched by the gate.
// Pure. A line that cannot be used is reported with its number and reason, never ignored in silence.
//
// _redirects   FROM TO [STATUS][!]     # comment
//   FROM  /path, with `:name` for one segment and a last `*` for the rest; decoded and matched whole
//   TO    /path or http(s)://host/path; may use :name and :splat behind the host
//   STATUS 301 302 (default) 303 307 308; 200 shows TO of the same site under FROM's address; 404 and 410 with a page
//   !     also where a file of that name exists
// _headers     /pattern lines, then indented `Name: value` lines; the names are those of is_site_header()
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/contract/limits.hpp"

namespace hameau::sites {

struct RedirectRule {
    std::string pattern;  ///< decoded, NFC, without the leading slash: "blog/:year/*"
    std::string target;   ///< "/path" or "https://...", percent-encoded, with :name and :splat
    int status = 302;
    bool force = false;   ///< wins over a file of that name
};

struct HeaderRule {
    std::string pattern;  ///< as RedirectRule::pattern
    std::string name;
    std::string value;
};

/// A line that was left out. `code` is one of rule_problem_codes (texts in report.cpp).
struct RuleProblem {
    std::size_t line = 0;
    std::string_view code;
    std::string text;  ///< the line, cut at 120 bytes
};

template <class Rule>
struct ParsedRules {
    std::vector<Rule> rules;
    std::vector<RuleProblem> problems;
};

ParsedRules<RedirectRule> parse_redirects(std::string_view text);
ParsedRules<HeaderRule> parse_headers(std::string_view text);

/// Bounds and shapes of one rule, for who takes rules from elsewhere (the writer does).
bool is_pattern(std::string_view pattern);
bool is_redirect(std::string_view pattern, std::string_view target, int status);
/// A header that a manifest may hold: not those that frame the message or that the gate decides (Set-Cookie, ETag, ...).
bool is_header(std::string_view name, std::string_view value);
/// A header that a site may choose: a list of what acts on the site's own origin only, and every name that begins with X-.
/// Strict-Transport-Security, Clear-Site-Data and the like reach the other hosts of the registrable domain, the services' host among
/// them. Manifests of before the list may hold another one: the gate leaves it out.
bool is_site_header(std::string_view name);

/// What :name and :splat stood for.
using Captures = std::vector<std::pair<std::string_view, std::string_view>>;
/// `path` decoded, NFC, without the leading slash; a trailing slash on either side does not count.
/// Linear in both lengths. `captures` may be null.
bool rule_matches(std::string_view pattern, std::string_view path, Captures* captures);
/// The target with the captures filled in, percent-encoded. Never begins with "//": a splat cannot choose the host.
std::string expand_target(std::string_view target, const Captures& captures);

} // namespace hameau::sites
