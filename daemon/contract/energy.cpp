// Booking by day, the file's text, and the rules of the advice.
#include "daemon/contract/energy.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>

#include "daemon/base/text.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau::energy {

namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::uint64_t hour_ms = std::uint64_t{3600} * 1000;
constexpr std::string_view rest_name = "rest";

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// The share of `whole` for `part` of `all`; without overflow for a day's figures (a day has 2^27 ms).
std::uint64_t share_of(std::uint64_t whole, std::int64_t part, std::int64_t all) {
    return static_cast<std::uint64_t>(static_cast<long double>(whole) * static_cast<long double>(part) / static_cast<long double>(all));
}

/// Calls take(day, part, all) for each day that the span touches; all: its length. A span without length is on one day.
template <class Take>
void by_day(Book& book, const Span& span, const Take& take) {
    const std::int64_t all = span.to_ms - span.from_ms;
    if (all <= 0) {
        take(book.day(day_of(span.to_ms)), 1, 1);
        return;
    }
    // Far more days than are kept: the clock jumped.
    const std::int64_t from = std::max(span.from_ms, span.to_ms - static_cast<std::int64_t>(days_max) * day_ms);
    for (std::int64_t at = from; at < span.to_ms;) {
        const std::int64_t end = std::min((day_of(at) + 1) * day_ms, span.to_ms);
        take(book.day(day_of(at)), end - at, all);
        at = end;
    }
}

Use part_of(const Use& use, std::int64_t part, std::int64_t all) {
    return {share_of(use.cpu_ms, part, all), share_of(use.wakeups, part, all), share_of(use.read_bytes, part, all), share_of(use.written_bytes, part, all)};
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::optional<std::int64_t> number_of_date(std::string_view date) {
    if (date.size() != 10 || date[4] != '-' || date[7] != '-') {
        return std::nullopt;
    }
    const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(number_of(date.substr(0, 4)))), std::chrono::month(static_cast<unsigned>(number_of(date.substr(5, 2)))),
                                          std::chrono::day(static_cast<unsigned>(number_of(date.substr(8, 2))))};
    if (!day.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(day).time_since_epoch().count();
}

std::string line_of(std::initializer_list<std::string> columns) {
    std::string line;
    for (const std::string& column : columns) {
        line += (line.empty() ? "" : "\t") + column;
    }
    return line + "\n";
}

std::string text_of(const Day& day) {
    const auto word = [](std::uint64_t number) { return std::to_string(number); };
    std::string text = line_of({"day", date_of(day.number), word(day.seen_ms), word(day.received_bytes), word(day.sent_bytes), word(day.energy_mj), word(day.energy_ms)});
    for (const auto& [name, use] : day.services) {
        text += line_of({"use", name, word(use.cpu_ms), word(use.wakeups), word(use.read_bytes), word(use.written_bytes)});
    }
    return text;
}

/// All that the advice goes by.
struct Sum {
    std::uint64_t seen_ms = 0;
    Use all;
    std::map<std::string, Use, std::less<>> services;
};

Sum sum_of(const Book& book, std::int64_t today) {
    Sum sum;
    for (const Day& day : book.days) {
        if (day.number > today || day.number <= today - advice_days) {
            continue;
        }
        sum.seen_ms += day.seen_ms;
        for (const auto& [name, use] : day.services) {
            sum.services[name] += use;
            sum.all += use;
        }
    }
    return sum;
}

} // namespace

Use& Use::operator+=(const Use& other) {
    cpu_ms += other.cpu_ms;
    wakeups += other.wakeups;
    read_bytes += other.read_bytes;
    written_bytes += other.written_bytes;
    return *this;
}

Use since(const Use& now, const Use& before) {
    const auto more = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
    return {more(now.cpu_ms, before.cpu_ms), more(now.wakeups, before.wakeups), more(now.read_bytes, before.read_bytes), more(now.written_bytes, before.written_bytes)};
}

std::string_view to_text(Source source) {
    switch (source) {
    case Source::none: return "none";
    case Source::processor: return "processor";
    case Source::machine: return "machine";
    }
    return "none";
}

Day& Book::day(std::int64_t number) {
    const auto at = std::lower_bound(days.begin(), days.end(), number, [](const Day& day, std::int64_t wanted) { return day.number < wanted; });
    if (at != days.end() && at->number == number) {
        return *at;
    }
    Day made;
    made.number = number;
    return *days.insert(at, std::move(made));
}

void add(Book& book, const Span& span, std::string_view name, const Use& use) {
    if (use == Use{} || !is_name(name)) {
        return;
    }
    Use left = use;
    by_day(book, span, [&](Day& day, std::int64_t part, std::int64_t all) {
        // What rounding leaves is the last day's.
        const bool last = day.number == day_of(std::max(span.from_ms, span.to_ms - 1)) || all <= 1;
        const Use here = last ? left : part_of(use, part, all);
        left = since(left, here);
        const bool known = day.services.contains(name) || day.services.size() < names_max;
        day.services[std::string(known ? name : rest_name)] += here;
    });
}

