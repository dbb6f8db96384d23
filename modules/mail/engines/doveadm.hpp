// Doveadm: how full a mailbox is and what is unread, asked of Dovecot over its own Unix socket. Bounded and with one
// deadline for all; whatever is not known in time is simply not there. It also ends open sessions. Never changes a mailbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/contract/module.hpp"
#include "modules/mail/limits.hpp"

namespace hameau::mail {

struct BoxFigures {
    std::optional<std::int64_t> unread;      ///< in the inbox
    std::optional<std::int64_t> used_bytes;  ///< in all folders
};

enum class Kicked {
    done,     ///< no session of these users is open any more
    nobody,   ///< this house has no Dovecot: its socket does not exist
    unknown,  ///< Dovecot did not answer, or not for all
};

class Doveadm {
public:
    /// The socket and the file with `doveadm_password` (read only when Dovecot asks for one).
    Doveadm(boost::asio::io_context& io, std::string socket_path, std::string password_path)
        : io_(io), socket_path_(std::move(socket_path)), password_path_(std::move(password_path)) {}

    /// One entry for each user, in their order; empty ones when Dovecot does not answer.
    Task<std::vector<BoxFigures>> figures(std::vector<std::string> users, std::chrono::milliseconds deadline);
    /// Ends the open IMAP and ManageSieve sessions of these users.
    Task<Kicked> kick(std::vector<std::string> users, std::chrono::milliseconds deadline);

private:
    boost::asio::io_context& io_;
    std::string socket_path_;
    std::string password_path_;
};

/// The command line for one user, and what its answer says ("INBOX TAB 3 TAB 5120 TAB ..."). For the tests.
std::string figures_command(std::string_view user);
std::string kick_command(std::string_view user);
BoxFigures parse_figures(std::string_view answer);
/// TAB, CR, LF, NUL and 001 of a word as Dovecot writes them.
std::string doveadm_escaped(std::string_view text);

} // namespace hameau::mail
