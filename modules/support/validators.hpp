// Validators of the words that name things: slugs, logins, addresses, host names. Pure; shared by every module.
// They never accept what a shell, a path, a header or an SMTP command could read as more than a name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/text.hpp"

namespace hameau {

/// Latin letters in lower case without their accents (composed or combining; œ is oe); everything else is kept.
std::string without_accents(std::string_view text);

/// [a-z0-9-]{1,64}
bool is_slug(std::string_view text);

/// The login in its stored form (lower case), or nothing unless [a-z0-9._-]{1,64} in any case.
std::optional<std::string> normalise_login(std::string_view text);

/// A host name: labels of [a-z0-9-] (RFC 1123 §2.1), at most 253 bytes, at least two labels unless
/// `single_label` is allowed; lower case only.
enum class Labels { two_or_more, one_or_more };
bool is_host_name(std::string_view text, Labels labels = Labels::two_or_more);

/// A mail address in its stored form (lower case), or nothing. The practical subset of RFC 5321 §4.1.2:
/// dot-atom local part of at most 64 bytes, domain as is_host_name (in letters it is kept as A-labels), 254 bytes in all; no quotes, no literals.
std::optional<std::string> normalise_address(std::string_view text);
inline bool is_address(std::string_view text) { return normalise_address(text).has_value(); }

/// Text for people: valid UTF-8 without control characters (a line feed only where `lines` are allowed).
enum class TextKind { one_line, lines };
bool is_plain_text(std::string_view text, TextKind kind = TextKind::one_line);

/// Whether somebody would see anything of it: a letter, a number, a sign. Spaces, invisible characters (U+200B and its like) and
/// accents without a letter are none.
bool has_visible_character(std::string_view text);

/// Valid UTF-8 without the characters that nobody sees (Unicode's Default_Ignorable_Code_Point, UAX 44): they come along when a name is
/// pasted, and two names that look alike would be two. What a script or a picture needs stays: joiners and variation selectors behind
/// letters beyond Cyrillic and behind signs, the tags of a flag, the selector of a keycap. Other text comes back as it was.
std::string without_unseen(std::string_view text);

/// "500 MiB", "2 GiB", "64KiB", "1234" in bytes, or nothing.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// n characters (code points) of valid UTF-8.
std::size_t count_characters(std::string_view text);

} // namespace hameau
