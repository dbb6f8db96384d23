// Parts: how a process of ours hands many files to another one over one connection, for the archive of an association.
//   SIZE SP MTIME SP PATH LF     SIZE bytes of content     ...     END LF
// SIZE in bytes and MTIME in seconds since 1970, both decimal. A stream without its END was cut: nothing of it counts as whole.
// Whoever reads trusts no path: is_part_path() is asked for each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau {

inline constexpr std::string_view parts_end = "END\n";

struct Part {
    std::string path;
    std::uint64_t size_bytes = 0;
    std::int64_t mtime_s = 0;
};

/// Relative, of segments that are neither empty nor "." nor "..", UTF-8 without control characters, at most part_path_bytes_max.
bool is_part_path(std::string_view path);

/// The line before the content.
std::string part_header(const Part& part);
/// A small part whole, ready to be sent.
std::string whole_part(std::string_view path, std::string_view content, std::int64_t mtime_s);

/// Who gets what a PartReader reads.
class PartSink {
public:
    virtual ~PartSink() = default;
    virtual Status begin(const Part& part) = 0;
    virtual Status content(std::string_view bytes) = 0;
    /// The part is whole.
    virtual Status end() = 0;
};

class PartReader {
public:
    /// Reads on. Errors: invalid for a line that is no header, a bad path, bytes behind the END; those of the sink.
    Status feed(std::string_view bytes, PartSink& sink);
    /// The END was read.
    bool ended() const { return ended_; }

private:
    Status line(PartSink& sink);

    std::string line_;          ///< the header so far
    std::uint64_t left_ = 0;    ///< of the content of the part that is open
    bool open_ = false;
    bool ended_ = false;
};

} // namespace hameau
