// What the two sources of certificates share (our own authority, and one of the internet): keys, PEM files, putting one in place.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "daemon/base/result.hpp"
#include "provisioning/limits.hpp"

namespace hameau::provisioning {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using CertificateRequest = std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>>;
using Memory = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

/// The oldest error of OpenSSL's queue, behind `what`.
tl::unexpected<Error> fail_tls(std::string_view what);

std::string pem_of(X509* certificate);
std::string pem_of(X509_REQ* request);
/// PKCS #8, not encrypted.
std::string pem_of(EVP_PKEY* key);

/// The first certificate of the file, the key of the file; null when there is none that can be read.
Certificate read_certificate(const std::string& path);
Key read_key(const std::string& path);
/// A new P-256 key.
Key make_key();

/// Puts "chain then key" at `path` by a rename, mode 0640, readable by the group (0: unchanged): the gate sees the old file
/// or the new one, never one that it cannot read.
Status install_pem(const std::string& path, const std::string& text, unsigned gate_gid);

} // namespace hameau::provisioning
