// The mail to the admins when something became worse.
#pragma once

#include <string>
#include <vector>

#include "daemon/contract/diagnosis.hpp"
#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

/// Who gets a letter, and when it is written: UTC seconds since 1970; `number` keeps Message-IDs of one second apart.
struct LetterHead {
    std::string host;
    std::string recipient;
    std::int64_t at = 0;
    std::size_t number = 0;
    bool english = false;
};
/// A whole message (RFC 5322, RFC 2045). It says which checks, and nothing of what others wrote: a service that was broken into must not
/// write to the admins in the house's name. Pure.
std::string letter_text(const LetterHead& head, const std::vector<diagnosis::Finding>& worse);
/// Through Postfix's inject service, one to each admin's first address, else the contact: nobody reads the others' addresses. Errors:
/// unavailable (no mail here, no admin with an address, Postfix takes none of them).
Status send_letter(const Machine& machine, const std::vector<diagnosis::Finding>& worse);

} // namespace hameau::diagnose
