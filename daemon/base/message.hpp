// Framed control messages between hameaud and its children: one SOCK_SEQPACKET packet each,
// versioned, at most message_bytes_max, a kind and flat text fields. Never anything from a network.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"

namespace hameau {

inline constexpr std::uint8_t message_version = 1;

/// The closed list; the number is what travels.
enum class MessageKind : std::uint8_t {
    report = 1,          ///< hameaud -> child: say what you use
    report_answer = 2,   ///< child -> hameaud: pss_kb, cpu_ms, wakeups
    reload = 3,          ///< hameaud -> child: read settings / certificates / maps again ("what" names it)
    status = 4,          ///< child -> hameaud: the state of every process (people and admin only)
    status_answer = 5,   ///< hameaud -> child: one field a process, value = tab-separated columns
    provision = 6,       ///< child -> hameaud: "verb" and its arguments
    provision_answer = 7,///< hameaud -> child: "ok" or "error"
    restart = 8,         ///< admin -> hameaud: "service"
    announce = 9,        ///< sites -> hameaud -> gate: "what"=hosts
    stop_house = 10,     ///< admin -> hameaud
    logs = 11,           ///< reserved
};

/// One message. `serial` ties an answer to its question.
struct Message {
    MessageKind kind = MessageKind::report;
    std::uint32_t serial = 0;
    std::vector<std::pair<std::string, std::string>> fields;

    /// The value of a field, or empty.
    std::string_view get(std::string_view name) const;
};

std::string encode_message(const Message& message);
/// Errors: invalid for another version, an unknown kind, a length that does not fit, too many fields.
Result<Message> decode_message(std::string_view packet);

/// Blocking or not as the socket is; a packet is whole or not at all.
Status send_message(int fd, const Message& message);
/// Errors: closed at the end, io with EAGAIN where the socket has nothing.
Result<Message> receive_message(int fd);

} // namespace hameau
