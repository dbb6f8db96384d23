// DKIM: verifying and making signatures (RFC 6376, 8301, 8463). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/mail/auth/canonical.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/auth/keys.hpp"

namespace hameau::mailauth {

/// The words of RFC 8601 §2.7.1.
enum class DkimResult { none, pass, fail, policy, neutral, temperror, permerror };
const char* word_of(DkimResult result);

/// What one DKIM-Signature or ARC-Message-Signature says.
struct Signature {
    std::string domain;      ///< d=, lower case
    std::string selector;    ///< s=
    std::string identity;    ///< i=, or "@" and the domain; not of ARC
    Algorithm algorithm = Algorithm::rsa_sha256;
    Form header_form = Form::simple;
    Form body_form = Form::simple;
    std::string body_hash;   ///< octets of bh=
    std::string signature;   ///< octets of b=
    std::string beginning;   ///< the first 8 characters of b=: tells signatures of one domain apart (RFC 6008)
    std::vector<std::string> fields;        ///< h=
    std::optional<std::uint64_t> length;    ///< l=
    std::optional<long> made;               ///< t=
    std::optional<long> ends;               ///< x=
};

/// Which of the two: ARC has its own meaning of i= and no v=.
enum class SignatureKind { dkim, arc };
/// Errors: invalid with the reason.
Result<Signature> parse_signature(std::string_view value, SignatureKind kind);

struct DkimVerdict {
    DkimResult result = DkimResult::none;
    std::string reason;
    std::string domain;
    std::string selector;
    std::string identity;
    std::string beginning;
};

/// Seconds since 1970, and whether the clock is known to be right (it is set by NTP).
struct VerifyTime {
    VerifyTime(long seconds, bool is_sure = true) : now_seconds(seconds), sure(is_sure) {}
    long now_seconds;
    bool sure;
};

/// Verifies the signature that stands in `own`. `hash`: of the body, for its form and length; finished.
/// Nothing: the key is not here yet.
std::optional<DkimVerdict> verify_signature(const Signature& signature, const Field& own, const std::vector<Field>& fields, BodyHash& hash,
                                            Resolver& resolver, VerifyTime time);
/// The key at SELECTOR._domainkey.DOMAIN. Nothing: not here yet. Errors: unavailable for now, invalid for good.
std::optional<Result<PublicKey>> find_key(const std::string& domain, const std::string& selector, Resolver& resolver);

struct Signer {
    std::string domain;
    std::string selector;
    const SigningKey* key = nullptr;
};
/// The names for h=: what of the message a reader sees or a program acts on, each once more than it is there, so that nothing can be
/// added (RFC 6376 §8.15).
std::vector<std::string> names_to_sign(const std::vector<Field>& fields);
/// The value of a DKIM-Signature field (relaxed/relaxed), folded, with the space behind the colon. `body_hash`: of Form::relaxed.
Result<std::string> make_signature(const Signer& signer, const std::vector<Field>& fields, const std::string& body_hash, long now_seconds);
/// Puts `text` into lines of at most 72 octets by folding it at any octet: for base64.
std::string fold_base64(std::string_view text);

} // namespace hameau::mailauth
