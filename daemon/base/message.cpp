// Wire form: u8 version, u8 kind, u32 serial, u16 count, then per field u16 name length, name, u32 value length, value;
// all little-endian. Everything is checked against the packet's end before it is used.
#include "daemon/base/message.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace hameau {

namespace {

template <class T>
void put(std::string& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        out += static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
    }
}

template <class T>
bool take(std::string_view& in, T& value) {
    if (in.size() < sizeof(T)) {
        return false;
    }
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        raw |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
    }
    value = static_cast<T>(raw);
    in.remove_prefix(sizeof(T));
    return true;
}

bool take_text(std::string_view& in, std::size_t size, std::string& out) {
    if (in.size() < size) {
        return false;
    }
    out.assign(in.substr(0, size));
    in.remove_prefix(size);
    return true;
}

} // namespace

std::string_view Message::get(std::string_view name) const {
    for (const auto& [key, value] : fields) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

std::string encode_message(const Message& message) {
    std::string out;
    put<std::uint8_t>(out, message_version);
    put<std::uint8_t>(out, static_cast<std::uint8_t>(message.kind));
    put<std::uint32_t>(out, message.serial);
    put<std::uint16_t>(out, static_cast<std::uint16_t>(message.fields.size()));
    for (const auto& [name, value] : message.fields) {
        put<std::uint16_t>(out, static_cast<std::uint16_t>(name.size()));
        out += name;
        put<std::uint32_t>(out, static_cast<std::uint32_t>(value.size()));
        out += value;
    }
    return out;
}

Result<Message> decode_message(std::string_view packet) {
    const auto broken = [] { return fail(ErrorKind::invalid, "a control message is cut short"); };
    std::uint8_t version = 0;
    std::uint8_t kind = 0;
    std::uint16_t count = 0;
    Message message;
    if (!take(packet, version) || !take(packet, kind) || !take(packet, message.serial) || !take(packet, count)) {
        return broken();
    }
    if (version != message_version) {
        return fail(ErrorKind::invalid, "a control message of version " + std::to_string(version));
    }
    if (kind < 1 || kind > static_cast<std::uint8_t>(MessageKind::logs)) {
        return fail(ErrorKind::invalid, "a control message of unknown kind " + std::to_string(kind));
    }
    if (count > message_fields_max) {
        return fail(ErrorKind::too_large, "a control message with too many fields");
    }
    message.kind = static_cast<MessageKind>(kind);
    for (std::uint16_t i = 0; i < count; ++i) {
        std::uint16_t name_size = 0;
        std::uint32_t value_size = 0;
        std::pair<std::string, std::string> field;
        if (!take(packet, name_size) || !take_text(packet, name_size, field.first) || !take(packet, value_size) ||
            !take_text(packet, value_size, field.second)) {
            return broken();
        }
        message.fields.push_back(std::move(field));
    }
    if (!packet.empty()) {
        return fail(ErrorKind::invalid, "a control message with bytes behind its end");
    }
    return message;
}

Status send_message(int fd, const Message& message) {
    const std::string packet = encode_message(message);
    if (packet.size() > message_bytes_max) {
        return fail(ErrorKind::too_large, "a control message over " + std::to_string(message_bytes_max) + " bytes");
    }
    while (::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            return fail_errno("sending a control message");
        }
    }
    return {};
}

Result<Message> receive_message(int fd) {
    std::string packet(message_bytes_max, '\0');
    for (;;) {
        const ssize_t n = ::recv(fd, packet.data(), packet.size(), 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_errno("receiving a control message");
        }
        if (n == 0) {
            return fail(ErrorKind::closed, "the control channel ended");
        }
        packet.resize(static_cast<std::size_t>(n));
        return decode_message(packet);
    }
}

} // namespace hameau
