// Reads one record; the grammar is RFC 7208 §12.
#include "modules/mail/auth/spf_record.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"

namespace hameau::mailauth {

namespace {

constexpr std::array<std::pair<std::string_view, Mechanism>, 8> mechanisms = {{{"all", Mechanism::all},
                                                                              {"include", Mechanism::include},
                                                                              {"a", Mechanism::a},
                                                                              {"mx", Mechanism::mx},
                                                                              {"ptr", Mechanism::ptr},
                                                                              {"ip4", Mechanism::ip4},
                                                                              {"ip6", Mechanism::ip6},
                                                                              {"exists", Mechanism::exists}}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

tl::unexpected<Error> wrong(std::string_view term) {
    return fail(ErrorKind::invalid, "the SPF record has a mistake: " + ascii_lower(term.substr(0, 80)));
}

/// toplabel, §7.1: letters, digits and inner hyphens, not digits alone.
bool is_top_label(std::string_view label) {
    const auto good = [](char c) { return is_letter(c) || is_digit(c) || c == '-'; };
    return !label.empty() && label.front() != '-' && label.back() != '-' && std::all_of(label.begin(), label.end(), good) &&
           !std::all_of(label.begin(), label.end(), is_digit);
}

/// domain-spec: a macro-string that ends in a macro or in "." and a top label.
bool is_domain_spec(std::string_view text) {
    MacroValues nothing;
    if (text.empty() || !expand_macros(text, nothing, MacroPlace::domain)) {
        return false;
    }
    // The part behind the last macro. "%" cannot stand in a literal.
    const std::size_t percent = text.rfind('%');
    std::string_view tail = text;
    if (percent != std::string_view::npos) {
        const std::size_t end = text[percent + 1] == '{' ? text.find('}', percent) : percent + 1;
        tail = text.substr(end + 1);
    }
    if (tail.empty()) {
        return true;
    }
    if (tail.ends_with('.')) {
        tail.remove_suffix(1);
    }
    const std::size_t dot = tail.rfind('.');
    return dot != std::string_view::npos && is_top_label(tail.substr(dot + 1));
}

/// "0" to "32" or "128" without leading zeros.
std::optional<unsigned> read_bits(std::string_view text, unsigned most) {
    if (text.empty() || text.size() > 3 || !std::all_of(text.begin(), text.end(), is_digit) || (text.size() > 1 && text[0] == '0')) {
        return std::nullopt;
    }
    const auto bits = static_cast<unsigned>(std::stoul(std::string(text)));
    return bits <= most ? std::optional(bits) : std::nullopt;
}

/// Where "/" and digits begin at the end of `text`, or npos.
std::size_t trailing_slash(std::string_view text) {
    std::size_t at = text.size();
    while (at > 0 && is_digit(text[at - 1])) {
        --at;
    }
    return at > 0 && text[at - 1] == '/' ? at - 1 : std::string_view::npos;
}

/// dual-cidr-length, taken away from the end of `text`. False: a mistake in it.
bool take_both_lengths(std::string_view& text, SpfTerm& term) {
    std::size_t slash = trailing_slash(text);
    if (slash != std::string_view::npos && slash > 0 && text[slash - 1] == '/') {
        const auto bits = read_bits(text.substr(slash + 1), 128);
        if (!bits) {
            return false;
        }
        term.v6_bits = *bits;
        text = text.substr(0, slash - 1);
        slash = trailing_slash(text);
    }
    if (slash != std::string_view::npos) {
        const auto bits = read_bits(text.substr(slash + 1), 32);
        if (!bits) {
            return false;
        }
        term.v4_bits = *bits;
        text = text.substr(0, slash);
    }
    return true;
}

bool read_network(std::string_view text, SpfTerm& term, bool v6) {
    const std::size_t slash = text.find('/');
    const auto octets = v6 ? read_ipv6(text.substr(0, slash)) : read_ipv4(text.substr(0, slash));
    if (!octets) {
        return false;
    }
    term.network = *octets;
    if (slash == std::string_view::npos) {
        return true;
    }
    const auto bits = read_bits(text.substr(slash + 1), v6 ? 128 : 32);
    if (bits) {
        (v6 ? term.v6_bits : term.v4_bits) = *bits;
    }
    return bits.has_value();
}

/// What stands behind the name of the mechanism: "", ":domain", "/24" ...
bool read_argument(std::string_view text, SpfTerm& term) {
    const bool has_lengths = term.mechanism == Mechanism::a || term.mechanism == Mechanism::mx;
    if (has_lengths && !take_both_lengths(text, term)) {
        return false;
    }
    const bool given = text.starts_with(':');
    if (!text.empty() && !given) {
        return false;
    }
    const std::string_view value = given ? text.substr(1) : std::string_view();
    switch (term.mechanism) {
    case Mechanism::all:
        return !given;
    case Mechanism::ip4:
        return read_network(value, term, false);
    case Mechanism::ip6:
        return read_network(value, term, true);
    case Mechanism::a:
    case Mechanism::mx:
    case Mechanism::ptr:
        term.domain = value;
        return !given || is_domain_spec(value);
    case Mechanism::include:
    case Mechanism::exists:
        term.domain = value;
        return is_domain_spec(value);
    }
    return false;
}

Status read_modifier(std::string_view name, std::string_view value, SpfRecord& record) {
    std::optional<std::string>* place = name == "redirect" ? &record.redirect : name == "exp" ? &record.explanation : nullptr;
    if (place == nullptr) {
        // Unknown modifiers are allowed, and must be macro-strings all the same (§6).
        return expand_macros(value, {}, MacroPlace::explanation) ? Status{} : Status(wrong(name));
    }
    if (*place || !is_domain_spec(value)) {
        return wrong(name);
    }
    *place = std::string(value);
    return {};
}

Status read_term(std::string_view text, SpfRecord& record) {
    const std::string_view whole = text;
    SpfTerm term;
    const bool qualified = std::string_view("+-~?").find(text.front()) != std::string_view::npos;
    if (qualified) {
        term.qualifier = static_cast<Qualifier>(text.front());
        text.remove_prefix(1);
    }
    const auto in_name = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; };
    const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), in_name) - text.begin());
    const std::string name = ascii_lower(text.substr(0, end));
    if (name.empty() || !is_letter(name.front())) {
        return wrong(whole);
    }
    if (end < text.size() && text[end] == '=') {
        return qualified ? Status(wrong(whole)) : read_modifier(name, text.substr(end + 1), record);
    }
    const auto* const known = std::find_if(mechanisms.begin(), mechanisms.end(), [&name](const auto& one) { return one.first == name; });
    if (known == mechanisms.end()) {
        return wrong(whole);
    }
    term.mechanism = known->second;
    if (!read_argument(text.substr(end), term)) {
        return wrong(whole);
    }
    record.terms.push_back(std::move(term));
    return {};
}

} // namespace

bool is_spf(std::string_view text) {
    return ascii_lower(text.substr(0, 6)) == "v=spf1" && (text.size() == 6 || text[6] == ' ');
}

Result<SpfRecord> parse_spf(std::string_view text) {
    SpfRecord record;
    const auto visible = [](char c) { return c >= ' ' && c < 0x7f; };
    if (!std::all_of(text.begin(), text.end(), visible)) {
        return fail(ErrorKind::invalid, "the SPF record has a character that is not printable ASCII");
    }
    for (const std::string_view term : split(text.substr(6), ' ')) {
        if (term.empty()) {
            continue;
        }
        if (auto read = read_term(term, record); !read) {
            return fail(read.error());
        }
    }
    return record;
}

} // namespace hameau::mailauth
