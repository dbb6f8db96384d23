// Keys of DKIM and ARC: the record in DNS (RFC 6376 §3.6.1), checking, and signing. Over OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

struct evp_pkey_st;

namespace hameau::mailauth {

enum class Algorithm { rsa_sha256, ed25519_sha256 };
const char* name_of(Algorithm algorithm);

struct FreeKey {
    void operator()(evp_pkey_st* key) const;
};
using Key = std::unique_ptr<evp_pkey_st, FreeKey>;

struct PublicKey {
    Key key;
    Algorithm algorithm = Algorithm::rsa_sha256;
    int bits = 0;
    bool same_domain = false;  ///< t=s: i= must name d= itself
};

/// The text of SELECTOR._domainkey.DOMAIN. Errors: invalid with the reason (revoked, too short, not for mail ...).
Result<PublicKey> parse_key_record(std::string_view text);
/// Whether `signature` is of `key` over `data`.
bool verify(const PublicKey& key, std::string_view data, std::string_view signature);

struct SigningKey {
    Key key;
    Algorithm algorithm = Algorithm::rsa_sha256;
};
/// A private key in PEM. Errors: invalid.
Result<SigningKey> parse_private_key(std::string_view pem);
/// A new RSA key as PEM (PKCS#8). `bits`: 2048.
Result<std::string> make_rsa_key(int bits);
/// p= of its record.
std::string public_text(const SigningKey& key);
/// The octets of the signature. Errors: io when OpenSSL refuses.
Result<std::string> sign(const SigningKey& key, std::string_view data);

} // namespace hameau::mailauth
