// Chunked bodies, piece by piece (RFC 9112 §7.1): strict, no trailer fields are passed on, bounded lines.
#pragma once

#include <cstdint>
#include <string_view>

namespace hameau::gate {

class ChunkDecoder {
public:
    enum class State { size, extension, size_end, data, data_end, data_end_feed, trailer, trailer_feed, last_feed, done, bad };

    /// What was taken of `in`, and the data within it (a part of `in`, possibly empty).
    struct Step {
        std::size_t taken = 0;
        std::string_view data;
    };
    /// Goes on until there is data, or `in` is used up, or the end, or an error.
    Step take(std::string_view in);
    bool done() const { return state_ == State::done; }
    bool bad() const { return state_ == State::bad; }

private:
    void take_size(char c);
    void take_control(char c);

    State state_ = State::size;
    std::uint64_t left_ = 0;
    int digits_ = 0;
    std::uint32_t line_ = 0;  ///< bytes of the present extension or trailer
    bool trailer_empty_ = true;
};

} // namespace hameau::gate
