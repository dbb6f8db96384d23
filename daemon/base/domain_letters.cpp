// By libidn2, with the mapping of UTS 46 (capitals, NFD, full-width forms), non-transitional as browsers do it.
#include "daemon/base/domain_letters.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <idn2.h>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace hameau {

namespace {

constexpr std::string_view a_label_start = "xn--";

struct Free {
    void operator()(char* text) const { std::free(text); }
};
using Text = std::unique_ptr<char, Free>;

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/// One host name in lower case; the same when it has no letters to show.
std::string name_in_letters(const std::string& name) {
    char* found = nullptr;
    if (idn2_to_unicode_8z8z(name.c_str(), &found, 0) != IDN2_OK) {
        return name;
    }
    const Text letters(found);
    return domain_as_kept(letters.get()) == name ? std::string(letters.get()) : name;
}

} // namespace

std::string domain_as_kept(std::string_view typed) {
    // UTS 46 would leave out a space or an apostrophe without a word, and a name that nobody typed would be kept.
    const bool sound = typed.size() <= domain_typed_bytes_max &&
                       std::all_of(typed.begin(), typed.end(), [](char c) { return is_name_character(c) || !is_ascii(std::string_view(&c, 1)); });
    if (!sound || is_ascii(typed)) {
        return ascii_lower(typed);
    }
    char* found = nullptr;
    const std::string text(typed);
    if (idn2_to_ascii_8z(text.c_str(), &found, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK) {
        return ascii_lower(typed);
    }
    const Text labels(found);
    return labels.get();
}

std::string address_as_kept(std::string_view typed) {
    const std::size_t at = typed.rfind('@');
    return at == std::string_view::npos ? domain_as_kept(typed)
                                        : std::string(typed.substr(0, at + 1)) + domain_as_kept(typed.substr(at + 1));
}

std::string in_letters(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto start = std::find_if(text.begin(), text.end(), is_name_character);
        const auto end = std::find_if_not(start, text.end(), is_name_character);
        out.append(text.begin(), start);
        std::string name(start, end);
        // The full stop of a sentence is not the name's.
        const std::size_t last = name.find_last_not_of('.');
        const std::string rest = last == std::string::npos ? std::string() : name.substr(last + 1);
        name.resize(name.size() - rest.size());
        const std::string lower = ascii_lower(name);
        const std::string shown = lower.find(a_label_start) == std::string::npos ? lower : name_in_letters(lower);
        out += shown == lower ? name : shown;
        out += rest;
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    }
    return out;
}

} // namespace hameau
