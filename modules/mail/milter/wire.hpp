// The Sendmail milter protocol, version 6, as bytes: packets in, typed commands, replies out. Bounded, strict, pure.
// Source: Sendmail's include/libmilter/mfdef.h (names below) and Postfix's src/milter/milter8.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

/// SMFIC_*: what Postfix says.
enum class Command : char {
    abort = 'A',
    body = 'B',
    connect = 'C',
    macros = 'D',
    end_of_message = 'E',
    helo = 'H',
    quit_and_reuse = 'K',
    header = 'L',
    mail = 'M',
    end_of_headers = 'N',
    negotiate = 'O',
    quit = 'Q',
    recipient = 'R',
    data = 'T',
    unknown = 'U',
};

/// SMFIP_*: what need not be sent, or not be answered.
enum Protocol : std::uint32_t {
    no_helo = 0x2,
    no_end_of_headers = 0x40,
    no_reply_to_headers = 0x80,
    no_unknown = 0x100,
    no_data = 0x200,
    no_reply_to_connect = 0x1000,
    no_reply_to_body = 0x80000,
    leading_space = 0x100000,  ///< values of headers keep the space behind the colon, which DKIM's simple form signs
};
/// SMFIF_*: what a milter may change.
enum Actions : std::uint32_t { add_headers = 0x1, change_headers = 0x10 };

struct Packet {
    Command command;
    std::string_view data;  ///< valid until the next call of the reader
};

/// Cuts a stream into packets.
class PacketReader {
public:
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    std::size_t held_bytes() const { return buffer_.size() - used_; }
    /// The next whole packet, or nothing yet. Errors: invalid for a length of zero or over packet_bytes_max, or for a
    /// command that is not in the list: the connection cannot be used any longer.
    Result<std::optional<Packet>> next();

private:
    std::string buffer_;
    std::size_t used_ = 0;
};

struct Negotiation {
    std::uint32_t version = 0;
    std::uint32_t actions = 0;
    std::uint32_t protocol = 0;
};
Result<Negotiation> parse_negotiation(std::string_view data);

struct Macros {
    char stage = 0;  ///< the command that they go with
    std::vector<std::pair<std::string_view, std::string_view>> values;
};
Result<Macros> parse_macros(std::string_view data);

/// NUL-terminated texts one after the other. Errors: invalid when the last one is not ended, or too many.
Result<std::vector<std::string_view>> parse_texts(std::string_view data, std::size_t count_max);

/// The client of an SMTP session, as text. Empty when it is no address of the internet (a Unix socket), or unknown.
/// Errors: invalid when the packet cannot be read.
Result<std::string> parse_client(std::string_view data);

std::string reply_negotiation(const Negotiation& accepted);
std::string reply_continue();
std::string reply_temporary_failure();
/// An SMTP reply such as "550 5.7.1 ..."; control characters become '?', the text is cut at 480 octets.
std::string reply_text(std::string_view text);
/// Removes the index-th (from 1) header of this name.
std::string reply_remove_header(std::string_view name, std::uint32_t index);
/// Puts a header in front of all others. `value`: folded with LF, with the space behind the colon if that was agreed.
std::string reply_insert_header(std::string_view name, std::string_view value);

} // namespace hameau::milter
