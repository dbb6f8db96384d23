// The field `Authorization` of the schemes Basic (RFC 7617) and Bearer (RFC 6750): what a program sends in the place of a session's cookie. Called by
// services.cpp for routes that are open to app passwords. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hameau::gate {

struct BasicCredentials {
    std::string login;
    std::string password;
};

/// Of the value of the field. Nothing: another scheme, or not what RFC 7617 §2 and RFC 4648 §4 say.
std::optional<BasicCredentials> parse_basic(std::string_view field);

/// The token of `Authorization: Bearer` (RFC 6750 §2.1); empty for another scheme, or one that is no b64token.
std::string parse_bearer(std::string_view field);

} // namespace hameau::gate
