// What new_id() (io.hpp) makes, as others read it: the ids of people, texts, mailboxes and versions, which become names of files.
#pragma once

#include <algorithm>
#include <string_view>

namespace hameau {

/// 26 characters of [a-z2-7]: safe as a file's name and in a URL.
inline bool is_id(std::string_view text) {
    return text.size() == 26 && std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

} // namespace hameau
