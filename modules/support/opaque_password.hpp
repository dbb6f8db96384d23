// The one form in which a password is kept and compared: the OpaqueString profile of RFC 8265.
// Called by people where a password is set or checked, and by hameau-password for what a mail program sends.
// It never looks at length or strength (passwords.hpp does), and never keeps or logs what it is given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hameau {

/// Every space of Unicode becomes U+0020, then NFC; case and width stay. Nothing for what the profile refuses: an empty
/// text, controls (tabs and line ends among them), invisible and unassigned characters, what is not UTF-8.
std::optional<std::string> opaque_password(std::string_view typed);

} // namespace hameau
