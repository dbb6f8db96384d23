// Probes of the engines as a stranger would meet them: Postfix can look alive while its children are throttled, so only
// a real EHLO and RCPT tell. On the loopback, one deadline each; nothing is delivered.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/contract/module.hpp"
#include "modules/mail/limits.hpp"

namespace hameau::mail {

enum class Verdict {
    fine,
    silent,    ///< nobody listens, or no greeting in time
    refusing,  ///< it answers, and would take no mail
};
struct Probe {
    Verdict verdict = Verdict::silent;
    std::string said;  ///< the line or the error that tells
};

/// Greeting, EHLO, and where `recipient` is not empty MAIL and RCPT (RFC 5321 §4.1.4); a full box counts as fine.
Task<Probe> probe_smtp(boost::asio::io_context& io, std::uint16_t port, std::string recipient, std::chrono::milliseconds deadline);
/// The greeting of IMAP (RFC 9051 §7.1).
Task<Probe> probe_imap(boost::asio::io_context& io, std::uint16_t port, std::chrono::milliseconds deadline);

} // namespace hameau::mail
