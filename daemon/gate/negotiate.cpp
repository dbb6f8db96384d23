// Lists with weights, entity tags, dates, ranges.
#include "daemon/gate/negotiate.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>

#include "daemon/base/text.hpp"
#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

namespace {

/// The next element of a comma-separated list; the list is shortened.
std::string_view next_element(std::string_view& list) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trimmed(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    return element;
}

/// qvalue in thousandths (RFC 9110 §12.4.2); a malformed one counts as 0.
int weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::size_t semicolon = parameters.find(';');
        const std::string_view parameter = trimmed(parameters.substr(0, semicolon));
        parameters.remove_prefix(semicolon == std::string_view::npos ? parameters.size() : semicolon + 1);
        if (parameter.size() < 3 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') {
            continue;
        }
        const std::string_view number = parameter.substr(2);
        if (number[0] == '1') {
            return 1000;
        }
        if (number[0] != '0' || (number.size() > 1 && number[1] != '.') || number.size() > 5) {
            return 0;
        }
        int weight = 0;
        int scale = 100;
        for (const char c : number.substr(std::min<std::size_t>(2, number.size()))) {
            if (c < '0' || c > '9') {
                return 0;
            }
            weight += (c - '0') * scale;
            scale /= 10;
        }
        return weight;
    }
    return 1000;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || code != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

/// A position in a range: a number too large to hold lies behind every end, so it is taken as the largest.
std::optional<std::uint64_t> position_of(std::string_view text) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    return digits ? std::optional(number_of(text).value_or(std::numeric_limits<std::uint64_t>::max())) : std::nullopt;
}

} // namespace

int encoding_weight(std::string_view list, bool has_field, std::string_view encoding) {
    const bool identity = encoding == "identity";
    if (!has_field) {
        return identity ? 1 : 0;
    }
    int star = -1;
    while (!list.empty()) {
        const std::string_view element = next_element(list);
        const std::size_t semicolon = element.find(';');
        const std::string_view name = trimmed(element.substr(0, semicolon));
        const int weight = weight_of(semicolon == std::string_view::npos ? std::string_view() : element.substr(semicolon + 1));
        if (equals(name, encoding) || (encoding == "gzip" && equals(name, "x-gzip"))) {
            return weight;
        }
        star = name == "*" ? weight : star;
    }
    if (star >= 0) {
        return star;
    }
    return identity ? 1 : 0;
}

std::optional<std::size_t> choose_encoding(std::string_view accept_encoding, bool has_field,
                                           const std::vector<std::string_view>& offered) {
    std::optional<std::size_t> best;
    int best_weight = 0;
    for (std::size_t i = 0; i < offered.size(); ++i) {
        const int weight = encoding_weight(accept_encoding, has_field, offered[i]);
        if (weight > best_weight) {
            best_weight = weight;
            best = i;
        }
    }
    return best;
}

bool matches_etag(std::string_view list, std::string_view etag, bool weak) {
    if (trimmed(list) == "*") {
        return true;
    }
    while (!list.empty()) {
        std::string_view element = next_element(list);
        if (element.starts_with("W/")) {
            if (!weak) {
                continue;
            }
            element.remove_prefix(2);
        }
        if (element == etag) {
            return true;
        }
    }
    return false;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    // IMF-fixdate has exactly this shape (RFC 9110 §5.6.7); the obsolete forms are answered as if absent.
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' || text[11] != ' ' ||
        text[16] != ' ' || text[19] != ':' || text[22] != ':') {
        return std::nullopt;
    }
    const auto day = number_of(text.substr(5, 2));
    const std::size_t month = months.find(text.substr(8, 3));
    const auto year = number_of(text.substr(12, 4));
    const auto hour = number_of(text.substr(17, 2));
    const auto minute = number_of(text.substr(20, 2));
    const auto second = number_of(text.substr(23, 2));
    if (!day || month == std::string_view::npos || month % 3 != 0 || !year || !hour || !minute || !second) {
        return std::nullopt;
    }
    std::tm parts{};
    parts.tm_mday = static_cast<int>(*day);
    parts.tm_mon = static_cast<int>(month / 3);
    parts.tm_year = static_cast<int>(*year) - 1900;
    parts.tm_hour = static_cast<int>(*hour);
    parts.tm_min = static_cast<int>(*minute);
    parts.tm_sec = static_cast<int>(*second);
    return ::timegm(&parts);
}

std::string format_http_date(std::int64_t seconds) {
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = seconds;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[static_cast<std::size_t>(parts.tm_wday)],
                  parts.tm_mday, months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                  parts.tm_min, parts.tm_sec);
    return out.data();
}

RangeChoice choose_ranges(std::string_view range, std::uint64_t size) {
    RangeChoice whole;
    constexpr std::string_view unit = "bytes=";
    if (range.size() <= unit.size() || !equals(range.substr(0, unit.size()), unit)) {
        return whole;
    }
    std::string_view list = range.substr(unit.size());
    RangeChoice choice;
    std::uint64_t total = 0;
    std::size_t asked = 0;
    while (!list.empty()) {
        const std::string_view element = next_element(list);
        const std::size_t dash = element.find('-');
        if (dash == std::string_view::npos || ++asked > ranges_max) {
            return whole;
        }
        const std::string_view from = trimmed(element.substr(0, dash));
        const std::string_view to = trimmed(element.substr(dash + 1));
        const auto first = position_of(from);
        const auto last = position_of(to);
        if ((!from.empty() && !first) || (!to.empty() && !last) || (from.empty() && to.empty()) ||
            (first && last && *last < *first)) {
            return whole;  // malformed: as if the field were not there (RFC 9110 §14.2)
        }
        ByteRange part;
        if (from.empty()) {
            if (*last == 0 || size == 0) {
                continue;
            }
            part.first = *last >= size ? 0 : size - *last;
            part.last = size - 1;
        } else {
            if (*first >= size) {
                continue;
            }
            part.first = *first;
            part.last = last ? std::min(*last, size - 1) : size - 1;
        }
        total += part.size();
        choice.ranges.push_back(part);
    }
    if (choice.ranges.empty()) {
        choice.verdict = asked > 0 ? RangeVerdict::unsatisfiable : RangeVerdict::whole;
        return choice;
    }
    // Overlapping parts would send more than the file holds (RFC 9110 §17.15).
    if (total > size) {
        return whole;
    }
    choice.verdict = RangeVerdict::part;
    return choice;
}

std::string_view choose_language(std::string_view list) {
    int french = -1;
    int english = -1;
    int star = -1;
    while (!list.empty()) {
        const std::string_view element = next_element(list);
        const std::size_t semicolon = element.find(';');
        const std::string name = ascii_lower(trimmed(element.substr(0, semicolon)));
        const int weight = weight_of(semicolon == std::string_view::npos ? std::string_view() : element.substr(semicolon + 1));
        if (name == "fr" || name.starts_with("fr-")) {
            french = std::max(french, weight);
        } else if (name == "en" || name.starts_with("en-")) {
            english = std::max(english, weight);
        } else if (name == "*") {
            star = weight;
        }
    }
    french = french < 0 ? star : french;
    return english > french ? "en" : "fr";
}

} // namespace hameau::gate
