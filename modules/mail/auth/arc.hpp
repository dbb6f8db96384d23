// ARC: what forwarders and lists say about a message, checked and sealed (RFC 8617). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "modules/mail/auth/dkim.hpp"

namespace hameau::mailauth {

enum class ArcResult { none, pass, fail };
const char* word_of(ArcResult result);

struct ArcVerdict {
    ArcResult result = ArcResult::none;
    std::string reason;
    unsigned sets = 0;
    std::string sealer;  ///< d= of the newest seal
    bool unsure = false;  ///< fail, because DNS did not give a key now: no seal may call the chain failed
};

/// Asks `hashes` for the body hash that the newest message signature needs. Before the body.
void want_arc_hash(const std::vector<Field>& fields, BodyHashes& hashes);
/// §5.2. Nothing: a key is not here yet.
std::optional<ArcVerdict> check_arc(const std::vector<Field>& fields, BodyHashes& hashes, Resolver& resolver);

struct ArcSeal {
    std::string results;            ///< value of ARC-Authentication-Results, with the space behind the colon
    std::string message_signature;
    std::string seal;
};
/// The next set on top of a chain that `verdict` judged (§5.1). `results`: what Authentication-Results says, without our name in front.
/// `names`: for h= of the message signature. Errors: denied when the chain already failed before or is full; io.
Result<ArcSeal> make_seal(const Signer& signer, const std::vector<Field>& fields, const ArcVerdict& verdict, const std::string& host,
                          const std::string& results, const std::vector<std::string>& names, const std::string& body_hash, long now_seconds);

} // namespace hameau::mailauth
