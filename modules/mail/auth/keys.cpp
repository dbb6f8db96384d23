// RSA with PKCS #1 v1.5 and SHA-256; Ed25519 signs the SHA-256 of the data (RFC 8463 §3).
#include "modules/mail/auth/keys.hpp"

#include <algorithm>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/canonical.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/tags.hpp"

namespace hameau::mailauth {

namespace {

constexpr std::size_t ed25519_octets = 32;

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

tl::unexpected<Error> unusable(std::string reason) { return fail(ErrorKind::invalid, std::move(reason)); }

bool contains(const TagList& tags, std::string_view name, std::string_view one, std::string_view other) {
    const std::string* const value = tags.find(name);
    if (value == nullptr) {
        return true;
    }
    const auto parts = colon_list(ascii_lower(*value));
    return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) { return part == one || part == other; });
}

/// SubjectPublicKeyInfo, or the bare RSAPublicKey that RFC 6376 §3.6.1 names.
Key read_rsa(std::string_view der) {
    const unsigned char* at = octets(der);
    Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    if (!key) {
        at = octets(der);
        key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
    }
    ERR_clear_error();
    return key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA ? std::move(key) : Key();
}

int exponent_bits(const Key& key) {
    BIGNUM* exponent = nullptr;
    const bool read = EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
    const int bits = read ? BN_num_bits(exponent) : rsa_exponent_bits_max + 1;
    BN_free(exponent);
    return bits;
}

} // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

const char* name_of(Algorithm algorithm) { return algorithm == Algorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256"; }

Result<PublicKey> parse_key_record(std::string_view text) {
    const auto tags = parse_tags(text);
    if (!tags) {
        return unusable("the key record cannot be read");
    }
    if (tags->has("v") && (tags->tags().front().first != "v" || tags->text("v") != "DKIM1")) {
        return unusable("the key record is of another version");
    }
    if (!contains(*tags, "h", "sha256", "sha256") || !contains(*tags, "s", "email", "*")) {
        return unusable("the key is for something else");
    }
    const std::string kind = ascii_lower(tags->text("k", "rsa"));
    const std::string packed = without_space(tags->text("p"));
    if (packed.empty()) {
        return unusable(tags->has("p") ? "the key was revoked" : "the key record has no key");
    }
    const auto der = decode_base64(packed);
    if (!der || (kind != "rsa" && kind != "ed25519")) {
        return unusable("the key cannot be read");
    }
    PublicKey out;
    const auto flags = colon_list(ascii_lower(tags->text("t")));
    out.same_domain = std::find(flags.begin(), flags.end(), "s") != flags.end();
    if (kind == "ed25519") {
        out.algorithm = Algorithm::ed25519_sha256;
        out.key.reset(der->size() == ed25519_octets ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(*der), der->size()) : nullptr);
    } else {
        out.key = read_rsa(*der);
    }
    if (!out.key) {
        return unusable("the key cannot be read");
    }
    out.bits = EVP_PKEY_get_bits(out.key.get());
    if (kind == "rsa" && (out.bits < rsa_bits_min || out.bits > rsa_bits_max)) {
        return unusable("the key has " + std::to_string(out.bits) + " bits");  // RFC 8301 §3.2
    }
    if (kind == "rsa" && exponent_bits(out.key) > rsa_exponent_bits_max) {
        return unusable("the exponent of the key is too long");
    }
    return out;
}

bool verify(const PublicKey& key, std::string_view data, std::string_view signature) {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    const bool rsa = key.algorithm == Algorithm::rsa_sha256;
    const std::string hash = rsa ? std::string() : sha256(data);
    const std::string_view input = rsa ? data : std::string_view(hash);
    const bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, rsa ? EVP_sha256() : nullptr, nullptr, key.key.get()) == 1 &&
                      EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(input), input.size()) == 1;
    ERR_clear_error();
    return good;
}

Result<SigningKey> parse_private_key(std::string_view pem) {
    const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    SigningKey out;
    out.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    const int kind = out.key ? EVP_PKEY_get_base_id(out.key.get()) : 0;
    if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_ED25519) {
        return fail(ErrorKind::invalid, "the private key cannot be read");
    }
    out.algorithm = kind == EVP_PKEY_RSA ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256;
    return out;
}

Result<std::string> make_rsa_key(int bits) {
    const Key key(EVP_RSA_gen(static_cast<unsigned>(bits)));
    const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_secmem()));
    if (!key || !bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return fail(ErrorKind::io, "OpenSSL could not make a key");
    }
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string public_text(const SigningKey& key) {
    if (key.algorithm == Algorithm::ed25519_sha256) {
        unsigned char raw[ed25519_octets];
        std::size_t size = sizeof raw;
        EVP_PKEY_get_raw_public_key(key.key.get(), raw, &size);
        return base64(std::span<const unsigned char>(raw, size));
    }
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.key.get(), &der);
    std::string out = size > 0 ? base64(std::span<const unsigned char>(der, static_cast<std::size_t>(size))) : std::string();
    OPENSSL_free(der);
    return out;
}

Result<std::string> sign(const SigningKey& key, std::string_view data) {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    const bool rsa = key.algorithm == Algorithm::rsa_sha256;
    const std::string hash = rsa ? std::string() : sha256(data);
    const std::string_view input = rsa ? data : std::string_view(hash);
    std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get())), '\0');
    std::size_t size = out.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, rsa ? EVP_sha256() : nullptr, nullptr, key.key.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, octets(input), input.size()) != 1) {
        ERR_clear_error();
        return fail(ErrorKind::io, "OpenSSL could not sign");
    }
    out.resize(size);
    return out;
}

} // namespace hameau::mailauth
