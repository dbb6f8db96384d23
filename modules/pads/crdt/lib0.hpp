// lib0 primitives of the Yjs wire format: a bounds-checked reader, a writer, strict UTF-8 with UTF-16 lengths, `any`
// values and JSON text. Owner: pads/crdt. Never recurses, never allocates from a number that was read.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/crdt/limits.hpp"

namespace hameau::crdt {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

/// Reads primitives from bytes. Every function returns false and leaves an unspecified position when the bytes end
/// early or the value is not allowed; the output is then unspecified. Pointers and views stay those of the input.
struct Reader {
    const std::uint8_t* at = nullptr;
    const std::uint8_t* end = nullptr;

    Reader() = default;
    Reader(const std::uint8_t* begin, const std::uint8_t* finish) : at(begin), end(finish) {}
    explicit Reader(View bytes) : at(bytes.data()), end(bytes.data() + bytes.size()) {}

    std::size_t left() const { return static_cast<std::size_t>(end - at); }
    bool done() const { return at == end; }

    bool u8(std::uint8_t& out) {
        if (at == end)
            return false;
        out = *at++;
        return true;
    }
    /// Little-endian base 128, at most 10 bytes, at most 2^53 - 1.
    bool uvar(std::uint64_t& out) {
        if (at != end && *at < 0x80) {
            out = *at++;
            return true;
        }
        return uvar_long(out);
    }
    /// Sign and magnitude; `negative_zero` tells -0 from 0.
    bool svar(std::int64_t& out, bool& negative_zero);
    bool raw(std::size_t count, View& out) {
        if (left() < count)
            return false;
        out = View(at, count);
        at += count;
        return true;
    }
    bool bytes(View& out) {
        std::uint64_t count = 0;
        return uvar(count) && count <= left() && raw(static_cast<std::size_t>(count), out);
    }
    /// Length-prefixed strict UTF-8 (a BOM is content, NUL is legal); `units` is its length in UTF-16 code units.
    bool text(std::string_view& out, std::uint32_t& units);
    /// The same without validation, for bytes that were validated before.
    bool text_trusted(std::string_view& out) {
        View raw_bytes;
        if (!bytes(raw_bytes))
            return false;
        out = std::string_view(reinterpret_cast<const char*>(raw_bytes.data()), raw_bytes.size());
        return true;
    }
    /// Passes over one `any` value; refuses unknown tags, bad UTF-8 and nesting beyond nesting_depth_max.
    bool skip_any();

private:
    bool uvar_long(std::uint64_t& out) {
        std::uint64_t value = 0;
        for (unsigned shift = 0; at != end && shift < 70; shift += 7) {
            const std::uint64_t byte = *at++;
            const std::uint64_t bits = byte & 0x7f;
            if (shift >= 56 ? bits != 0 : (bits << shift) > lib0_number_max)
                return false;
            if (shift < 56)
                value |= bits << shift;
            if (byte < 0x80) {
                out = value;
                return value <= lib0_number_max;
            }
        }
        return false;
    }
};

/// Appends primitives to a byte vector.
class Writer {
public:
    explicit Writer(Bytes& out) : out_(out) {}

    void u8(std::uint8_t value) { out_.push_back(value); }
    void uvar(std::uint64_t value) {
        while (value >= 0x80) {
            out_.push_back(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        out_.push_back(static_cast<std::uint8_t>(value));
    }
    /// Sign and magnitude; `negative_zero` writes -0 when the value is 0.
    void svar(std::int64_t value, bool negative_zero = false);
    void raw(const void* data, std::size_t count) {
        const auto* first = static_cast<const std::uint8_t*>(data);
        out_.insert(out_.end(), first, first + count);
    }
    void raw(View bytes) { raw(bytes.data(), bytes.size()); }
    void bytes(View value) {
        uvar(value.size());
        raw(value);
    }
    void text(std::string_view value) {
        uvar(value.size());
        raw(value.data(), value.size());
    }
    void big_endian(std::uint64_t value, unsigned count);

    // `any` values, as stock lib0 chooses their form.
    void any_undefined() { u8(127); }
    void any_null() { u8(126); }
    void any_bool(bool value) { u8(value ? 120 : 121); }
    void any_number(double value);
    void any_bigint(std::int64_t value) {
        u8(122);
        big_endian(static_cast<std::uint64_t>(value), 8);
    }
    void any_text(std::string_view value) {
        u8(119);
        text(value);
    }
    void any_bytes(View value) {
        u8(116);
        bytes(value);
    }
    /// Followed by `count` pairs of text() and an any value.
    void any_object(std::uint64_t count) {
        u8(118);
        uvar(count);
    }
    /// Followed by `count` any values.
    void any_array(std::uint64_t count) {
        u8(117);
        uvar(count);
    }

    Bytes& out() { return out_; }

private:
    Bytes& out_;
};

/// Length of `value` as uvar, in bytes.
inline unsigned uvar_size(std::uint64_t value) {
    unsigned size = 1;
    for (; value >= 0x80; value >>= 7)
        ++size;
    return size;
}

/// Strict UTF-8 (RFC 3629): no overlong forms, surrogates or code points above 10FFFF. Returns false when malformed.
/// `units` receives the length in UTF-16 code units.
bool utf8_check(const char* text, std::size_t size, std::uint32_t& units);

/// UTF-16 length of valid UTF-8.
std::uint32_t utf16_length(std::string_view valid);

/// Where UTF-16 unit `units` begins in valid UTF-8, in bytes. When that is the middle of a surrogate pair, `inside_pair`
/// is set and the result is the first byte of the pair's four.
std::size_t utf16_offset(std::string_view valid, std::uint32_t units, bool& inside_pair);

/// Whether `text` (valid UTF-8) is exactly one JSON value (RFC 8259) nested at most nesting_depth_max deep.
bool json_check(std::string_view text);

} // namespace hameau::crdt
