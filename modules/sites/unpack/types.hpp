// Content types by a file's ending, and which types are worth compressing. Pure; contents are never sniffed.
#pragma once

#include <string_view>

namespace hameau::sites {

struct FileType {
    std::string_view type;      ///< without a charset
    bool text = false;          ///< compressed; and gets "; charset=utf-8" where `charset`
    bool charset = false;
};

/// By the last ending, any case; application/octet-stream for what is not known.
FileType type_of(std::string_view path);
bool is_html(std::string_view path);

} // namespace hameau::sites
