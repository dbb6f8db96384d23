// Decisions of mail without any input or output: which words make an address, the Sieve of a forwarding.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/mail/limits.hpp"

namespace hameau::mail {

inline constexpr std::array<std::string_view, 4> app_password_scopes = {"imap", "submission", "dav", "deploy"};
/// One of app_password_scopes.
bool is_scope(std::string_view word);

/// What follows "@", or nothing.
std::string_view domain_of(std::string_view address);
std::string_view local_of(std::string_view address);
/// marie+news@amis.test is marie@amis.test: the engines' recipient delimiter.
std::string without_tag(std::string_view address);

/// [a-z0-9._-], a letter or a digit at both ends; an alias may have "+" too. No "..": normalise_address() saw to it.
bool is_mailbox_local(std::string_view local);
bool is_alias_local(std::string_view local);
/// postmaster and abuse (RFC 2142 §5): an alias may stand there, never a mailbox of one person.
bool is_reserved_local(std::string_view local);

/// The script that keeps a copy and sends one to each (RFC 5228, RFC 3894).
std::string forward_script(const std::vector<std::string>& targets);
/// A quoted string of RFC 5228 §2.4.2.
std::string sieve_quoted(std::string_view text);

/// "500 MiB", as it is typed.
std::string size_text(std::uint64_t bytes);

} // namespace hameau::mail
