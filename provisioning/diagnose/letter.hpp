// The mail to the admins when something became worse.
#pragma once

#include <string>
#include <vector>

#include "daemon/contract/diagnosis.hpp"
#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

/// A whole message (RFC 5322, RFC 2045): `at` in UTC seconds since 1970. Pure.
std::string letter_text(const std::string& host, const std::vector<std::string>& recipients, const std::vector<diagnosis::Finding>& worse, std::int64_t at, bool english);
/// Through Postfix's inject service, to each admin's first address, else the contact. Errors: unavailable (no mail here, no admin with
/// an address, Postfix does not take it).
Status send_letter(const Machine& machine, const std::vector<diagnosis::Finding>& worse);

} // namespace hameau::diagnose
