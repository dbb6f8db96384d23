// Lines of tab-separated columns, the kind first.
#include "daemon/contract/backup_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>

#include "daemon/base/text.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau::backup {

namespace {

constexpr std::int64_t minute_s = 60;
constexpr std::int64_t hour_s = 60 * minute_s;
constexpr std::int64_t day_s = 24 * hour_s;
constexpr std::array<std::int64_t, 4> waits_s = {15 * minute_s, hour_s, 4 * hour_s, 12 * hour_s};

template <class Number>
Number number_of(std::string_view text) {
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string line(std::initializer_list<std::string> columns) {
    std::string out;
    for (const std::string& column : columns) {
        out += (out.empty() ? "" : "\t") + column;
    }
    return out + "\n";
}

std::optional<TargetState> target_of(const std::vector<std::string_view>& columns) {
    if (columns.size() != 13) {
        return std::nullopt;
    }
    TargetState target;
    target.address = columns[1];
    target.code = columns[2];
    target.last_good = number_of<std::int64_t>(columns[3]);
    target.last_try = number_of<std::int64_t>(columns[4]);
    target.failures = number_of<unsigned>(columns[5]);
    target.next = number_of<std::int64_t>(columns[6]);
    target.checked = number_of<std::int64_t>(columns[7]);
    target.drilled = number_of<std::int64_t>(columns[8]);
    target.bytes = number_of<std::uint64_t>(columns[9]);
    target.added = number_of<std::uint64_t>(columns[10]);
    target.snapshot = columns[11];
    target.detail = columns[12];
    return target;
}

bool at_once(std::string_view word) {
    return word == code::wrong_key || word == code::emptied || word == code::broken || word == code::no_tool || word == code::incomplete ||
           word == code::unready || word == code::same_disk;
}

} // namespace

std::string one_line(std::string_view text) { return one_plain_line(text, said_bytes_max); }

State State::parse(std::string_view text) {
    State state;
    for (const std::string_view row : split(text, '\n')) {
        const auto columns = split(row, '\t');
        const std::string_view kind = columns[0];
        if (kind == "next" && columns.size() == 2) {
            state.next = number_of<std::int64_t>(columns[1]);
        } else if (kind == "trouble" && columns.size() == 5) {
            state.trouble = {std::string(columns[1]), std::string(columns[2]), number_of<std::int64_t>(columns[3]), number_of<std::size_t>(columns[4])};
        } else if (kind == "key" && columns.size() == 2) {
            state.key_shown = number_of<std::int64_t>(columns[1]);
        } else if (kind == "drill" && columns.size() == 5) {
            state.drill = {std::string(columns[1]), number_of<std::int64_t>(columns[2]), std::string(columns[3]), std::string(columns[4])};
        } else if (kind == "running" && columns.size() == 6) {
            state.running = {number_of<std::int64_t>(columns[1]), std::string(columns[2]), std::string(columns[3]), number_of<std::int64_t>(columns[4]),
                             number_of<unsigned>(columns[5])};
        } else if (auto target = kind == "target" ? target_of(columns) : std::nullopt; target && state.find(target->address) == nullptr) {
            state.targets.push_back(std::move(*target));
        }
    }
    return state;
}

std::string State::to_text() const {
    const auto text = [](auto number) { return std::to_string(number); };
    std::string out = line({"next", text(next)});
    // Second, where hameaud looks for it.
    if (!trouble.code.empty()) {
        out += line({"trouble", trouble.code, trouble.address, text(trouble.last_good), text(trouble.count)});
    }
    out += line({"key", text(key_shown)});
    if (running.pid != 0) {
        out += line({"running", text(running.pid), running.work, running.address, text(running.started), text(running.percent)});
    }
    for (const TargetState& t : targets) {
        out += line({"target", t.address, t.code, text(t.last_good), text(t.last_try), text(t.failures), text(t.next), text(t.checked), text(t.drilled),
                     text(t.bytes), text(t.added), t.snapshot, one_line(t.detail)});
    }
    if (!drill.code.empty()) {
        out += line({"drill", drill.code, text(drill.at), drill.address, one_line(drill.detail)});
    }
    return out;
}

TargetState* State::find(std::string_view address) {
    const auto found = std::find_if(targets.begin(), targets.end(), [address](const TargetState& target) { return target.address == address; });
    return found == targets.end() ? nullptr : &*found;
}

void State::set_targets(const std::vector<std::string>& addresses) {
    std::vector<TargetState> wanted;
    for (const std::string& address : addresses) {
        const TargetState* known = find(address);
        wanted.push_back(known != nullptr ? *known : TargetState{});
        wanted.back().address = address;
    }
    targets = std::move(wanted);
}

void State::bound_times(std::int64_t now) {
    for (TargetState& target : targets) {
        for (std::int64_t* time : {&target.last_good, &target.last_try, &target.checked, &target.drilled}) {
            *time = std::min(*time, now);
        }
    }
    drill.at = std::min(drill.at, now);
}

std::int64_t next_night(std::int64_t after, const Night& night) {
    std::time_t from = after;
    std::tm local{};
    ::localtime_r(&from, &local);
    for (int days = 0; days < 3; ++days) {
        std::tm begin = local;
        begin.tm_mday += days;
        begin.tm_hour = static_cast<int>(night.hour);
        begin.tm_min = 0;
        begin.tm_sec = 0;
        begin.tm_isdst = -1;  // an hour that the change to summer time leaves out becomes the next one
        const std::int64_t time = std::int64_t{std::mktime(&begin)} + night.jitter_s;
        if (time > after) {
            return time;
        }
    }
    return after + day_s;
}

std::int64_t due_of(const TargetState& target, const Night& night) {
    if (target.failures > 0) {
        const std::int64_t wait = waits_s[std::min<std::size_t>(target.failures, waits_s.size()) - 1];
        return target.last_try + (target.code == code::away ? std::min(wait, hour_s) : wait);
    }
    return target.last_good == 0 ? 0 : next_night(target.last_good, night);
}

bool DrillState::was_not_whole() const {
    return code == code::broken || code == code::incomplete || code == code::emptied || code == code::wrong_key;
}

bool drill_due(const State& state, std::int64_t now) {
    const bool failed = !state.drill.code.empty() && state.drill.code != code::fine;
    return (!failed || state.drill.at + (state.drill.code == code::no_room ? drill_no_room_s : day_s) <= now) && std::any_of(state.targets.begin(), state.targets.end(), [now](const TargetState& target) {
        return target.last_good != 0 && target.failures == 0 && target.drilled + drill_every_s <= now;
    });
}

Trouble trouble_of(const State& state, std::int64_t now) {
    Trouble worst;
    if (state.targets.empty()) {
        worst.code = code::none;
        return worst;
    }
    for (const TargetState& target : state.targets) {
        const bool bad = target.failures > 0 && (at_once(target.code) || now - target.last_good > quiet_s);
        const bool late = now - target.last_good > old_s && target.last_try != 0;
        if (!bad && !late) {
            continue;
        }
        ++worst.count;
        if (worst.count == 1 || target.last_good < worst.last_good) {
            worst.code = bad ? target.code : std::string(code::old);
            worst.address = target.address;
            worst.last_good = target.last_good;
        }
    }
    const bool any_good = std::any_of(state.targets.begin(), state.targets.end(), [](const TargetState& target) { return target.last_good != 0; });
    if (worst.count == 0 && state.drill.was_not_whole()) {
        return {std::string(code::drill), state.drill.address, state.drill.at, 1};
    }
    const bool missed = std::all_of(state.targets.begin(), state.targets.end(), [now](const TargetState& target) { return target.drilled + drill_missed_s < now; });
    if (worst.count == 0 && missed && !state.drill.code.empty() && state.drill.code != code::fine) {
        return {std::string(code::drill_untried), state.drill.address, state.drill.at, 1};
    }
    if (worst.count == 0 && any_good && state.key_shown == 0) {
        return {std::string(code::key_unseen), state.targets.front().address, 0, 1};
    }
    return worst;
}

} // namespace hameau::backup
