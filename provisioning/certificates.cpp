// X.509 by OpenSSL 3. Profiles after RFC 5280 (4.2.1: key usage, identifiers, basic constraints) and what strict
// verifiers (Python 3.13, Go) ask for: SAN, EKU serverAuth, AKI equal to the authority's SKI, at most 397 days.
#include "provisioning/certificates.hpp"

#include <array>
#include <ctime>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "daemon/base/io.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/x509.hpp"

namespace hameau::provisioning {

namespace {

constexpr long day_seconds = 24L * 3600;

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) {
        return false;
    }
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/// A certificate with serial, validity, subject and public key; not yet signed.
Certificate make_blank(const std::string& common_name, long days, EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    std::array<unsigned char, 16> serial{};
    RAND_bytes(serial.data(), serial.size());
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7fU) | 0x40U);  // positive, always 16 octets (RFC 5280 4.1.2.2)
    BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
    BN_free(number);
    // A day back: a client whose clock is a little late accepts it.
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), (days - 1) * day_seconds);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("Hameau"), -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                               -1, 0);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

Status make_authority(const std::string& state) {
    const Key key = make_key();
    const Certificate certificate = key ? make_blank("Hameau trial authority", authority_days, key.get()) : nullptr;
    if (!certificate) {
        return fail_tls("making the authority's key");
    }
    X509* self = certificate.get();
    X509_set_issuer_name(self, X509_get_subject_name(self));
    if (!add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(self, self, NID_subject_key_identifier, "hash") ||
        X509_sign(self, key.get(), EVP_sha256()) == 0) {
        return fail_tls("making the authority");
    }
    if (auto written = write_file_atomically(state + "/tls/ca.key", pem_of(key.get()), 0600); !written) {
        return written;
    }
    return write_file_atomically(state + "/tls/ca.pem", pem_of(self), 0644);
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        const bool address = name.find(':') != std::string::npos || name.find_first_not_of("0123456789.") == std::string::npos;
        out += (out.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
    }
    return out;
}

/// Whether the file holds a certificate of this authority for these names that lasts 30 days more.
bool is_still_good(const std::string& path, X509* authority, const std::vector<std::string>& names) {
    const Certificate certificate = read_certificate(path);
    if (!certificate) {
        return false;
    }
    const Key issuer(X509_get_pubkey(authority));
    if (X509_verify(certificate.get(), issuer.get()) != 1) {
        return false;
    }
    std::time_t later = std::time(nullptr) + renew_seconds;
    if (X509_cmp_time(X509_get0_notAfter(certificate.get()), &later) < 0) {
        return false;
    }
    for (const std::string& name : names) {
        const bool address = name.find(':') != std::string::npos || name.find_first_not_of("0123456789.") == std::string::npos;
        const int found = address ? X509_check_ip_asc(certificate.get(), name.c_str(), 0)
                                  : X509_check_host(certificate.get(), name.data(), name.size(), 0, nullptr);
        if (found != 1 && !name.starts_with("*.")) {
            return false;
        }
    }
    return true;
}

Status make_leaf(const std::string& state, const std::string& path, const std::vector<std::string>& names, unsigned gate_gid) {
    const Certificate authority = read_certificate(state + "/tls/ca.pem");
    const Key authority_key = read_key(state + "/tls/ca.key");
    if (!authority || !authority_key) {
        return fail(ErrorKind::unavailable, "there is no authority in " + state + "/tls");
    }
    if (is_still_good(path, authority.get(), names)) {
        return {};
    }
    const Key key = make_key();
    const Certificate certificate = key ? make_blank(names.front(), leaf_days, key.get()) : nullptr;
    if (!certificate) {
        return fail_tls("making a key");
    }
    X509* leaf = certificate.get();
    X509_set_issuer_name(leaf, X509_get_subject_name(authority.get()));
    if (!add_extension(leaf, authority.get(), NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(leaf, authority.get(), NID_key_usage, "critical,digitalSignature") ||
        !add_extension(leaf, authority.get(), NID_ext_key_usage, "serverAuth") ||
        !add_extension(leaf, authority.get(), NID_subject_alt_name, alternative_names(names)) ||
        !add_extension(leaf, authority.get(), NID_subject_key_identifier, "hash") ||
        !add_extension(leaf, authority.get(), NID_authority_key_identifier, "keyid:always") ||
        X509_sign(leaf, authority_key.get(), EVP_sha256()) == 0) {
        return fail_tls("making the certificate of " + names.front());
    }
    return install_pem(path, pem_of(leaf) + pem_of(key.get()), gate_gid);
}

} // namespace

Status make_trial_authority(const std::string& state, const std::string& house_host, unsigned gate_gid) {
    const Certificate present = read_certificate(state + "/tls/ca.pem");
    if (!present || !read_key(state + "/tls/ca.key")) {
        if (auto made = make_authority(state); !made) {
            return made;
        }
    }
    std::vector<std::string> names = {house_host};
    for (const char* name : {"localhost", "*.localhost", "127.0.0.1", "::1"}) {
        if (name != house_host) {
            names.emplace_back(name);
        }
    }
    return make_leaf(state, state + "/tls/default.pem", names, gate_gid);
}

bool is_self_made(const std::string& state, X509* certificate) {
    const Certificate authority = read_certificate(state + "/tls/ca.pem");
    const Key key(authority ? X509_get_pubkey(authority.get()) : nullptr);
    return key && X509_verify(certificate, key.get()) == 1;
}

Status make_trial_certificate(const std::string& state, const std::string& host, const std::vector<std::string>& names,
                              unsigned gate_gid) {
    return make_leaf(state, state + "/tls/hosts/" + host + ".pem", names, gate_gid);
}

} // namespace hameau::provisioning
