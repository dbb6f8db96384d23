// WebFiles: the built pages of the portal and the editor, with their compressed siblings; read once at the start.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/gate/static_file.hpp"

namespace hameau::gate {

class WebFiles {
public:
    struct Entry {
        std::string path;  ///< below the folder
        std::string type;
        std::int64_t mtime_ms = 0;
        bool hashed = false;  ///< below assets/: the name changes with the content
        std::array<std::optional<std::uint64_t>, 4> sizes;
        std::array<std::string, 4> etags;
    };

    /// A folder that is not there gives an empty list.
    static WebFiles open(const std::string& folder);

    /// The file of this path (normalised, with the leading slash); a path without a file name's dot is a page of the
    /// portal, below /pads/ one of the editor. Null: no such file.
    const Entry* find(std::string_view path) const;
    bool empty() const { return entries_.empty(); }
    int folder() const { return folder_.get(); }

private:
    Fd folder_;
    std::map<std::string, Entry, std::less<>> entries_;
};

/// Answers with one of them.
void send_web_file(Visit& visit, const WebFiles& files, std::string_view path);

} // namespace hameau::gate
