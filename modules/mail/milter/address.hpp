// The addresses in a From header, after RFC 5322 §3.4 with the obsolete forms of §4.4. Strict: what cannot be read
// whole is an error, since a program that shows the mail might read it in another way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

/// local@domain, in lower case, without comments, quotes taken away where they are not needed. A group gives its
/// members. Errors: invalid with what is wrong.
Result<std::vector<std::string>> parse_addresses(std::string_view header);
/// marie+fete@amis.test -> marie@amis.test; others unchanged.
std::string without_tag(std::string_view address);

} // namespace hameau::milter
