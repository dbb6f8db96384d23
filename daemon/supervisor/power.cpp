// Finding the sensors once, reading them often: a reading is one or two small files.
#include "daemon/supervisor/power.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

/// Drivers that measure the supply of a whole machine: ACPI's power meter, and the monitors that boards put behind their socket.
constexpr std::array<std::string_view, 7> board_meters = {"power_meter", "ina219", "ina220", "ina226", "ina230", "ina231", "ina238"};

std::string word_in(const std::filesystem::path& file) {
    std::string text = read_file(file, 4096).value_or("");
    text.erase(std::min(text.find_first_of("\n "), text.size()));
    return text;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
    const std::string text = word_in(file);
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    return code == std::errc{} && end != text.data() ? std::optional(number) : std::nullopt;
}

std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> out;
    std::error_code none;
    for (std::filesystem::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
        out.push_back(entry->path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace

PowerMeter::PowerMeter(const std::string& sys) {
    find_board(sys);
    if (source_ == energy::Source::none) {
        find_processor(sys);
    }
}

void PowerMeter::find_board(const std::string& sys) {
    std::vector<std::string> found;
    for (const auto& folder : folders_in(sys + "/class/hwmon")) {
        if (std::find(board_meters.begin(), board_meters.end(), word_in(folder / "name")) == board_meters.end()) {
            continue;
        }
        for (const char* file : {"power1_average", "power1_input"}) {
            if (number_in(folder / file)) {
                found.push_back(folder / file);
                break;
            }
        }
    }
    // Several of them measure parts of a board, and nobody says which parts.
    if (found.size() == 1) {
        watts_file_ = found.front();
        source_ = energy::Source::machine;
    }
}

void PowerMeter::find_processor(const std::string& sys) {
    for (const auto& folder : folders_in(sys + "/class/powercap")) {
        const std::string name = word_in(folder / "name");
        // "psys" is the whole platform, with the packages in it. Zones below a package are parts of it.
        const bool whole = name == "psys";
        const auto range = number_in(folder / "max_energy_range_uj");
        if ((!whole && !name.starts_with("package-")) || !range || !number_in(folder / "energy_uj")) {
            continue;
        }
        if (whole) {
            counters_.clear();
        }
        counters_.push_back({folder / "energy_uj", *range, {}});
        source_ = whole ? energy::Source::machine : energy::Source::processor;
        if (whole) {
            return;
        }
    }
}

std::optional<std::uint64_t> PowerMeter::millijoules(Duration elapsed) {
    const auto elapsed_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 0));
    if (!watts_file_.empty()) {
        const auto microwatts = number_in(watts_file_);
        const bool first = !std::exchange(read_before_, true);
        if (!microwatts || first || elapsed > power_sample_stands) {
            return std::nullopt;
        }
        return std::min(*microwatts, power_watts_max * 1'000'000) / 1000 * elapsed_ms / 1000;
    }
    std::optional<std::uint64_t> sum;
    bool whole = !counters_.empty();
    for (Counter& counter : counters_) {
        const auto now = number_in(counter.file);
        const auto last = std::exchange(counter.last, now);
        if (!now || !last || elapsed_ms * 1000 * power_watts_max > counter.range_uj) {
            whole = false;
            continue;
        }
        const std::uint64_t spent_uj = *now >= *last ? *now - *last : *now + counter.range_uj - *last;
        sum = sum.value_or(0) + spent_uj / 1000;
    }
    return whole ? sum : std::nullopt;
}

NetworkBytes network_bytes(const std::string& proc, const std::string& sys) {
    NetworkBytes devices;
    NetworkBytes all;
    bool any = false;
    const std::string text = read_file(proc + "/net/dev", network_file_bytes_max).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(':');
        const std::string name(trimmed(line.substr(0, colon)));
        if (colon == std::string_view::npos || name == "lo" || name.find('/') != std::string::npos) {
            continue;
        }
        // proc(5): eight columns of what was received, then those of what was sent; bytes first.
        std::vector<std::uint64_t> columns;
        for (const std::string_view word : split(line.substr(colon + 1), ' ')) {
            if (!word.empty()) {
                columns.push_back(std::strtoull(std::string(word).c_str(), nullptr, 10));
            }
        }
        if (columns.size() < 9) {
            continue;
        }
        const std::filesystem::path folder = std::filesystem::path(sys) / "class/net" / name / "device";
        const bool device = ::access(folder.c_str(), F_OK) == 0;
        any = any || device;
        for (NetworkBytes* sum : {&all, device ? &devices : nullptr}) {
            if (sum != nullptr) {
                sum->received += columns[0];
                sum->sent += columns[8];
            }
        }
    }
    return any ? devices : all;
}

} // namespace hameau::supervisor
