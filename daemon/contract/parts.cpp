// The stream of parts: written by hand, read a piece at a time.
#include "daemon/contract/parts.hpp"

#include <charconv>

#include "daemon/base/text.hpp"

namespace hameau {

namespace {

/// Well-formed and shortest (RFC 3629), without control characters.
bool is_printable_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 9;
        if (more == 9 || i + more >= text.size() || first < 0x20 || first == 0x7f) {
            return false;
        }
        std::uint32_t code = more == 0 ? first : first & (0x3fU >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0U) != 0x80U) {
                return false;
            }
            code = (code << 6U) | (next & 0x3fU);
        }
        const bool shortest = more < 2 || code >= (more == 2 ? 0x800U : 0x10000U);
        if (!shortest || code > 0x10ffffU || (code >= 0xd800U && code < 0xe000U) || (code >= 0x80U && code < 0xa0U)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

tl::unexpected<Error> bad_line() { return fail(ErrorKind::invalid, "the stream of parts is damaged"); }

template <class Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

bool is_part_path(std::string_view path) {
    if (path.empty() || path.size() > part_path_bytes_max || !is_printable_utf8(path)) {
        return false;
    }
    for (const std::string_view segment : split(path, '/')) {
        if (segment.empty() || segment == "." || segment == ".." || segment.size() > 255) {
            return false;
        }
    }
    return true;
}

std::string part_header(const Part& part) {
    return std::to_string(part.size_bytes) + " " + std::to_string(part.mtime_s) + " " + part.path + "\n";
}

std::string whole_part(std::string_view path, std::string_view content, std::int64_t mtime_s) {
    Part part;
    part.path = path;
    part.size_bytes = content.size();
    part.mtime_s = mtime_s;
    return part_header(part).append(content);
}

Status PartReader::line(PartSink& sink) {
    const std::string text = std::move(line_);
    line_.clear();
    if (text + "\n" == parts_end) {
        ended_ = true;
        return {};
    }
    const std::size_t first = text.find(' ');
    const std::size_t second = first == std::string::npos ? first : text.find(' ', first + 1);
    Part part;
    if (second == std::string::npos || !read_number(std::string_view(text).substr(0, first), part.size_bytes) ||
        !read_number(std::string_view(text).substr(first + 1, second - first - 1), part.mtime_s)) {
        return bad_line();
    }
    part.path = text.substr(second + 1);
    if (!is_part_path(part.path) || part.size_bytes > part_bytes_max) {
        return bad_line();
    }
    left_ = part.size_bytes;
    open_ = true;
    return sink.begin(part);
}

Status PartReader::feed(std::string_view bytes, PartSink& sink) {
    Status done;
    for (;;) {
        if (open_ && left_ == 0) {
            open_ = false;
            done = sink.end();
        }
        if (!done || bytes.empty()) {
            return done;
        }
        if (ended_) {
            return bad_line();
        }
        if (open_) {
            const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), left_));
            bytes.remove_prefix(piece.size());
            left_ -= piece.size();
            done = sink.content(piece);
            continue;
        }
        const std::size_t feed = bytes.find('\n');
        line_.append(bytes.substr(0, feed));
        if (line_.size() > part_path_bytes_max + 64) {
            return bad_line();
        }
        bytes.remove_prefix(feed == std::string_view::npos ? bytes.size() : feed + 1);
        if (feed != std::string_view::npos) {
            done = line(sink);
        }
    }
}

} // namespace hameau
