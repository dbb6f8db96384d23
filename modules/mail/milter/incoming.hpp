// Incoming: who a message from outside is really from, and what its sender's domain wants done with it. Pure: fields and octets in, a
// decision out; DNS is asked through a Resolver.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/mail/auth/results.hpp"
#include "modules/mail/milter/dns_patience.hpp"

namespace hameau::milter {

/// The setting mail.incoming_checks.
enum class IncomingMode {
    off,
    note,  ///< write down what was found, refuse nothing
    obey,  ///< and do what the domain in From asks for
};

class Incoming {
public:
    /// `host`: our name in Authentication-Results. `now`: seconds since 1970, and whether they are sure.
    /// `patience`: what all sessions know of domains whose DNS fails; without it their mail is taken at once.
    Incoming(IncomingMode mode, std::string host, mailauth::Resolver& resolver, std::function<mailauth::VerifyTime()> now, DnsPatience* patience = nullptr) :
        mode_(mode), host_(std::move(host)), resolver_(resolver), now_(std::move(now)), patience_(patience) {}

    const std::string& host() const { return host_; }
    bool is_off() const { return mode_ == IncomingMode::off; }
    /// `address`: as text; what is none is not judged by SPF.
    void connect(std::string_view address);
    void greet(std::string_view helo) { helo_ = helo; }
    /// `sender`: of MAIL FROM, empty for a bounce.
    void begin(std::string_view sender);
    /// `value`: with the space behind the colon.
    void add_header(std::string_view name, std::string_view value);
    void add_body(std::string_view octets);
    /// The message is over: frees what was kept of it, up to 256 KB.
    void forget();

    struct Decision {
        std::string refusal;  ///< an SMTP reply; empty: the message is taken
        bool suspect = false; ///< it goes to Junk
        std::vector<std::pair<std::string, std::string>> insert;    ///< name, value folded with LF, without a space in front
    };
    /// At the end of the message. Nothing: an answer of DNS is missing; ask again when it is here.
    std::optional<Decision> judge();

private:
    struct Signed {
        mailauth::Signature signature;
        std::size_t field = 0;
        std::optional<mailauth::DkimVerdict> verdict;  ///< kept: judge() runs again for each answer, and this takes a millisecond
    };
    void end_headers();
    std::optional<mailauth::SpfVerdict> judge_spf(long now_seconds);
    bool judge_dkim(mailauth::VerifyTime time, std::vector<mailauth::DkimVerdict>& verdicts);
    std::string refusal_of_authors(const std::optional<std::vector<std::string>>& domains) const;
    bool judge_dmarc(const std::optional<std::vector<std::string>>& domains, mailauth::Verdicts& verdicts);
    bool has_fields_on_top() const;
    std::string refusal_of(const mailauth::Verdicts& verdicts) const;
    bool waits_for_policy(const mailauth::DmarcVerdict& one, const mailauth::Verdicts& verdicts) const;
    Decision decide(const mailauth::Verdicts& verdicts) const;

    IncomingMode mode_;
    std::string host_;
    mailauth::Resolver& resolver_;
    std::function<mailauth::VerifyTime()> now_;
    DnsPatience* patience_;
    std::string address_;  ///< octets
    std::string helo_;
    std::string sender_;
    std::vector<mailauth::Field> fields_;
    std::size_t header_octets_ = 0;
    std::vector<Signed> signed_;
    std::vector<mailauth::DkimVerdict> unreadable_;  ///< signatures that cannot be verified at all
    mailauth::BodyHashes hashes_;
    std::optional<mailauth::ArcVerdict> arc_;        ///< likewise
    bool headers_over_ = false;
    bool too_much_ = false;
    std::size_t from_fields_ = 0;
    bool from_too_long_ = false;  ///< a From field was not kept
};

} // namespace hameau::milter
