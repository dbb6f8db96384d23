// AES-256-CBC and HMAC-SHA-256, as RFC 5077 §4 recommends; OpenSSL lays the ticket out.
#include "daemon/gate/ticket_keys.hpp"

#include <algorithm>
#include <chrono>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "daemon/gate/channel.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace {

constexpr std::int64_t life_ms = std::chrono::milliseconds(ticket_key_life).count();

int index_of_keys() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

bool set_mac(EVP_MAC_CTX* mac, const TicketKeys::Key& key) {
    std::array<char, 7> digest = {'s', 'h', 'a', '2', '5', '6', '\0'};
    auto bytes = key.mac;
    const std::array<OSSL_PARAM, 3> parameters = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes.data(), bytes.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    const bool set = EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return set;
}

/// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 good, 2 good and to be renewed, 0 no ticket, -1 broken.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
    auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index_of_keys()));
    const std::int64_t now = Deadlines::now_ms();
    if (seal == 1) {
        const TicketKeys::Key& key = keys->present(now);
        std::copy(key.name.begin(), key.name.end(), name);
        const bool good = RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
                          EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 && set_mac(mac, key);
        return good ? 1 : -1;
    }
    const TicketKeys::Key* key = nullptr;
    const TicketKeys::Age age = keys->find({name, TicketKeys::Key{}.name.size()}, now, key);
    if (age == TicketKeys::Age::unknown) {
        return 0;
    }
    if (!set_mac(mac, *key) || EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) {
        return -1;
    }
    return age == TicketKeys::Age::present ? 1 : 2;
}

void wipe_key(TicketKeys::Key& key) { OPENSSL_cleanse(&key, sizeof key); }

} // namespace

TicketKeys::~TicketKeys() {
    wipe_key(present_);
    wipe_key(former_);
}

void TicketKeys::rotate(std::int64_t now_ms) {
    if (has_former_ && now_ms - former_.made_ms >= 2 * life_ms) {
        wipe_key(former_);
        has_former_ = false;
    }
    if (has_present_ && now_ms - present_.made_ms < life_ms) {
        return;
    }
    if (has_present_ && now_ms - present_.made_ms < 2 * life_ms) {
        former_ = present_;
        has_former_ = true;
    }
    RAND_bytes(present_.name.data(), static_cast<int>(present_.name.size()));
    RAND_bytes(present_.cipher.data(), static_cast<int>(present_.cipher.size()));
    RAND_bytes(present_.mac.data(), static_cast<int>(present_.mac.size()));
    present_.made_ms = now_ms;
    has_present_ = true;
}

const TicketKeys::Key& TicketKeys::present(std::int64_t now_ms) {
    rotate(now_ms);
    return present_;
}

TicketKeys::Age TicketKeys::find(std::span<const unsigned char> name, std::int64_t now_ms, const Key*& found) {
    rotate(now_ms);
    if (std::equal(name.begin(), name.end(), present_.name.begin(), present_.name.end())) {
        found = &present_;
        return Age::present;
    }
    if (has_former_ && std::equal(name.begin(), name.end(), former_.name.begin(), former_.name.end())) {
        found = &former_;
        return Age::former;
    }
    return Age::unknown;
}

void TicketKeys::use_in(SSL_CTX* context) {
    SSL_CTX_set_ex_data(context, index_of_keys(), this);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

} // namespace hameau::gate
