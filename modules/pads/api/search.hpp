// Titles, searched as people type: without accents, without case, words in any order. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hameau::pads {

/// Decomposed, without marks, in lower case.
std::string fold(std::string_view text);

class TitleSearch {
public:
    /// No words: everything fits.
    explicit TitleSearch(std::string_view words);
    bool fits(std::string_view title) const;

private:
    std::vector<std::string> words_;
};

} // namespace hameau::pads
