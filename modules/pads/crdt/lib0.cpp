// lib0 primitives: the parts that are too long for the header. The scanners keep their own stacks (notes section 10:
// 100,000 nested values overflow a recursive reader).
#include "modules/pads/crdt/lib0.hpp"

#include <bit>
#include <cmath>

namespace hameau::crdt {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080ull;

std::uint64_t load64(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

bool continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Length of the well-formed sequence at `at` (RFC 3629 section 4), 0 when malformed.
std::size_t sequence_length(const unsigned char* at, std::size_t left) {
    const unsigned char lead = at[0];
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return left >= 2 && continuation(at[1]) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (left < 3 || !continuation(at[1]) || !continuation(at[2]))
            return 0;
        if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] >= 0xa0))
            return 0;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (left < 4 || !continuation(at[1]) || !continuation(at[2]) || !continuation(at[3]))
            return 0;
        if ((lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] >= 0x90))
            return 0;
        return 4;
    }
    return 0;
}

} // namespace

bool utf8_check(const char* text, std::size_t size, std::uint32_t& units) {
    std::size_t count = 0;
    std::size_t i = 0;
    while (i < size) {
        if (static_cast<unsigned char>(text[i]) < 0x80) {
            const std::size_t start = i;
            while (i + 8 <= size && (load64(text + i) & high_bits) == 0)
                i += 8;
            while (i < size && static_cast<unsigned char>(text[i]) < 0x80)
                ++i;
            count += i - start;
            continue;
        }
        const std::size_t length = sequence_length(reinterpret_cast<const unsigned char*>(text) + i, size - i);
        if (length == 0)
            return false;
        count += length == 4 ? 2 : 1;
        i += length;
    }
    units = static_cast<std::uint32_t>(count);
    return count <= 0x7fffffff;
}

std::uint32_t utf16_length(std::string_view valid) {
    std::size_t count = 0;
    std::size_t i = 0;
    while (i < valid.size()) {
        if (i + 8 <= valid.size() && (load64(valid.data() + i) & high_bits) == 0) {
            i += 8;
            count += 8;
            continue;
        }
        const auto byte = static_cast<unsigned char>(valid[i++]);
        count += static_cast<std::size_t>(!continuation(byte)) + static_cast<std::size_t>(byte >= 0xf0);
    }
    return static_cast<std::uint32_t>(count);
}

std::size_t utf16_offset(std::string_view valid, std::uint32_t units, bool& inside_pair) {
    inside_pair = false;
    std::size_t i = 0;
    std::uint32_t left = units;
    while (left > 0 && i < valid.size()) {
        if (left >= 8 && i + 8 <= valid.size() && (load64(valid.data() + i) & high_bits) == 0) {
            i += 8;
            left -= 8;
            continue;
        }
        const auto lead = static_cast<unsigned char>(valid[i]);
        if (lead >= 0xf0) {
            if (left == 1) {
                inside_pair = true;
                return i;
            }
            i += 4;
            left -= 2;
            continue;
        }
        i += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : 3;
        --left;
    }
    return i;
}

bool Reader::svar(std::int64_t& out, bool& negative_zero) {
    std::uint8_t byte = 0;
    if (!u8(byte))
        return false;
    const bool negative = (byte & 0x40) != 0;
    std::uint64_t value = byte & 0x3f;
    for (unsigned shift = 6; (byte & 0x80) != 0; shift += 7) {
        if (shift >= 62 || !u8(byte))
            return false;
        const std::uint64_t bits = byte & 0x7f;
        if (shift > 53 ? bits != 0 : (bits << shift) > lib0_number_max)
            return false;
        if (shift <= 53)
            value |= bits << shift;
    }
    if (value > lib0_number_max)
        return false;
    negative_zero = negative && value == 0;
    out = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
    return true;
}

bool Reader::text(std::string_view& out, std::uint32_t& units) {
    return text_trusted(out) && utf8_check(out.data(), out.size(), units);
}

bool Reader::skip_any() {
    // One entry per open array or object: values still to come; objects read a key before each value.
    struct Frame {
        std::uint64_t values;
        bool object;
    };
    Frame frames[nesting_depth_max];
    unsigned depth = 0;
    for (;;) {
        std::uint8_t tag = 0;
        if (!u8(tag))
            return false;
        View ignored;
        std::string_view text_ignored;
        std::uint32_t units = 0;
        std::int64_t number = 0;
        bool minus = false;
        bool fine = true;
        switch (tag) {
        case 127: case 126: case 121: case 120: break;
        case 125: fine = svar(number, minus); break;
        case 124: fine = raw(4, ignored); break;
        case 123: case 122: fine = raw(8, ignored); break;
        case 119: fine = text(text_ignored, units); break;
        case 116: fine = bytes(ignored); break;
        case 118: case 117: {
            std::uint64_t count = 0;
            const std::uint64_t size_min = tag == 118 ? 2 : 1;
            if (!uvar(count) || count > left() / size_min || depth == nesting_depth_max)
                return false;
            frames[depth++] = Frame{count, tag == 118};
            break;
        }
        default: return false;
        }
        if (!fine)
            return false;
        while (depth > 0 && frames[depth - 1].values == 0)
            --depth;
        if (depth == 0)
            return true;
        --frames[depth - 1].values;
        if (frames[depth - 1].object && !text(text_ignored, units))
            return false;
    }
}

