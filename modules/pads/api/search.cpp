// Search in titles: letters are compared without case and accents, by utf8proc.
#include "modules/pads/api/search.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <cstdlib>

#include <utf8proc.h>

namespace hameau::pads {

namespace {
/// Letters that Unicode does not decompose, as people type them; the editor's find.ts has the same.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> as_typed = {
    {{"\u0153", "oe"}, {"\u00e6", "ae"}, {"\u00f8", "o"}, {"\u0142", "l"}, {"\u0111", "d"}, {"\u00f0", "d"}, {"\u00fe", "th"}, {"\u0131", "i"}, {"\u2019", "'"}, {"\u02bc", "'"}}};
} // namespace

std::string fold(std::string_view text) {
    utf8proc_uint8_t* folded = nullptr;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD);
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &folded, options);
    const std::string plain = size < 0 ? std::string(text) : std::string(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(size));
    std::free(folded);
    std::string out;
    for (std::size_t i = 0; i < plain.size();) {
        const auto known = std::find_if(as_typed.begin(), as_typed.end(), [rest = std::string_view(plain).substr(i)](const auto& one) { return rest.starts_with(one.first); });
        out += known == as_typed.end() ? std::string_view(plain).substr(i, 1) : known->second;
        i += known == as_typed.end() ? 1 : known->first.size();
    }
    return out;
}

TitleSearch::TitleSearch(std::string_view words) {
    const std::string folded = fold(words);
    std::size_t at = 0;
    while ((at = folded.find_first_not_of(' ', at)) != std::string::npos) {
        const std::size_t end = std::min(folded.find(' ', at), folded.size());
        words_.push_back(folded.substr(at, end - at));
        at = end;
    }
}

bool TitleSearch::fits(std::string_view title) const {
    if (words_.empty()) {
        return true;
    }
    const std::string folded = fold(title);
    return std::all_of(words_.begin(), words_.end(), [&](const std::string& word) { return folded.find(word) != std::string::npos; });
}

} // namespace hameau::pads