void add_seen(Book& book, const Span& span) {
    if (span.to_ms > span.from_ms) {
        by_day(book, span, [](Day& day, std::int64_t part, std::int64_t) { day.seen_ms += static_cast<std::uint64_t>(part); });
    }
}

void add_network(Book& book, const Span& span, std::uint64_t received_bytes, std::uint64_t sent_bytes) {
    by_day(book, span, [&](Day& day, std::int64_t part, std::int64_t all) {
        day.received_bytes += share_of(received_bytes, part, all);
        day.sent_bytes += share_of(sent_bytes, part, all);
    });
}

void add_energy(Book& book, const Span& span, std::uint64_t millijoules) {
    if (span.to_ms > span.from_ms) {
        by_day(book, span, [&](Day& day, std::int64_t part, std::int64_t all) {
            day.energy_mj += share_of(millijoules, part, all);
            day.energy_ms += static_cast<std::uint64_t>(part);
        });
    }
}

std::int64_t day_of(std::int64_t local_ms) { return local_ms >= 0 ? local_ms / day_ms : -((-local_ms + day_ms - 1) / day_ms); }

std::string date_of(std::int64_t number) {
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(number))};
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()) % 10000, static_cast<unsigned>(day.month()) % 100, static_cast<unsigned>(day.day()) % 100);
    return text;
}

std::string text_of(Book& book, std::int64_t today) {
    const auto give_way = [&book, today] { book.days.erase(book.days.back().number > today ? book.days.end() - 1 : book.days.begin()); };
    while (book.days.size() > days_max) {
        give_way();
    }
    for (;;) {
        std::string text = "source\t" + std::string(to_text(book.source)) + "\n";
        for (const Day& day : book.days) {
            text += text_of(day);
        }
        if (text.size() <= text_bytes_max || book.days.size() <= 1) {
            return text;
        }
        give_way();
    }
}

Book book_in(std::string_view text) {
    Book book;
    Day* day = nullptr;
    for (const std::string_view line : split(text, '\n')) {
        const auto words = split(line, '\t');
        if (words[0] == "source" && words.size() == 2) {
            book.source = words[1] == "machine" ? Source::machine : words[1] == "processor" ? Source::processor : Source::none;
        } else if (words[0] == "day" && words.size() == 7) {
            const auto number = number_of_date(words[1]);
            day = number ? &book.day(*number) : nullptr;
            if (day != nullptr) {
                *day = {*number, number_of(words[2]), number_of(words[3]), number_of(words[4]), number_of(words[5]), number_of(words[6]), {}};
            }
        } else if (words[0] == "use" && words.size() == 6 && day != nullptr && is_name(words[1]) && day->services.size() <= names_max) {
            day->services[std::string(words[1])] = {number_of(words[2]), number_of(words[3]), number_of(words[4]), number_of(words[5])};
        }
    }
    return book;
}

std::vector<Advice> advice_of(const Book& book, std::int64_t today, const std::vector<std::string>& always_awake, bool watts_known) {
    // Percent of the time that the programs work, from which on they and not the machine at rest decide.
    constexpr std::uint64_t busy_percent = 5;
    constexpr std::uint64_t most_percent = 50;
    constexpr std::uint64_t wakes_often = 1200;
    constexpr std::uint64_t writes_mb = 2000;
    constexpr std::uint64_t megabyte = 1'000'000;
    const Sum sum = sum_of(book, today);
    std::vector<Advice> out;
    if (sum.seen_ms < advice_hours_min * hour_ms) {
        return out;
    }
    const std::uint64_t busy = std::max<std::uint64_t>(1, (sum.all.cpu_ms * 100 + sum.seen_ms - 1) / sum.seen_ms);
    const auto most = [&sum](std::uint64_t Use::* what) {
        return std::max_element(sum.services.begin(), sum.services.end(), [what](const auto& a, const auto& b) { return a.second.*what < b.second.*what; });
    };
    if (busy < busy_percent) {
        out.push_back({"machine", "", busy});
    } else if (const auto worker = most(&Use::cpu_ms); worker->second.cpu_ms * 100 >= most_percent * sum.all.cpu_ms) {
        out.push_back({"service", worker->first, worker->second.cpu_ms * 100 / sum.all.cpu_ms});
    }
    for (const std::string& name : always_awake) {
        out.push_back({"awake", name, 0});
    }
    if (const auto woken = most(&Use::wakeups); woken != sum.services.end() && woken->second.wakeups * hour_ms / sum.seen_ms >= wakes_often) {
        out.push_back({"wakes", woken->first, woken->second.wakeups * hour_ms / sum.seen_ms});
    }
    if (const auto writer = most(&Use::written_bytes); writer != sum.services.end()) {
        const std::uint64_t each_day = writer->second.written_bytes / megabyte * (24 * hour_ms) / sum.seen_ms;
        if (each_day >= writes_mb) {
            out.push_back({"writes", writer->first, each_day});
        }
    }
    if (!watts_known) {
        out.push_back({"meter", "", 0});
    }
    return out;
}

} // namespace hameau::energy
