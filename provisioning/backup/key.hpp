// The key of the house's backups, in words that can be copied from paper: nine words of five letters, alternately consonant and
// vowel, 16 bits each. Eight are 128 random bits, the ninth is a check, so that a slip of the pen is found before a network is asked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace hameau::backup {

inline constexpr std::size_t key_words = 9;

/// "babad-..." of 16 bytes.
std::string words_of(std::span<const std::uint8_t, 16> bits);
/// A new key from the kernel's random numbers.
Result<std::string> new_key();
/// What a person typed, in the one form that is the password of the repositories: lower case, a hyphen between words. Everything that
/// is no letter separates words. Errors: invalid, which word cannot be one, or that one of them is another.
Result<std::string> read_key(std::string_view typed);

} // namespace hameau::backup
