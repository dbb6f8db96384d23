// Signing: the DKIM signature of one message that this house writes, or the ARC seal of one that it passes on. Pure but for the keys.
// A message is signed once the house itself has seen the key's record in DNS: a signature that nobody can verify counts as a failed one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/mail/auth/arc.hpp"
#include "modules/mail/auth/dkim.hpp"
#include "modules/mail/milter/limits.hpp"
#include "modules/mail/milter/signing_keys.hpp"

namespace hameau::milter {

class Signing {
public:
    /// `now`: seconds since 1970.
    Signing(SigningKeys& keys, mailauth::Resolver& resolver, std::function<long()> now) :
        keys_(keys), resolver_(resolver), now_(std::move(now)) {}

    void begin();
    /// `value`: with the space behind the colon.
    void add_header(std::string_view name, std::string_view value);
    void add_body(std::string_view octets);
    /// The message is over: frees what was kept of it.
    void forget() {
        fields_ = std::vector<mailauth::Field>();
        chain_.reset();
    }
    /// Whose key signs for a domain: its own, or also that of the next domain above it that has one (relaxed alignment, RFC 9989 §4.3).
    enum class Reach { own, above };
    /// At the end: the value of a DKIM-Signature of this domain (with the space in front, folded with CRLF), "" when it is not signed.
    /// Nothing: an answer of DNS is missing.
    std::optional<std::string> sign(std::string domain, Reach reach = Reach::own);
    using Headers = std::vector<std::pair<std::string, std::string>>;
    /// At the end: the three fields of an ARC set of this domain, names and values as of sign(), in the order in which they are put on top.
    /// None: it is not sealed. `results`: what Authentication-Results of `host` says, without the name. Nothing: an answer of DNS is missing.
    std::optional<Headers> seal(const std::string& domain, const std::string& host, const std::string& results);

private:
    enum class Seen { yes, no, pending };
    Seen look(const std::string& domain, DomainKey& key);
    std::optional<DomainKey*> usable_key(const std::string& domain);
    void end_headers();
    bool may_sign() const { return !unfit_ && now_() >= signing_clock_least; }

    SigningKeys& keys_;
    mailauth::Resolver& resolver_;
    std::function<long()> now_;
    std::vector<mailauth::Field> fields_;
    std::size_t octets_ = 0;
    mailauth::BodyHashes body_;
    bool headers_over_ = false;
    std::optional<mailauth::ArcVerdict> chain_;  ///< kept: seal() runs again for each answer of DNS
    std::size_t line_octets_ = 0;
    bool unfit_ = false;
};

} // namespace hameau::milter
