// Answering with a file that never changes: encodings, freshness, ranges (RFC 9110 §12.5.3, §13, §14).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// In the order of sites::Encoding.
inline constexpr std::array<std::string_view, 4> encoding_names = {"identity", "br", "gzip", "zstd"};

/// Where a file's facts come from: asked for only as far as a response needs them.
class FileFacts {
public:
    virtual ~FileFacts() = default;
    /// A strong entity tag with quotes, another one for each encoding.
    virtual std::string etag(std::size_t encoding) const = 0;
    /// Below `folder()`.
    virtual std::string path(std::size_t encoding) const = 0;
    virtual int folder() const = 0;
};

struct StaticFile {
    const FileFacts& facts;
    int status = 200;  ///< others (404, 410): no conditions, no ranges
    std::string_view type;
    std::int64_t mtime_ms = 0;
    std::array<std::optional<std::uint64_t>, 4> sizes;  ///< by encoding; identity is always there
    std::string fields;                                 ///< further lines; a Cache-Control or Content-Type among them wins
};

/// Answers with the file, its part, or why not.
void send_static(Visit& visit, StaticFile file);

} // namespace hameau::gate
