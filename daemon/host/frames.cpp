// Parsing and writing the headers of WebSocket frames (RFC 6455 §5). Called by websocket.cpp.
#include "daemon/host/frames.hpp"

#include <cstring>

namespace hameau {

namespace {

constexpr std::size_t mask_bytes = 4;
constexpr std::size_t control_bytes_max = 125;

std::uint8_t byte(std::span<const char> bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint64_t big_endian(std::span<const char> bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | byte(bytes, at + i);
    }
    return value;
}

void unmask(std::span<char> payload, const char* mask) {
    std::uint64_t wide = 0;
    std::memcpy(&wide, mask, mask_bytes);
    std::memcpy(reinterpret_cast<char*>(&wide) + mask_bytes, mask, mask_bytes);
    std::size_t i = 0;
    for (; i + sizeof wide <= payload.size(); i += sizeof wide) {
        std::uint64_t block = 0;
        std::memcpy(&block, payload.data() + i, sizeof block);
        block ^= wide;
        std::memcpy(payload.data() + i, &block, sizeof block);
    }
    for (; i < payload.size(); ++i) {
        payload[i] = static_cast<char>(payload[i] ^ mask[i % mask_bytes]);
    }
}

} // namespace

std::size_t write_frame_head(char* out, Opcode opcode, std::uint64_t payload_bytes) {
    out[0] = static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
    if (payload_bytes <= control_bytes_max) {
        out[1] = static_cast<char>(payload_bytes);
        return 2;
    }
    const std::size_t width = payload_bytes <= 0xffff ? 2 : 8;
    out[1] = static_cast<char>(width == 2 ? 126 : 127);
    for (std::size_t i = 0; i < width; ++i) {
        out[2 + i] = static_cast<char>(payload_bytes >> (8 * (width - 1 - i)));
    }
    return 2 + width;
}

FrameFault FrameReader::read_head(std::span<const char> bytes, Head& head) {
    head.bytes = 0;
    if (bytes.size() < 2) {
        return FrameFault::none;
    }
    const std::uint8_t first = byte(bytes, 0);
    const std::uint8_t second = byte(bytes, 1);
    // §5.2: no extension was agreed on, so no RSV bit; §5.1: a client masks every frame.
    if ((first & 0x70) != 0 || (second & 0x80) == 0) {
        return FrameFault::protocol;
    }
    head.last = (first & 0x80) != 0;
    head.opcode = static_cast<Opcode>(first & 0x0f);
    const std::uint8_t length = second & 0x7f;
    const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes.size() < 2 + more + mask_bytes) {
        return FrameFault::none;
    }
    head.payload_bytes = more == 0 ? length : big_endian(bytes, 2, more);
    head.bytes = 2 + more + mask_bytes;
    return FrameFault::none;
}

FrameFault FrameReader::check(const Head& head) const {
    switch (head.opcode) {
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
        // §5.5: control frames are short and whole.
        return head.last && head.payload_bytes <= control_bytes_max ? FrameFault::none : FrameFault::protocol;
    case Opcode::continuation:
        if (!fragmented_) {
            return FrameFault::protocol;
        }
        break;
    case Opcode::text:
        return FrameFault::unsupported;
    case Opcode::binary:
        if (fragmented_) {
            return FrameFault::protocol;
        }
        break;
    default:
        return FrameFault::protocol;
    }
    return head.payload_bytes > message_bytes_max_ - fragments_.size() ? FrameFault::too_big : FrameFault::none;
}

FrameFault FrameReader::take(const Head& head, std::string_view payload, FrameSink& sink) {
    switch (head.opcode) {
    case Opcode::ping:
        sink.on_ping(payload);
        return FrameFault::none;
    case Opcode::pong:
        return FrameFault::none;
    case Opcode::close:
        if (payload.size() == 1) {
            return FrameFault::protocol;
        }
        sink.on_close(payload.empty() ? close_without_code : static_cast<std::uint16_t>(big_endian(payload, 0, 2)));
        return FrameFault::none;
    default:
        break;
    }
    if (head.last && !fragmented_) {
        sink.on_binary(payload);
        return FrameFault::none;
    }
    fragments_.append(payload);
    fragmented_ = !head.last;
    if (head.last) {
        const std::string whole = std::move(fragments_);
        fragments_ = std::string();
        sink.on_binary(whole);
    }
    return FrameFault::none;
}

FrameFault FrameReader::feed(std::span<char> bytes, FrameSink& sink) {
    std::string joined;
    if (!rest_.empty()) {
        rest_.append(bytes.data(), bytes.size());
        joined = std::move(rest_);
        rest_ = std::string();
        bytes = joined;
    }
    while (sink.open()) {
        Head head;
        FrameFault fault = read_head(bytes, head);
        if (fault == FrameFault::none && head.bytes > 0) {
            fault = check(head);
        }
        if (fault != FrameFault::none) {
            return fault;
        }
        if (head.bytes == 0 || bytes.size() - head.bytes < head.payload_bytes) {
            if (!joined.empty() && bytes.size() == joined.size()) {
                rest_ = std::move(joined);
            } else {
                rest_.assign(bytes.data(), bytes.size());
            }
            return FrameFault::none;
        }
        const std::span<char> payload = bytes.subspan(head.bytes, static_cast<std::size_t>(head.payload_bytes));
        unmask(payload, bytes.data() + head.bytes - mask_bytes);
        fault = take(head, {payload.data(), payload.size()}, sink);
        if (fault != FrameFault::none) {
            return fault;
        }
        bytes = bytes.subspan(head.bytes + payload.size());
        if (bytes.empty()) {
            break;
        }
    }
    return FrameFault::none;
}

} // namespace hameau
