// Which addresses are kept and found. Every loop looks at each byte a bounded number of times.
#include "modules/pads/lines/addresses.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/base/text.hpp"
#include "modules/pads/lines/limits.hpp"
#include "modules/pads/lines/safe_values.hpp"

namespace hameau::pads {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// WHATWG URL §4.4: blanks and controls around an address, tabs and line ends in it are none of it.
std::string without_ignored(std::string_view written) {
    const auto ignored = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
    while (!written.empty() && ignored(written.front())) {
        written.remove_prefix(1);
    }
    while (!written.empty() && ignored(written.back())) {
        written.remove_suffix(1);
    }
    std::string out(written);
    std::erase_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
    return out;
}

bool must_be_encoded(char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || std::string_view("\"'<>\\`").find(c) != std::string_view::npos;
}

/// The scheme in small letters, or empty.
std::string scheme_of(std::string_view address) {
    const std::size_t colon = address.find_first_of(":/?#");
    return colon == std::string_view::npos || address[colon] != ':' ? std::string() : ascii_lower(address.substr(0, colon));
}

/// A browser reads "\" as "/" in the part before the query (WHATWG URL §4.4, special schemes).
void turn_slashes(std::string& address) {
    const std::size_t end = std::min(address.find_first_of("?#"), address.size());
    std::replace(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(end), '\\', '/');
}

/// False when the host would hold what no host may hold.
bool has_good_host(std::string_view address) {
    const std::size_t begin = address.find("://");
    if (begin == std::string_view::npos) {
        return false;
    }
    const std::string_view host = address.substr(begin + 3, address.find_first_of("/?#", begin + 3) - begin - 3);
    return !host.empty() && std::none_of(host.begin(), host.end(), must_be_encoded);
}

/// Signs that end an address besides ASCII blanks: other blanks, quotes of French and English, U+FFFC.
constexpr std::array<std::string_view, 14> ends = {"\u00a0", "\u202f", "\u2009", "\u200b", "\u2028", "\u2029", "\u3000",
                                                   "\u00ab", "\u00bb", "\u201c", "\u201d", "\u2018", "\ufffc", "\u2007"};
/// Punctuation of the sentence, when it stands last.
constexpr std::array<std::string_view, 2> last_signs = {"\u2026", "\u2019"};

bool ends_here(std::string_view rest) {
    const char c = rest.front();
    if (static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>' || c == '"' || c == 0x7f) {
        return true;
    }
    return is_beyond_ascii(c) && std::any_of(ends.begin(), ends.end(), [rest](std::string_view one) { return rest.starts_with(one); });
}

/// Without the punctuation at its end; a closing bracket stays when it was opened inside.
std::string_view without_punctuation(std::string_view word) {
    std::array<std::ptrdiff_t, 3> open{};
    constexpr std::string_view openers = "([{", closers = ")]}";
    for (const char c : word) {
        if (const std::size_t at = openers.find(c); at != std::string_view::npos) {
            ++open[at];
        } else if (const std::size_t closed = closers.find(c); closed != std::string_view::npos) {
            --open[closed];
        }
    }
    while (!word.empty()) {
        const auto wide = std::find_if(last_signs.begin(), last_signs.end(), [word](std::string_view one) { return word.ends_with(one); });
        if (wide != last_signs.end()) {
            word.remove_suffix(wide->size());
            continue;
        }
        const char c = word.back();
        const std::size_t closer = closers.find(c);
        if (closer != std::string_view::npos && open[closer] < 0) {
            ++open[closer];
        } else if (std::string_view(".,;:!?'*_~").find(c) == std::string_view::npos) {
            break;
        }
        word.remove_suffix(1);
    }
    return word;
}

bool starts_with_any_case(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size() && ascii_lower(text.substr(0, lower.size())) == lower;
}

/// At least two labels, the last of letters (or of other scripts).
bool is_name_of_machine(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || name.size() > host_name_bytes_max || name.find("..") != std::string_view::npos || name.front() == '.') {
        return false;
    }
    const std::string_view last = name.substr(dot + 1);
    return last.size() >= 2 && std::all_of(last.begin(), last.end(), [](char c) { return is_letter(c) || is_beyond_ascii(c); });
}