void Writer::svar(std::int64_t value, bool negative_zero) {
    const bool negative = value < 0 || (value == 0 && negative_zero);
    std::uint64_t magnitude = value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    u8(static_cast<std::uint8_t>((magnitude > 0x3f ? 0x80 : 0) | (negative ? 0x40 : 0) | (magnitude & 0x3f)));
    magnitude >>= 6;
    while (magnitude > 0) {
        u8(static_cast<std::uint8_t>((magnitude > 0x7f ? 0x80 : 0) | (magnitude & 0x7f)));
        magnitude >>= 7;
    }
}

void Writer::big_endian(std::uint64_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;)
        u8(static_cast<std::uint8_t>(value >> (8 * i)));
}

void Writer::any_number(double value) {
    if (value == std::floor(value) && std::fabs(value) <= 2147483647.0) {
        u8(125);
        svar(static_cast<std::int64_t>(value), std::signbit(value));
    } else if (static_cast<double>(static_cast<float>(value)) == value) {
        u8(124);
        big_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
    } else {
        u8(123);
        big_endian(std::bit_cast<std::uint64_t>(value), 8);
    }
}

namespace {

/// A JSON scanner with its own stack of open brackets, one bit each.
class JsonScanner {
public:
    explicit JsonScanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool run() {
        for (;;) {
            blank();
            if (at_ == end_)
                return false;
            if (*at_ == '[' || *at_ == '{') {
                bool closed = false;
                if (!open(closed))
                    return false;
                if (!closed)
                    continue;
            } else if (!scalar()) {
                return false;
            }
            bool finished = false;
            if (!after_value(finished))
                return false;
            if (finished)
                return at_ == end_;
        }
    }

private:
    const char* at_;
    const char* end_;
    bool object_[nesting_depth_max] = {};
    unsigned depth_ = 0;

    void blank() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'))
            ++at_;
    }
    bool take(char wanted) {
        if (at_ == end_ || *at_ != wanted)
            return false;
        ++at_;
        return true;
    }
    bool open(bool& closed) {
        if (depth_ == nesting_depth_max)
            return false;
        const bool object = *at_++ == '{';
        blank();
        if (take(object ? '}' : ']')) {
            closed = true;
            return true;
        }
        object_[depth_++] = object;
        return !object || key();
    }
    bool key() {
        blank();
        if (!string())
            return false;
        blank();
        return take(':');
    }
    bool after_value(bool& finished) {
        for (;;) {
            blank();
            if (depth_ == 0) {
                finished = true;
                return true;
            }
            const bool object = object_[depth_ - 1];
            if (take(','))
                return !object || key();
            if (!take(object ? '}' : ']'))
                return false;
            --depth_;
        }
    }
    bool scalar() {
        switch (*at_) {
        case '"': return string();
        case 't': return word("true");
        case 'f': return word("false");
        case 'n': return word("null");
        default: return number();
        }
    }
    bool word(std::string_view wanted) {
        if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, wanted.size()) != wanted)
            return false;
        at_ += wanted.size();
        return true;
    }
    bool digits() {
        const char* first = at_;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9')
            ++at_;
        return at_ != first;
    }
    bool number() {
        take('-');
        if (!take('0') && !digits())
            return false;
        if (take('.') && !digits())
            return false;
        if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            if (!take('+'))
                take('-');
            return digits();
        }
        return true;
    }
    bool string() {
        if (!take('"'))
            return false;
        while (at_ != end_) {
            const auto letter = static_cast<unsigned char>(*at_++);
            if (letter == '"')
                return true;
            if (letter < 0x20)
                return false;
            if (letter == '\\' && !escape())
                return false;
        }
        return false;
    }
    bool escape() {
        if (at_ == end_)
            return false;
        const char letter = *at_++;
        if (letter != 'u')
            return std::string_view("\"\\/bfnrt").find(letter) != std::string_view::npos;
        for (int i = 0; i < 4; ++i, ++at_) {
            if (at_ == end_)
                return false;
            const char hex = *at_;
            if (!((hex >= '0' && hex <= '9') || (hex >= 'a' && hex <= 'f') || (hex >= 'A' && hex <= 'F')))
                return false;
        }
        return true;
    }
};

} // namespace

bool json_check(std::string_view text) { return JsonScanner(text).run(); }

} // namespace hameau::crdt
