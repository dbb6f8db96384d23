// What an ACME client put there for the certificate authority to fetch over plain HTTP (RFC 8555 §8.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/gate/pages.hpp"

namespace hameau::gate {

inline constexpr std::string_view challenge_prefix = "/.well-known/acme-challenge/";

/// The response to a request for `path` (raw) from the file of that token in `folder`; nothing when it names no token or
/// there is none: then the request is one like all others.
std::optional<Answer> challenge_answer(const std::string& folder, std::string_view path);

} // namespace hameau::gate
