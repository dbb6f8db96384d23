// Tokens, codes and passwords: made, hashed, compared. Nothing here is ever printed or stored in clear.
// argon2id (libsodium) for what people choose or type; SHA-256 for tokens of 256 random bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::people {

/// Once per process, before anything else here.
bool start_secrets();

/// 256 random bits, 52 characters of [a-z2-7].
std::string new_token();
inline constexpr std::size_t token_characters = 52;
/// SHA-256 in hex.
std::string token_hash(std::string_view token);

/// argon2id, opslimit 2, memlimit 19 MiB (slow: only within run_slow). Nothing when the memory cannot be had.
std::optional<std::string> hash_password(std::string_view password);
/// In the normal form, and as it was typed when that is another text. Does the same work whatever the hash; an empty or
/// foreign hash never matches.
bool password_matches(const std::string& hash, std::string_view password);
/// A hash that another house made and that we can verify within our limits.
bool is_password_hash(std::string_view hash);

/// A typed code under a salt, with argon2id like a password, so that a stolen file does not give the codes at once.
/// `salt` is 16 bytes or more. Nothing when the memory cannot be had.
std::optional<std::string> hash_code(std::string_view code, std::string_view salt);
/// The same for each reading of a typed code (policy.hpp, readings_of_code()). Fewer than asked for when the memory
/// cannot be had.
std::vector<std::string> hash_codes(const std::vector<std::string>& readings, std::string_view salt);

/// In constant time for equal lengths.
bool same_secret(std::string_view a, std::string_view b);

} // namespace hameau::people
