// Macros of SPF, RFC 7208 §7.
#include <algorithm>
#include <vector>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/spf_record.hpp"

namespace hameau::mailauth {

namespace {

constexpr std::string_view delimiters_known = ".-+,/_=";

struct Macro {
    char letter = 0;
    bool escape = false;   ///< upper case: the value is percent-encoded
    bool reverse = false;
    unsigned keep = 0;     ///< parts from the right; 0: all
    std::string_view delimiters = ".";
};

/// What stands between "%{" and "}".
std::optional<Macro> read_macro(std::string_view body, MacroPlace place) {
    Macro macro;
    if (body.empty()) {
        return std::nullopt;
    }
    macro.letter = ascii_lower(body.substr(0, 1)).front();
    macro.escape = macro.letter != body.front();
    const std::string_view letters = place == MacroPlace::domain ? "slodiphv" : "slodiphvcrt";
    if (letters.find(macro.letter) == std::string_view::npos) {
        return std::nullopt;
    }
    body.remove_prefix(1);
    bool digits = false;
    while (!body.empty() && body.front() >= '0' && body.front() <= '9') {
        macro.keep = std::min(macro.keep * 10 + static_cast<unsigned>(body.front() - '0'), spf_parts_max);
        digits = true;
        body.remove_prefix(1);
    }
    if (digits && macro.keep == 0) {
        return std::nullopt;
    }
    if (!body.empty() && (body.front() == 'r' || body.front() == 'R')) {
        macro.reverse = true;
        body.remove_prefix(1);
    }
    if (body.find_first_not_of(delimiters_known) != std::string_view::npos) {
        return std::nullopt;
    }
    macro.delimiters = body.empty() ? "." : body;
    return macro;
}

std::string value_of(char letter, const MacroValues& values) {
    switch (letter) {
    case 's':
        return values.sender;
    case 'l':
        return values.local;
    case 'o':
        return values.sender_domain;
    case 'd':
        return values.domain;
    case 'i':
        return values.address;
    case 'p':
        return values.validated;
    case 'v':
        return values.v6 ? "ip6" : "in-addr";
    case 'h':
        return values.helo;
    case 'c':
        return values.readable_address;
    case 'r':
        return values.receiver;
    default:
        return std::to_string(values.now_seconds);
    }
}

std::string transform(const Macro& macro, const std::string& value) {
    std::vector<std::string> parts(1);
    for (const char c : value) {
        if (macro.delimiters.find(c) != std::string_view::npos) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    if (macro.reverse) {
        std::reverse(parts.begin(), parts.end());
    }
    std::string out;
    const std::size_t first = macro.keep == 0 || macro.keep >= parts.size() ? 0 : parts.size() - macro.keep;
    for (std::size_t i = first; i < parts.size(); ++i) {
        out += (i > first ? "." : "") + parts[i];
    }
    return macro.escape ? percent_encode(out, is_unreserved) : out;
}

/// "%%", "%_", "%-" or "%{...}" at the beginning of `text`, taken away from it.
std::optional<std::string> take_macro(std::string_view& text, const MacroValues& values, MacroPlace place) {
    const char kind = text.size() > 1 ? text[1] : '\0';
    if (kind == '%' || kind == '_' || kind == '-') {
        text.remove_prefix(2);
        return kind == '%' ? "%" : kind == '_' ? " " : "%20";
    }
    const std::size_t end = kind == '{' ? text.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto macro = read_macro(text.substr(2, end - 2), place);
    text.remove_prefix(end + 1);
    return macro ? std::optional(transform(*macro, value_of(macro->letter, values))) : std::nullopt;
}

} // namespace

bool needs_validated_name(std::string_view text) {
    return text.find("%{p") != std::string_view::npos || text.find("%{P") != std::string_view::npos;
}

Result<std::string> expand_macros(std::string_view text, const MacroValues& values, MacroPlace place) {
    std::string out;
    std::size_t macros = 0;
    while (!text.empty()) {
        // Both the text and the values are of strangers: the work is bounded before it is done.
        if (macros > spf_macros_max || out.size() > spf_expanded_octets_max) {
            return fail(ErrorKind::invalid, "the SPF record has too many macros");
        }
        if (text.front() == '%') {
            ++macros;
            const auto value = take_macro(text, values, place);
            if (!value) {
                return fail(ErrorKind::invalid, "the SPF record has a macro that cannot be read");
            }
            out += *value;
            continue;
        }
        // macro-literal: visible; an explanation may have spaces (§6.2).
        if (text.front() < ' ' || text.front() >= 0x7f || (text.front() == ' ' && place == MacroPlace::domain)) {
            return fail(ErrorKind::invalid, "the SPF record has a character that is not printable ASCII");
        }
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

} // namespace hameau::mailauth
