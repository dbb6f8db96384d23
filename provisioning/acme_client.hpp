// One order: key and request, uacme under its own uid, a look at what came back. Called by acme.cpp only.
#pragma once

#include <string>

#include "provisioning/acme.hpp"
#include "provisioning/acme_state.hpp"
#include "provisioning/x509.hpp"

namespace hameau::provisioning {

struct AcmeAccount {
    std::string url;      ///< of the authority's directory
    std::string contact;  ///< a mail address, or empty
    std::string dns_hook; ///< a program for dns-01, or empty: http-01
};

struct OrderEnd {
    std::string_view code = acme_code::failed;
    std::string detail;
    std::string pem;          ///< chain then key, when code is fine
    std::string fingerprint;
    std::int64_t not_before = 0;
    std::int64_t not_after = 0;
};

/// Asks the authority for `host` with that key. Takes up to two minutes.
OrderEnd order_certificate(const AcmePlace& place, const AcmeAccount& account, const std::string& host, EVP_PKEY* key);

/// What uacme's uid left in `work`/name-cert.pem, looked at as what a stranger wrote: a plain file, a chain in which each is signed
/// by the next, whose leaf is for that key and host and valid now.
OrderEnd take_answer(const std::string& work, const std::string& host, EVP_PKEY* key);

/// Facts of a certificate. Seconds since 1970.
std::int64_t not_before_of(const X509* certificate);
std::int64_t not_after_of(const X509* certificate);
std::string fingerprint_of(const X509* certificate);
bool covers(X509* certificate, const std::string& host);

} // namespace hameau::provisioning
