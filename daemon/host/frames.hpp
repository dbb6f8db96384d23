// The WebSocket frames of a server (RFC 6455 §5): reading what a client sent, headers for what is sent. Pure: no socket.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hameau {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Why a connection is to be closed (RFC 6455 §7.4.1); none: it goes on.
enum class FrameFault : std::uint16_t { none = 0, protocol = 1002, unsupported = 1003, too_big = 1009 };

/// What a close frame without a code says (§7.4.1); never sent.
inline constexpr std::uint16_t close_without_code = 1005;

inline constexpr std::size_t frame_head_bytes_max = 10;
/// Writes the header of an unfragmented, unmasked frame to `out`. Returns its length.
std::size_t write_frame_head(char* out, Opcode opcode, std::uint64_t payload_bytes);

/// What the reader found. Views are good during the call only.
class FrameSink {
public:
    virtual ~FrameSink() = default;
    virtual void on_binary(std::string_view message) = 0;
    virtual void on_ping(std::string_view payload) = 0;
    /// The code that the client gave; 1005 when none.
    virtual void on_close(std::uint16_t code) = 0;
    /// Whether anything more is wanted; asked after each of the calls above.
    virtual bool open() const = 0;
};

/// Takes bytes as they come. Holds memory only while a message has not come whole.
class FrameReader {
public:
    explicit FrameReader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
    /// `bytes` is unmasked in place. After a fault nothing more may be fed.
    FrameFault feed(std::span<char> bytes, FrameSink& sink);

private:
    struct Head {
        bool last = false;
        Opcode opcode = Opcode::continuation;
        std::uint64_t payload_bytes = 0;
        std::size_t bytes = 0;  ///< of the header with its mask; 0: it is not whole yet
    };
    static FrameFault read_head(std::span<const char> bytes, Head& head);
    FrameFault check(const Head& head) const;
    FrameFault take(const Head& head, std::string_view payload, FrameSink& sink);

    std::size_t message_bytes_max_;
    std::string rest_;        ///< of a frame that is not whole
    std::string fragments_;   ///< of a message that is not whole
    bool fragmented_ = false;
};

} // namespace hameau
