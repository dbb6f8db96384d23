// Passwords, codes and tokens: the calls of libsodium, each in one place. A text is never kept, only its hash.
#include "modules/people/secrets.hpp"

#include <array>
#include <span>

#include <sodium.h>

#include "daemon/base/io.hpp"
#include "daemon/base/secret.hpp"
#include "modules/people/limits.hpp"
#include "modules/support/opaque_password.hpp"

namespace hameau::people {

namespace {

constexpr std::size_t token_bytes = 32;

/// The hash of a random password that nobody kept: what an unknown login is compared with.
constexpr const char* nobody_hash =
    "$argon2id$v=19$m=19456,t=2,p=1$P6eHH4A5n10mXQuwG0yaMA$4j0F7+cFN/iD1cASH4jbjntEfzmKkix9Q0mPGW5RYiw";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

} // namespace

bool start_secrets() { return sodium_init() >= 0; }

std::string new_token() { return random_base32(token_bytes); }

std::string token_hash(std::string_view token) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256(hash.data(), bytes_of(token), token.size());
    return to_hex(hash);
}

std::optional<std::string> hash_password(std::string_view password) {
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), argon_operations, argon_memory_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return std::nullopt;
    }
    return std::string(out.data());
}

bool password_matches(const std::string& hash, std::string_view password) {
    const bool known = is_password_hash(hash);
    const char* const compared = known ? hash.c_str() : nobody_hash;
    const auto same = [compared](std::string_view form) { return crypto_pwhash_str_verify(compared, form.data(), form.size()) == 0; };
    auto normal = opaque_password(password);
    bool right = normal && same(*normal);
    // What was set before passwords had one form (or holds a tab) is known by the bytes that were typed then.
    right = (!normal || *normal != password) && same(password) ? true : right;
    if (normal) {
        wipe(normal->data(), normal->size());
    }
    return right && known;
}

bool is_password_hash(std::string_view hash) {
    // Exactly our parameters: an imported hash must not choose how much memory its verification takes.
    return hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && hash.size() < crypto_pwhash_STRBYTES &&
           hash.find('\0') == std::string_view::npos;
}

std::optional<std::string> hash_code(std::string_view code, std::string_view salt) {
    std::array<unsigned char, crypto_pwhash_SALTBYTES> salt_bytes{};
    static_assert(crypto_pwhash_SALTBYTES == 16);
    crypto_generichash(salt_bytes.data(), salt_bytes.size(), bytes_of(salt), salt.size(), nullptr, 0);
    std::array<unsigned char, 32> out{};
    if (crypto_pwhash(out.data(), out.size(), code.data(), code.size(), salt_bytes.data(), argon_operations,
                      argon_memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return std::nullopt;
    }
    return to_hex(out);
}

std::vector<std::string> hash_codes(const std::vector<std::string>& readings, std::string_view salt) {
    std::vector<std::string> hashes;
    for (const std::string& reading : readings) {
        if (auto hash = hash_code(reading, salt)) {
            hashes.push_back(std::move(*hash));
        }
    }
    return hashes;
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace hameau::people
