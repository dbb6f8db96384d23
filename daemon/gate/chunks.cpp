// A state machine over bytes; every control byte must be where the grammar has it.
#include "daemon/gate/chunks.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

void ChunkDecoder::take_size(char c) {
    if (const int digit = hex_value(c); digit >= 0) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        if (++digits_ > 16 || left_ > chunk_bytes_max) {
            state_ = State::bad;
        }
    } else if (digits_ == 0) {
        state_ = State::bad;
    } else if (c == ';') {
        state_ = State::extension;
        line_ = 0;
    } else {
        state_ = c == '\r' ? State::size_end : State::bad;
    }
}

void ChunkDecoder::take_control(char c) {
    switch (state_) {
    case State::extension:
        if (c == '\r') {
            state_ = State::size_end;
        } else if (c == '\n' || ++line_ > chunk_line_bytes_max) {
            state_ = State::bad;
        }
        break;
    case State::size_end:
        digits_ = 0;
        trailer_empty_ = true;
        line_ = 0;
        state_ = c != '\n' ? State::bad : left_ > 0 ? State::data : State::trailer;
        break;
    case State::data_end: state_ = c == '\r' ? State::data_end_feed : State::bad; break;
    case State::data_end_feed: state_ = c == '\n' ? State::size : State::bad; break;
    case State::trailer:
        if (c == '\r') {
            state_ = trailer_empty_ ? State::last_feed : State::trailer_feed;
        } else if (c == '\n' || ++line_ > chunk_line_bytes_max) {
            state_ = State::bad;
        } else {
            trailer_empty_ = false;
        }
        break;
    case State::trailer_feed:
        trailer_empty_ = true;
        state_ = c == '\n' ? State::trailer : State::bad;
        break;
    case State::last_feed: state_ = c == '\n' ? State::done : State::bad; break;
    default: state_ = State::bad;
    }
}

ChunkDecoder::Step ChunkDecoder::take(std::string_view in) {
    Step step;
    while (step.taken < in.size() && state_ != State::done && state_ != State::bad) {
        if (state_ == State::data) {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - step.taken));
            step.data = in.substr(step.taken, size);
            step.taken += size;
            left_ -= size;
            state_ = left_ == 0 ? State::data_end : State::data;
            return step;
        }
        const char c = in[step.taken++];
        if (state_ == State::size) {
            take_size(c);
        } else {
            take_control(c);
        }
    }
    return step;
}

} // namespace hameau::gate
