// What each service of the house used, by day: processor time, wake-ups, bytes of the disk. hameaud counts and keeps it in STATE/energy; the
// portal shows it. Pure data and text, and the rules for what would help most.
// A day is one of the house's time zone, by its number: days since 1970-01-01.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::energy {

struct Use {
    std::uint64_t cpu_ms = 0;         ///< user and system
    std::uint64_t wakeups = 0;        ///< voluntary context switches: it waited, and was woken
    std::uint64_t read_bytes = 0;     ///< of the disk, not of its cache
    std::uint64_t written_bytes = 0;

    Use& operator+=(const Use& other);
    bool operator==(const Use&) const = default;
};
/// What was added since `before`; 0 where a counter went back.
Use since(const Use& now, const Use& before);

struct Day {
    std::int64_t number = 0;
    std::uint64_t seen_ms = 0;         ///< how long hameaud ran and counted
    std::uint64_t received_bytes = 0;  ///< of the machine's network, whoever it was for
    std::uint64_t sent_bytes = 0;
    std::uint64_t energy_mj = 0;       ///< millijoules, where the machine reports power
    std::uint64_t energy_ms = 0;       ///< the time that they were measured in; may be less than seen_ms
    std::map<std::string, Use, std::less<>> services;
};

/// What the machine can say of its power.
enum class Source { none, processor, machine };
std::string_view to_text(Source source);

struct Book {
    Source source = Source::none;
    std::vector<Day> days;  ///< ascending

    Day& day(std::int64_t number);
};

/// A stretch of time: milliseconds since 1970 in the house's time zone (UTC plus its offset). from <= to.
struct Span {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};
/// Books what was used in that time, to each of its days by its share of the time.
void add(Book& book, const Span& span, std::string_view name, const Use& use);
void add_seen(Book& book, const Span& span);
void add_network(Book& book, const Span& span, std::uint64_t received_bytes, std::uint64_t sent_bytes);
void add_energy(Book& book, const Span& span, std::uint64_t millijoules);

/// 2026-11-30. Source: the proleptic Gregorian calendar of <chrono>.
std::string date_of(std::int64_t number);
std::int64_t day_of(std::int64_t local_ms);

/// Lines: "source TAB WORD", "day TAB DATE TAB SEEN_MS TAB RECEIVED TAB SENT TAB MJ TAB ENERGY_MS", "use TAB NAME TAB CPU_MS TAB WAKEUPS TAB READ TAB
/// WRITTEN". At most days_max days and text_bytes_max bytes: days that lie ahead of `today` (a clock that was wrong) go first, then the oldest.
std::string text_of(Book& book, std::int64_t today);
/// Lines that are none of these are passed over.
Book book_in(std::string_view text);

/// One thing that would help, the one that helps most first. `share`: percent, or what the code says.
struct Advice {
    std::string code;     ///< machine, service, wakes, awake, writes, meter
    std::string service;  ///< empty: none
    std::uint64_t share = 0;
};
/// The last advice_days days up to `today`. `always_awake`: modules that could sleep and are told not to. `watts_known`: by measure or by the admin.
/// machine: the programs work `share` percent of the time (rounded up), so the machine at rest is what counts; service: it does `share` percent of
/// the work; wakes: it wakes `share` times an hour; writes: `share` MB on the disk each day; meter: nobody knows the watts.
std::vector<Advice> advice_of(const Book& book, std::int64_t today, const std::vector<std::string>& always_awake, bool watts_known);

} // namespace hameau::energy
