// Letters that look and sound apart: no c, e, q, w, x, y.
#include "provisioning/backup/key.hpp"

#include <array>
#include <openssl/evp.h>
#include <sys/random.h>
#include <vector>

#include "daemon/base/text.hpp"

namespace hameau::backup {

namespace {

constexpr std::string_view consonants = "bdfghjklmnprstvz";
constexpr std::string_view vowels = "aiou";

std::string word_of(std::uint16_t bits) {
    const auto at = [bits](int shift, unsigned mask) { return static_cast<std::size_t>(bits >> shift) & mask; };
    return {consonants[at(12, 15)], vowels[at(10, 3)], consonants[at(6, 15)], vowels[at(4, 3)], consonants[at(0, 15)]};
}

/// -1: no such word.
int bits_of(std::string_view word) {
    if (word.size() != 5) {
        return -1;
    }
    std::size_t bits = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const std::size_t found = (i % 2 == 0 ? consonants : vowels).find(word[i]);
        if (found == std::string_view::npos) {
            return -1;
        }
        bits = i % 2 == 0 ? bits << 4 | found : bits << 2 | found;
    }
    return static_cast<int>(bits);
}

std::uint16_t check_of(std::string_view words) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(words.data(), words.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return static_cast<std::uint16_t>(digest[0] << 8 | digest[1]);
}

} // namespace

std::string words_of(std::span<const std::uint8_t, 16> bits) {
    std::string out;
    for (std::size_t i = 0; i < bits.size(); i += 2) {
        out += (out.empty() ? "" : "-") + word_of(static_cast<std::uint16_t>(bits[i] << 8 | bits[i + 1]));
    }
    return out + "-" + word_of(check_of(out));
}

Result<std::string> new_key() {
    std::array<std::uint8_t, 16> bits{};
    if (::getrandom(bits.data(), bits.size(), 0) != static_cast<ssize_t>(bits.size())) {
        return fail_errno("random numbers for the key");
    }
    return words_of(bits);
}

Result<std::string> read_key(std::string_view typed) {
    std::vector<std::string> words(1);
    for (const char c : ascii_lower(typed)) {
        if (c >= 'a' && c <= 'z') {
            words.back().push_back(c);
        } else if (!words.back().empty()) {
            words.emplace_back();
        }
    }
    if (words.back().empty()) {
        words.pop_back();
    }
    if (words.size() != key_words) {
        return fail(ErrorKind::invalid, "the key has " + std::to_string(key_words) + " words; " + std::to_string(words.size()) + " were given");
    }
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (bits_of(words[i]) < 0) {
            return fail(ErrorKind::invalid, "word " + std::to_string(i + 1) + " of the key (" + words[i] + ") cannot be right");
        }
        if (i + 1 == words.size() && words[i] != word_of(check_of(out))) {
            return fail(ErrorKind::invalid, "one of the words of the key is not as it was printed");
        }
        out += (out.empty() ? "" : "-") + words[i];
    }
    return out;
}

} // namespace hameau::backup
