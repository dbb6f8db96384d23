// Helpers of the CRDT tests; see support.hpp.
#include "tests/unit/crdt/support.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

namespace hameau::crdt::test {

std::vector<json::object> vectors(const std::string& name) {
    const std::string path = std::string(HAMEAU_SOURCE_DIR) + "/tests/vectors/yjs/" + name;
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error("the vectors are missing: " + path);
    std::vector<json::object> lines;
    json::parse_options options;
    options.max_depth = 128;
    for (std::string line; std::getline(file, line);) {
        // A lone surrogate is no JSON text for Boost; senders write it as U+FFFD anyway.
        if (const auto lone = line.find("\\ud83d\""); lone != std::string::npos)
            line.replace(lone, 6, "\\ufffd");
        if (!line.empty())
            lines.push_back(json::parse(line, {}, options).as_object());
    }
    if (lines.empty())
        throw std::runtime_error("no vectors in " + path);
    return lines;
}

Bytes from_base64(std::string_view text) {
    Bytes bytes;
    std::uint32_t word = 0;
    int bits = 0;
    for (const char letter : text) {
        const auto at = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(letter);
        if (at == std::string_view::npos)
            break;
        word = word << 6 | static_cast<std::uint32_t>(at);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(word >> bits));
        }
    }
    bytes.shrink_to_fit();
    return bytes;
}

Bytes from_hex(std::string_view text) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    bytes.shrink_to_fit();
    return bytes;
}

std::string to_hex(View bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

Bytes bytes_of(const json::object& line, std::string_view key) {
    const auto& text = line.at(key).as_string();
    return from_base64(std::string_view(text.data(), text.size()));
}

std::vector<Bytes> updates_of(const json::object& line) {
    std::vector<Bytes> updates;
    for (const json::value& update : line.at("updates").as_array())
        updates.push_back(from_base64(std::string_view(update.as_string().data(), update.as_string().size())));
    return updates;
}

bool same(const json::value& a, const json::value& b) {
    if (a.is_number() && b.is_number()) {
        // Boost 1.81 reads some numbers one unit off.
        const double x = a.to_number<double>(), y = b.to_number<double>();
        return x == y || std::fabs(x - y) <= std::fabs(x) * 4e-16;
    }
    if (a.kind() != b.kind())
        return false;
    if (a.is_array())
        return std::equal(a.as_array().begin(), a.as_array().end(), b.as_array().begin(), b.as_array().end(), same);
    if (!a.is_object())
        return a == b;
    if (a.as_object().size() != b.as_object().size())
        return false;
    return std::all_of(a.as_object().begin(), a.as_object().end(), [&](const auto& entry) {
        const json::value* other = b.as_object().if_contains(entry.key());
        return other != nullptr && same(entry.value(), *other);
    });
}

StateMap state_map(View state_vector) {
    const auto entries = read_state_vector(state_vector);
    StateMap map;
    if (!entries)
        throw std::runtime_error(entries.error().message);
    for (const StateEntry& entry : *entries)
        if (entry.next_clock > 0)
            map[entry.client] = entry.next_clock;
    return map;
}

StateMap state_map(const json::object& expected) {
    StateMap map;
    for (const auto& [client, clock] : expected)
        if (clock.to_number<std::uint64_t>() > 0)
            map[std::stoull(std::string(client))] = clock.to_number<std::uint64_t>();
    return map;
}

DeleteMap delete_map(const json::object& expected) {
    DeleteMap map;
    for (const auto& [client, ranges] : expected)
        for (const json::value& range : ranges.as_array())
            map[std::stoull(std::string(client))].emplace_back(range.at(0).to_number<std::uint64_t>(),
                                                               range.at(1).to_number<std::uint64_t>());
    return map;
}

DeleteMap joined(DeleteMap map) {
    for (auto& [client, ranges] : map) {
        std::sort(ranges.begin(), ranges.end());
        std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
        for (const auto& [clock, length] : ranges) {
            if (!result.empty() && result.back().first + result.back().second >= clock)
                result.back().second = std::max(result.back().second, clock + length - result.back().first);
            else
                result.emplace_back(clock, length);
        }
        ranges = std::move(result);
    }
    return map;
}

} // namespace hameau::crdt::test
