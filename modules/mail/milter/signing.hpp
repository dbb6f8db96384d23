// Signing: the DKIM signature of one message that a member hands in. Pure but for the keys.
// A message is signed once the house itself has seen the key's record in DNS: a signature that nobody can verify counts as a failed one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/mail/auth/dkim.hpp"
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
    void forget() { fields_ = std::vector<mailauth::Field>(); }
    /// At the end: the value of a DKIM-Signature of this domain (with the space in front, folded with CRLF), "" when it is not signed.
    /// Nothing: an answer of DNS is missing.
    std::optional<std::string> sign(const std::string& domain);

private:
    enum class Seen { yes, no, pending };
    Seen look(const std::string& domain, DomainKey& key);

    SigningKeys& keys_;
    mailauth::Resolver& resolver_;
    std::function<long()> now_;
    std::vector<mailauth::Field> fields_;
    std::size_t octets_ = 0;
    mailauth::BodyHashes body_;
    std::size_t line_octets_ = 0;
    bool unfit_ = false;
};

} // namespace hameau::milter
