// Every value is of a stranger: what is not plain is written as a quoted string, or not at all.
#include "modules/mail/auth/results.hpp"

#include <algorithm>
#include <optional>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/tags.hpp"

namespace hameau::mailauth {

namespace {

/// value = token / quoted-string (RFC 2045 §5.1).
std::string quoted_value(std::string_view text) {
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
        return quoted_value(text);
    }
    return (at == 0 ? std::string() : quoted_value(text.substr(0, at))) + "@" + std::string(text.substr(at + 1));
}

std::string reason(const std::string& text) { return text.empty() ? "" : " reason=" + quoted_value(text); }

} // namespace

std::string write_results(const Verdicts& verdicts, const std::string& sender, const std::string& helo) {
    const std::string next = ";\r\n\t";
    std::string out = std::string("spf=") + word_of(verdicts.spf.result) +
                      (verdicts.spf.by_helo ? " smtp.helo=" + quoted_value(helo) : " smtp.mailfrom=" + address(sender));
    for (const DkimVerdict& one : verdicts.dkim) {
        out += next + "dkim=" + word_of(one.result) + reason(one.reason);
        if (!one.domain.empty()) {
            out += " header.d=" + one.domain + " header.s=" + quoted_value(one.selector) + " header.b=" + quoted_value(one.beginning);
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
        out += one.domain.empty() ? "" : " header.from=" + quoted_value(one.domain);
    }
    return out;
}

namespace {

/// Reads [CFWS] token [CFWS version] [CFWS] up to ";" or the end (RFC 8601 §2.2), and nothing else. The words without comments.
/// Nothing: it is written in another way, which some reader may understand as any name.
std::optional<std::vector<std::string>> plain_words(std::string_view value) {
    std::vector<std::string> words;
    int depth = 0;
    bool within = false;  // the last octet belonged to a word
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (c == '"' || c == '\\' || (!space && (c < ' ' || c >= 0x7f)) || (c == ')' && depth == 0)) {
            return std::nullopt;
        }
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ';' && depth == 0) {
            return words;
        }
        const bool text = depth == 0 && !space && c != ')';
        if (text && !within) {
            words.emplace_back();
        }
        if (text) {
            words.back() += c;
        }
        within = text;
    }
    return depth == 0 ? std::optional(words) : std::nullopt;
}

} // namespace

std::string results_in(std::string_view value) {
    const std::size_t name_end = value.find(';');
    std::string out;
    for (const char c : name_end == std::string_view::npos ? std::string_view() : strip_space(value.substr(name_end + 1))) {
        out += c == '\r' ? "" : c == '\n' ? "\r\n" : std::string(1, c);
    }
    return out.empty() ? "none" : out;  // RFC 8601 §2.2
}

bool claims_host(std::string_view value, std::string_view host) {
    const auto words = plain_words(value);
    if (words && words->empty()) {
        return value.find(';') != std::string_view::npos;  // results without a name: of whom, a reader may guess
    }
    const auto consists_of = [](const std::string& word, std::string_view known) { return word.find_first_not_of(known) == std::string::npos; };
    if (!words || words->size() > 2 || !consists_of(ascii_lower(words->front()), "abcdefghijklmnopqrstuvwxyz0123456789.-_") ||
        (words->size() == 2 && !consists_of(words->back(), "0123456789"))) {
        return true;
    }
    return normal_domain(ascii_lower(words->front())) == normal_domain(ascii_lower(host));
}

} // namespace hameau::mailauth
