// Every value is of a stranger: what is not plain is written as a quoted string, or not at all.
#include "modules/mail/auth/results.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"

namespace hameau::mailauth {

namespace {

/// value = token / quoted-string (RFC 2045 §5.1).
std::string quoted(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("!#$%&'*+-.^_`{|}~").find(c) != std::string_view::npos;
    };
    text = text.substr(0, result_value_octets_max);
    if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) {
        return std::string(text);
    }
    std::string out = "\"";
    for (const char c : text) {
        if (c < ' ' || c >= 0x7f) {
            out += '?';
            continue;
        }
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

/// pvalue = [ [ local-part ] "@" ] domain-name, or a value.
std::string address(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || !is_plain_domain(text.substr(at + 1))) {
        return quoted(text);
    }
    return (at == 0 ? std::string() : quoted(text.substr(0, at))) + "@" + std::string(text.substr(at + 1));
}

std::string reason(const std::string& text) { return text.empty() ? "" : " reason=" + quoted(text); }

} // namespace

std::string write_results(const Verdicts& verdicts, const std::string& sender, const std::string& helo) {
    const std::string next = ";\r\n\t";
    std::string out = std::string("spf=") + word_of(verdicts.spf.result) +
                      (verdicts.spf.by_helo ? " smtp.helo=" + quoted(helo) : " smtp.mailfrom=" + address(sender));
    for (const DkimVerdict& one : verdicts.dkim) {
        out += next + "dkim=" + word_of(one.result) + reason(one.reason);
        if (!one.domain.empty()) {
            out += " header.d=" + one.domain + " header.s=" + quoted(one.selector) + " header.b=" + quoted(one.beginning);
        }
    }
    if (verdicts.dkim.empty()) {
        out += next + "dkim=none";
    }
    if (verdicts.arc.result != ArcResult::none) {
        out += next + "arc=" + word_of(verdicts.arc.result) + reason(verdicts.arc.reason);
    }
    for (const DmarcVerdict& one : verdicts.dmarc) {
        out += next + "dmarc=" + word_of(one.result);
        if (!one.record_at.empty()) {
            out += std::string(" policy.dmarc=") + word_of(one.policy);
        }
        out += one.domain.empty() ? "" : " header.from=" + quoted(one.domain);
    }
    return out;
}

bool claims_host(std::string_view value, std::string_view host) {
    // [CFWS] authserv-id [CFWS version] (";" ...): comments may nest.
    std::string name;
    int depth = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (c == '(') {
            ++depth;
        } else if (c == ')' && depth > 0) {
            --depth;
        } else if (depth == 0 && !space) {
            if (c == ';') {
                break;
            }
            name += c;
        }
        // White space behind the name ends it; a version may follow. A comment without a space in front may be left out by a reader
        // who then puts both halves together: not readable.
        if (!name.empty() && (depth > 0 || space)) {
            name += depth > 0 ? "(" : "";
            break;
        }
    }
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'; };
    name = ascii_lower(name);
    if (!name.empty() && std::all_of(name.begin(), name.end(), plain)) {
        return normal_domain(name) == ascii_lower(host);
    }
    // Quoted, or not readable: some reader may be more lenient than this one, so our name anywhere in it counts.
    return ascii_lower(value).find(ascii_lower(host)) != std::string::npos;
}

} // namespace hameau::mailauth
