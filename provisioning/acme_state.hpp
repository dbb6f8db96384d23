// What the house knows about each of its certificates of an ACME authority (RFC 8555): when it was asked for, what came of it,
// when it is asked for again. Pure data and arithmetic; acme.cpp does the work. The file is STATE/tls/certificates: written by
// hameau-provision as root only, read by hameaud (its first line) and by the verb `certificate`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::provisioning {

/// The word for how a name stands. Words, not numbers: the file is read by people too.
namespace acme_code {
inline constexpr std::string_view fine = "fine";
inline constexpr std::string_view own = "own";                    ///< the admin put it there: never replaced
inline constexpr std::string_view asked = "asked";                ///< due, not asked for yet
inline constexpr std::string_view no_authority = "no_authority";  ///< house.acme_url is empty
inline constexpr std::string_view not_public = "not_public";      ///< a name that no authority certifies
inline constexpr std::string_view no_address = "no_address";      ///< the DNS has no address for it
inline constexpr std::string_view not_here = "not_here";          ///< a name beside a mail domain whose DNS does not lead to this house: not asked for
inline constexpr std::string_view unreachable = "unreachable";    ///< the authority could not reach port 80
inline constexpr std::string_view elsewhere = "elsewhere";        ///< another machine answered
inline constexpr std::string_view rate_limited = "rate_limited";
inline constexpr std::string_view refused = "refused";            ///< the authority does not certify it (policy, CAA)
inline constexpr std::string_view authority_away = "authority_away";
inline constexpr std::string_view bad_clock = "bad_clock";        ///< this machine's time cannot be right
inline constexpr std::string_view no_client = "no_client";        ///< uacme is not installed
inline constexpr std::string_view failed = "failed";
} // namespace acme_code

/// Seconds since 1970, as everywhere in this file.
struct AcmeName {
    std::string host;
    std::string code = std::string(acme_code::asked);
    std::int64_t expires = 0;      ///< of the certificate that is there; 0: none
    unsigned failures = 0;         ///< in a row
    std::int64_t next = 0;         ///< when to look at it again
    std::string fingerprint;       ///< SHA-256 of the certificate that we put there, in hexadecimal; empty: none
    std::string detail;            ///< the authority's words, cut and without control characters
};

/// What the admin is to know of all certificates: how many are not as they should be, and the worst of them.
struct AcmeTrouble {
    std::size_t count = 0;  ///< 0: nothing, and the other fields are empty
    std::string host;
    std::string code;
    std::int64_t expires = 0;  ///< of the certificate that is there; 0: there is none
};

struct AcmeState {
    std::int64_t next = 0;  ///< when anything is to be done
    AcmeTrouble trouble;    ///< the second line of the file, when there is any: hameaud shows it to the admin
    std::vector<AcmeName> names;

    /// A damaged line is left out: its name is looked at again.
    static AcmeState parse(std::string_view text);
    std::string to_text() const;
    AcmeName* find(std::string_view host);
};

/// Which word the output of uacme stands for. RFC 8555 §6.7: the problem's type in its JSON.
std::string_view acme_code_of(std::string_view output);
/// The "detail" of the last problem in the output, at most 200 characters, printable; empty: none.
std::string acme_detail_of(std::string_view output);

/// From when on a certificate is renewed: when a third of its life is left. Works for 90, 45 and 6 days alike.
std::int64_t renewal_of(std::int64_t not_before, std::int64_t not_after);
/// How long to wait after so many failures in a row: 10 min, 1 h, 6 h, 24 h, each ± 10 % (`random`: any number).
std::int64_t back_off(unsigned failures, std::uint32_t random);
/// The house's own name when its certificate is not a good one; of any name a certificate that is there and was refused its renewal
/// three times in a row, or is over (one that never came is told by sites, to the site's manager too); of one that the admin put there the end of it,
/// from 14 days before on. The worst: the house's own, then the one that ends first.
AcmeTrouble trouble_of(const std::vector<AcmeName>& names, std::string_view house, std::int64_t now);
/// A name that an authority of the internet may certify: two labels at least, not of a local zone, no address.
bool is_public_name(std::string_view host);

} // namespace hameau::provisioning