/// Looked at before the rest of the address, so that what is none costs little.
bool begins_with_host(std::string_view rest, bool www) {
    std::size_t end = 0;
    while (end < rest.size() && end <= host_name_bytes_max && std::string_view("/?#").find(rest[end]) == std::string_view::npos && !ends_here(rest.substr(end))) {
        ++end;
    }
    std::string_view host = rest.substr(0, end);
    if (end == rest.size() || ends_here(rest.substr(end))) {
        host = without_punctuation(host);
    }
    const bool begins = !host.empty() && (is_letter(host[0]) || is_digit(host[0]) || is_beyond_ascii(host[0]) || (host[0] == '[' && !www));
    return begins && end <= host_name_bytes_max && std::none_of(host.begin(), host.end(), must_be_encoded) &&
           (!www || is_name_of_machine(host.substr(0, host.find(':'))));
}

/// The length of an address of the web at the start of `rest`; 0: none.
std::size_t web_address(std::string_view rest, std::string& address) {
    const bool secure = starts_with_any_case(rest, "https://");
    const bool www = starts_with_any_case(rest, "www.");
    if (!secure && !www && !starts_with_any_case(rest, "http://")) {
        return 0;
    }
    const std::size_t start = www ? 4 : secure ? 8 : 7;
    if (!begins_with_host(rest.substr(start), www)) {
        return 0;
    }
    std::size_t end = start;
    while (end < rest.size() && end < address_bytes_max && !ends_here(rest.substr(end))) {
        ++end;
    }
    if (end == address_bytes_max) {
        return 0;
    }
    const std::string_view word = without_punctuation(rest.substr(0, end));
    address = kept_address(www ? "https://" + std::string(word) : std::string(word));
    return address.empty() ? 0 : word.size();
}

bool is_of_local_part(char c) { return is_letter(c) || is_digit(c) || std::string_view(".!#$%&'*+/=?^_{|}~-").find(c) != std::string_view::npos; }

/// A mail address around the "@" at `at`; nothing before `from` belongs to it.
bool mail_address(std::string_view text, std::size_t from, std::size_t at, BareAddress& out) {
    out.begin = at;
    while (out.begin > from && at - out.begin < 64 && is_of_local_part(text[out.begin - 1])) {
        --out.begin;  // RFC 5321 §4.5.3.1.1: 64 bytes
    }
    while (out.begin < at && !is_letter(text[out.begin]) && !is_digit(text[out.begin])) {
        ++out.begin;  // a quote or a dash in front is the sentence's
    }
    out.end = at + 1;
    while (out.end < text.size() && out.end - at <= host_name_bytes_max && !ends_here(text.substr(out.end)) &&
           (is_letter(text[out.end]) || is_digit(text[out.end]) || text[out.end] == '-' || text[out.end] == '.' || is_beyond_ascii(text[out.end]))) {
        ++out.end;
    }
    out.end = at + 1 + without_punctuation(text.substr(at + 1, out.end - at - 1)).size();
    if (out.begin == at || !is_name_of_machine(text.substr(at + 1, out.end - at - 1))) {
        return false;
    }
    out.address = kept_address("mailto:" + std::string(text.substr(out.begin, out.end - out.begin)));
    return !out.address.empty();
}

} // namespace

std::string kept_address(std::string_view written) {
    std::string address = without_ignored(written);
    std::string scheme = scheme_of(address);
    const bool relative = scheme.empty();
    if (relative || scheme == "http" || scheme == "https") {
        turn_slashes(address);
    }
    if (relative && address.starts_with("//")) {
        address.insert(0, "https:");  // of the scheme of the page that it stood in
        scheme = "https";
    }
    if ((scheme == "http" || scheme == "https") && !has_good_host(address)) {
        return {};
    }
    std::string out = percent_encode(address, [](char c) { return !must_be_encoded(c); });
    return is_safe_address(out) ? out : std::string();
}

std::vector<BareAddress> bare_addresses(std::string_view text) {
    std::vector<BareAddress> found;
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        BareAddress one;
        if (c == '@') {
            if (mail_address(text, from, i, one)) {
                i = one.end - 1;
                from = one.end;
                found.push_back(std::move(one));
            }
            continue;
        }
        const bool may_begin = i == from || !(is_letter(text[i - 1]) || is_digit(text[i - 1]) || std::string_view("_@/.=-&?%").find(text[i - 1]) != std::string_view::npos);
        if (!may_begin || (c != 'h' && c != 'H' && c != 'w' && c != 'W')) {
            continue;
        }
        if (const std::size_t size = web_address(text.substr(i), one.address); size > 0) {
            one.begin = i;
            one.end = i + size;
            i = one.end - 1;
            from = one.end;
            found.push_back(std::move(one));
        }
    }
    return found;
}

} // namespace hameau::pads
