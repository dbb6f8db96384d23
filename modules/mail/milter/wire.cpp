// Lengths and numbers are big-endian; a packet is: length of (command and data), command, data.
#include "modules/mail/milter/wire.hpp"

#include <algorithm>

#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace {

constexpr std::string_view known_commands = "ABCDEHKLMNOQRTU";

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

void append_number(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>((value >> shift) & 0xff);
    }
}

std::string packet(char command, std::string_view data) {
    std::string out;
    append_number(out, static_cast<std::uint32_t>(data.size() + 1));
    out += command;
    out += data;
    return out;
}

} // namespace

Result<std::optional<Packet>> PacketReader::next() {
    if (used_ > 0) {
        buffer_.erase(0, used_);
        used_ = 0;
    }
    if (buffer_.size() < 4) {
        return std::nullopt;
    }
    const std::uint32_t length = number_at(buffer_, 0);
    if (length == 0 || length > packet_bytes_max) {
        return fail(ErrorKind::invalid, "a packet of " + std::to_string(length) + " bytes");
    }
    if (buffer_.size() < 4 + static_cast<std::size_t>(length)) {
        return std::nullopt;
    }
    const char command = buffer_[4];
    if (known_commands.find(command) == std::string_view::npos) {
        return fail(ErrorKind::invalid, "a command that is not known");
    }
    used_ = 4 + static_cast<std::size_t>(length);
    return Packet{static_cast<Command>(command), std::string_view(buffer_).substr(5, length - 1)};
}

Result<Negotiation> parse_negotiation(std::string_view data) {
    if (data.size() != 12) {
        return fail(ErrorKind::invalid, "a negotiation of another size");
    }
    return Negotiation{number_at(data, 0), number_at(data, 4), number_at(data, 8)};
}

Result<std::vector<std::string_view>> parse_texts(std::string_view data, std::size_t count_max) {
    std::vector<std::string_view> texts;
    while (!data.empty()) {
        const std::size_t end = data.find('\0');
        if (end == std::string_view::npos || texts.size() == count_max) {
            return fail(ErrorKind::invalid, "texts that do not end");
        }
        texts.push_back(data.substr(0, end));
        data.remove_prefix(end + 1);
    }
    return texts;
}

Result<Macros> parse_macros(std::string_view data) {
    if (data.empty()) {
        return fail(ErrorKind::invalid, "macros of no command");
    }
    Macros macros;
    macros.stage = data[0];
    const auto texts = parse_texts(data.substr(1), 2 * macros_max);
    if (!texts || texts->size() % 2 != 0) {
        return fail(ErrorKind::invalid, "macros without a value");
    }
    for (std::size_t i = 0; i < texts->size(); i += 2) {
        macros.values.emplace_back((*texts)[i], (*texts)[i + 1]);
    }
    return macros;
}

Result<std::string> parse_client(std::string_view data) {
    const std::size_t name_end = data.find('\0');
    if (name_end == std::string_view::npos || name_end + 1 >= data.size()) {
        return fail(ErrorKind::invalid, "a connection without a family");
    }
    const char family = data[name_end + 1];
    data.remove_prefix(name_end + 2);
    if (family != '4' && family != '6') {
        return std::string();
    }
    if (data.size() < 3 || data.back() != '\0') {
        return fail(ErrorKind::invalid, "a connection without an address");
    }
    std::string_view address = data.substr(2, data.size() - 3);  // behind the port
    if (address.starts_with("IPv6:")) {
        address.remove_prefix(5);
    }
    return std::string(address);
}

std::string reply_negotiation(const Negotiation& accepted) {
    std::string data;
    append_number(data, accepted.version);
    append_number(data, accepted.actions);
    append_number(data, accepted.protocol);
    return packet('O', data);
}

std::string reply_continue() { return packet('c', {}); }

std::string reply_temporary_failure() { return packet('t', {}); }

std::string reply_text(std::string_view text) {
    std::string clean(text.substr(0, reply_text_max));
    for (char& c : clean) {
        c = c >= ' ' && c < 0x7f ? c : '?';
    }
    clean += '\0';
    return packet('y', clean);
}

std::string reply_remove_header(std::string_view name, std::uint32_t index) {
    std::string data;
    append_number(data, index);
    data += name;
    data.append(2, '\0');
    return packet('m', data);
}

std::string reply_insert_header(std::string_view name, std::string_view value) {
    std::string data;
    append_number(data, 0);
    data += name;
    data += '\0';
    data += value;
    data += '\0';
    return packet('i', data);
}

} // namespace hameau::milter
