// Roman numbers, for what shows the numbers of a list as text: exports, and the labels of Word's headings. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hameau::pads {

/// CSS Counter Styles 3 §6.1: beyond it a browser shows digits.
inline constexpr std::int64_t roman_max = 3999;

/// In small letters; empty below 1. Whoever asks keeps to roman_max.
inline std::string roman_number(std::int64_t number) {
    constexpr std::array<std::pair<std::int64_t, std::string_view>, 13> signs = {
        {{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}}};
    std::string out;
    for (const auto& [worth, sign] : signs) {
        for (; number >= worth; number -= worth) {
            out += sign;
        }
    }
    return out;
}

/// Of small letters.
inline std::string capitals(std::string letters) {
    std::transform(letters.begin(), letters.end(), letters.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return letters;
}

} // namespace hameau::pads
