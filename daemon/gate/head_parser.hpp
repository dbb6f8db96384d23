// HeadParser reads the header section of a request while it arrives: each byte is looked at once, however small the
// pieces are. connection.cpp calls it after each read; parse_request_head() runs it over a whole text. It knows the
// grammar of lines and fields only: what fields mean is judged in request_head.cpp once the section is complete.
// It never holds the bytes themselves, never reads, and never waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

class HeadParser {
public:
    enum class State : std::uint8_t { more, complete, refused };

    /// Begins anew; memory for fields stays.
    void reset() {
        std::vector<Place> kept = std::move(fields_);
        kept.clear();
        *this = HeadParser();
        fields_ = std::move(kept);
    }

    /// Goes on where it stopped. `text` begins with the first byte of the request and grows from call to call; it may
    /// move in memory. `refused`: it can never become a request (414, 431), see problem().
    State scan(std::string_view text);
    /// Bytes of the complete section, with its empty line.
    std::size_t size() const { return end_; }
    /// Bytes that scan() has looked at, over all its calls: twice the section's size at most, however small the pieces are.
    std::size_t scanned_bytes() const { return scanned_bytes_; }
    const HeadProblem& problem() const { return problem_; }

    /// The request of a complete section: `text` is the section alone, and the result's texts lie in it.
    /// Errors: 400, 414, 431, 501, 505.
    tl::expected<RequestHead, HeadProblem> finish(std::string_view text) const;

private:
    /// A field by its offsets in the section, which has at most head_bytes_max bytes.
    struct Place {
        std::uint16_t name = 0;
        std::uint16_t name_size = 0;
        std::uint16_t value = 0;
        std::uint16_t value_size = 0;
    };
    void take_line(std::string_view line);
    void take_field(std::string_view line);
    void note(int status, std::string_view reason);

    std::size_t scanned_bytes_ = 0;
    std::size_t at_ = 0;          ///< everything before it was looked at
    std::size_t line_ = 0;        ///< where the present line begins
    std::size_t end_ = 0;         ///< of the section; 0: not complete
    std::size_t first_line_ = 0;  ///< bytes of the request line without its line end
    bool first_line_done_ = false;
    bool bad_line_end_ = false;   ///< a bare CR or LF: it decides whatever else is wrong
    bool faulty_ = false;         ///< problem_ is set
    HeadProblem problem_;         ///< the first one in the order of the lines
    std::vector<Place> fields_;
};

} // namespace hameau::gate
