// One pass over a line: words between delimiters are judged one by one; what stands in brackets and quotes goes as a whole.
#include "daemon/cli/redact.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "daemon/cli/limits.hpp"

namespace hameau::cli {

namespace {

constexpr std::string_view delimiters = " \t,;()[]{}<>\"'=|#?&";
constexpr std::size_t known_letters_min = 2;
constexpr std::size_t secret_characters_min = 14;
constexpr std::ptrdiff_t telephone_digits_min = 8;
constexpr std::size_t telephone_group_digits = 4;

/// Fields of our journals whose values are words of ours. Of every other field a number is kept, and all else is a mark.
constexpr std::array kept_fields = {"service", "services", "version", "error", "check", "checks", "verb", "kind"};
/// Files that look like host names. A host may end in ".pem" in a folder of certificates: so whole names, but for sources.
constexpr std::array kept_files = {"people.db", "mail.db", "auth.db", "sites.db", "pads.db", "people.log", "mail.log", "sites.log", "pads.log", "gate.log", "admin.log", "hameaud.log",
                                   "milter.log", "postfix.log", "dovecot.log", "hosts.map", "default.pem", "ca.pem", "ca.key", "hameau.yaml", "hameau.service", "main.cf",
                                   "master.cf", "dovecot.conf", "resolv.conf", "admin.sock", "people.sock", "mail.sock", "sites.sock", "pads.sock"};
constexpr std::string_view source_ending = "cpp";
/// Words with a capital letter that name nobody. Every other one may be a name that the house does not know (any more).
constexpr std::array kept_capitals = {"Postfix", "Dovecot", "SQLite", "Debian", "Linux", "Landlock", "Hameau", "DNS", "TLS", "ACME", "IPv4", "IPv6", "HTTP", "JSON", "YAML", "SMTP", "IMAP",
                                      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Connection", "Permission", "No", "Not", "Bad", "Broken", "Operation", "Resource", "Address", "Cannot", "File", "Is", "Too", "Read-only", "Input/output",
                                      "Transport", "Network", "Host", "Version", "Info", "Warning", "Error", "UNIQUE", "FOREIGN", "KEY", "CHECK", "NOT", "NULL", "Invalid", "Value", "Device",
                                      "Cross-device", "Directory", "Function", "Exec", "Destination", "Protocol", "Stale", "Disk"};
/// Dovecot's and Postfix's services: NAME(USER) in front of a line.
constexpr std::array with_user = {"imap", "lmtp", "managesieve", "doveadm", "indexer", "quota-status", "auth", "script", "sieve", "pop3", "submission"};

template <class List>
bool is_one_of(const List& list, std::string_view word) {
    return std::any_of(list.begin(), list.end(), [word](const char* one) { return word == one; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "Lefebvre", "jean-Lefebvre".
bool has_capital_part(std::string_view token) {
    const auto parts = split(token, '-');
    return std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return !part.empty() && part.front() >= 'A' && part.front() <= 'Z'; });
}

bool is_number(std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.' || c == '/' || c == '-' || c == '+'; });
}

/// "0612345678", "+33612345678", "06.12.34.56.78": eight digits and more that begin as telephone numbers do, or with three marks between them.
/// Counts, times and dates have neither.
bool is_telephone(std::string_view word) {
    const auto digits = std::count_if(word.begin(), word.end(), is_digit);
    const auto marks = std::count_if(word.begin() + (word.empty() ? 0 : 1), word.end(), [](char c) { return c == '.' || c == '-' || c == '/'; });
    return is_number(word) && digits >= telephone_digits_min && (word.front() == '0' || word.front() == '+' || marks >= 3);
}

/// "06 12 34 56 78", "+33 (0)6 12 34 56 78", "06 1234 5678": where the run of groups of at most four digits, which begins at `at` with 0 or +,
/// ends; `at` when it is none.
std::size_t end_of_telephone(std::string_view text, std::size_t at) {
    constexpr std::string_view in_front = " \"':(=<>,;[";
    constexpr std::string_view national = "(0)";
    const bool begins = at < text.size() && (text[at] == '0' || text[at] == '+') && (at == 0 || in_front.find(text[at - 1]) != std::string_view::npos);
    std::size_t digits = 0;
    std::size_t group = 0;
    std::size_t end = at + (begins && text[at] == '+' ? 1 : 0);
    while (begins && end < text.size()) {
        const bool gap = text[end] == ' ' || text[end] == '-' || text[end] == '.';
        const bool goes_on = end + 1 < text.size() && (is_digit(text[end + 1]) || text.substr(end + 1).starts_with(national));
        if (text.substr(end).starts_with(national)) {
            end += national.size();
            group = 0;
            continue;
        }
        if (!is_digit(text[end]) && !(gap && goes_on)) {
            break;
        }
        group = is_digit(text[end]) ? group + 1 : 0;
        digits += is_digit(text[end]) ? 1 : 0;
        ++end;
        if (group > telephone_group_digits) {
            return at;
        }
    }
    return digits >= static_cast<std::size_t>(telephone_digits_min) ? end : at;
}

bool is_ipv4(std::string_view word) {
    const auto parts = split(word, '.');
    return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        return !part.empty() && part.size() <= 3 && std::all_of(part.begin(), part.end(), is_digit);
    });
}

bool is_ipv6(std::string_view word) {
    const auto colons = std::count(word.begin(), word.end(), ':');
    const bool hex = std::all_of(word.begin(), word.end(), [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.' || c == '%'; });
    return hex && (colons >= 4 || (colons >= 2 && word.find("::") != std::string_view::npos));
}

/// Two labels at least, the last one of letters: a host name, or a file's.
bool is_dotted_name(std::string_view word) {
    const auto parts = split(word, '.');
    if (parts.size() < 2 || parts.back().size() < 2 || !std::all_of(parts.back().begin(), parts.back().end(), [](char c) { return is_letter(c) || c == '-' || is_digit(c); })) {
        return false;
    }
    return std::any_of(parts.back().begin(), parts.back().end(), is_letter) && !is_one_of(kept_files, word) && !(parts.size() == 2 && parts.back() == source_ending);
}

bool looks_secret(std::string_view word) {
    const bool plain = std::all_of(word.begin(), word.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '_' || c == '-' || c == '$'; });
    const bool digits = std::any_of(word.begin(), word.end(), is_digit);
    const bool letters = std::any_of(word.begin(), word.end(), is_letter);
    const bool hyphens = word.find('-') != std::string_view::npos;
    return plain && letters && ((word.size() >= secret_characters_min && digits) || (word.size() >= secret_characters_min + 6 && !hyphens) || word.find('$') != std::string_view::npos);
}

/// Postfix's reports hold what the other server said, in its own words: its number alone is kept.
std::string_view without_foreign_words(std::string_view line) {
    const std::size_t said = line.find(" said: ");
    if (said == std::string_view::npos) {
        return line;
    }
    std::size_t end = said + 7;
    while (end < line.size() && (is_digit(line[end]) || line[end] == ' ' || line[end] == '.' || line[end] == '-')) {
        ++end;
    }
    return line.substr(0, end);
}

} // namespace

void Redactor::know(std::string_view name) {
    std::string word;
    const auto take = [&] {
        if (word.size() >= known_letters_min) {
            known_.insert(ascii_lower(word));
        }
        word.clear();
    };
    for (const char c : name) {
        if (is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) {
            word += c;
        } else {
            take();
        }
    }
    take();
}

bool Redactor::is_known(std::string_view token) const {
    std::string part;
    for (const char c : std::string(token) + " ") {
        if (is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) {
            part += c;
        } else if (!part.empty()) {
            if (known_.contains(ascii_lower(part))) {
                return true;
            }
            part.clear();
        }
    }
    return false;
}

std::string Redactor::plain_word(std::string_view token) const {
    if (token.empty() || is_number(token)) {
        return is_ipv4(token) ? "<ip>" : is_telephone(token) ? "<number>" : std::string(token);
    }
    if (std::any_of(token.begin(), token.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
        return "<word>";
    }
    if (is_known(token)) {
        return "<name>";
    }
    const bool capital = token.size() > 1 && has_capital_part(token) && !is_one_of(kept_capitals, token);
    return is_dotted_name(token) ? "<host>" : looks_secret(token) ? "<token>" : capital ? "<word>" : std::string(token);
}

std::string Redactor::word(std::string_view token) const {
    if (token.find('@') != std::string_view::npos || token.find('%') != std::string_view::npos) {
        return "<address>";
    }
    if (token.size() > 5 && ascii_lower(token.substr(0, 5)) == "ipv6:") {
        return "<ip>";  // RFC 5321 §4.1.3
    }
    if (is_ipv6(token) || is_ipv4(token)) {
        return "<ip>";
    }
    for (const char at : {'/', ':'}) {
        if (token.find(at) != std::string_view::npos) {
            std::string out;
            for (const std::string_view part : split(token, at)) {
                out += (out.empty() && part.data() == token.data() ? "" : std::string(1, at)) + word(part);
            }
            return out;
        }
    }
    const std::size_t end = token.find_last_not_of(".!?") + 1;
    return plain_word(token.substr(0, end)) + std::string(token.substr(end));
}

std::string Redactor::line(std::string_view text) const {
    std::string out;
    std::string last;  // the word in front of a delimiter
    text = without_foreign_words(text.substr(0, std::min(text.size(), redacted_line_bytes_max)));
    std::size_t at = 0;
    if (text.size() > 3 && text[0] == '<' && is_digit(text[1]) && text[2] == '>') {
        // A line of ours: "<6>people module.ready": the priority, who says it, and the event, all of them our own words.
        const std::size_t who = std::min(text.find(' '), text.size());
        at = std::min(text.find(' ', std::min(who + 1, text.size())), text.size());
        const std::string_view event = text.substr(std::min(who + 1, at), at - std::min(who + 1, at));
        const bool ours = event.find('.') != std::string_view::npos && event.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string_view::npos;
        at = ours ? at : 3;
        out = text.substr(0, at);
    }
    while (at < text.size()) {
        if (const std::size_t behind = end_of_telephone(text, at); behind > at) {
            out += "<number>";
            at = behind;
            continue;
        }
        const std::size_t end = std::min(text.find_first_of(delimiters, at), text.size());
        const std::string_view token = text.substr(at, end - at);
        const std::size_t colon = token.rfind(':');
        if (colon != std::string_view::npos && end_of_telephone(text, at + colon + 1) > at + colon + 1) {
            out += word(token.substr(0, colon)) + ":";  // "tel:06 12 34 56 78"
            at += colon + 1;
            continue;
        }
        if (!token.empty()) {
            out += word(token);
            last = token;
        }
        if (end == text.size()) {
            break;
        }
        const char mark = text[end];
        at = end + 1;
        const bool user = mark == '(' && std::any_of(with_user.begin(), with_user.end(), [&last](const char* one) { return last.starts_with(one); }) && !token.empty();
        const char closing = mark == '<' ? '>' : mark == '\'' ? '\'' : user ? ')' : '\0';
        const std::size_t close = closing == '\0' ? std::string_view::npos : text.find(closing, at);
        if (close != std::string_view::npos) {
            out += std::string(1, mark) + "..." + closing;
            at = close + 1;
            last.clear();
            continue;
        }
        out += mark;
        if (mark == '=' && !is_one_of(kept_fields, last)) {
            const bool quoted = at < text.size() && text[at] == '"';
            const std::size_t value_end = quoted ? std::min(text.find('"', at + 1), text.size() - 1) + 1 : std::min(text.find_first_of(" ,", at), text.size());
            const std::string_view value = text.substr(at, value_end - at);
            const std::size_t telephone_end = end_of_telephone(text, at);  // it may have blanks in it
            const bool kept = is_number(value) && !is_ipv4(value) && !is_telephone(value) && telephone_end == at;
            out += kept ? std::string(value) : "...";
            at = std::max(value_end, telephone_end);
        }
    }
    return out;
}

std::string Redactor::text(std::string_view text) const {
    std::string out;
    for (const std::string_view one : split(text, '\n')) {
        // "== mail": whose journal follows.
        out += (one.starts_with("== ") ? "== " + line(one.substr(3)) : line(one)) + "\n";
    }
    return out;
}

} // namespace hameau::cli
