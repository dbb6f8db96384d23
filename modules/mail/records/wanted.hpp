// Which records a domain needs so that its mail comes here, leaves here and is believed elsewhere. Pure: from facts of the house alone.
// Only what is true is wanted: a record for a service that this house does not serve is not in the list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/mail/records/dns_wire.hpp"

namespace hameau::mailrecords {

/// One DKIM key of the domain, as hameau-milter wrote its record.
struct DkimRecord {
    std::string name;   ///< SELECTOR._domainkey.DOMAIN
    std::string value;  ///< "v=DKIM1; k=rsa; p=..."
};

struct HouseFacts {
    std::string host;                     ///< the house's own name
    std::vector<std::string> addresses;   ///< what `host` leads to, as DNS says; empty: not known
    std::string smarthost;                ///< the host that mail leaves by; empty: directly
    std::string smarthost_spf;            ///< the term that it wants in SPF, such as "include:spf.relay.example"
    bool signs = false;                   ///< mail.outgoing_signatures
    std::vector<DkimRecord> dkim;         ///< empty while `signs`: the key is being made
    std::uint16_t imaps_port = 0;         ///< 0: not served
    std::uint16_t submissions_port = 0;
    std::uint16_t sieve_port = 0;
    std::uint16_t https_port = 0;
    bool serves_autoconfig = false;       ///< http://autoconfig.DOMAIN/ answers here
    bool serves_autodiscover = false;     ///< https://HOST/autodiscover/autodiscover.xml and autodiscover.DOMAIN answer here
    std::string mta_sts_id;               ///< of the policy that https://mta-sts.DOMAIN/ serves; empty: none is served
    std::string authority;                ///< the name in CAA of who makes the house's certificates; empty: not known
};

enum class Kind { mx, spf, dkim, dmarc, autoconfig, autodiscover, autodiscover_host, imaps, submissions, sieve, mta_sts_host, mta_sts, tls_report, caa, ptr };
enum class Need {
    required,  ///< without it mail does not come, or is refused elsewhere
    advised,
    optional,
};

struct Wanted {
    Kind kind = Kind::mx;
    Need need = Need::required;
    std::string id;     ///< unique in the list: "mx", "dkim.h20261201", "ptr.192.0.2.1"
    std::string name;   ///< lower case, without the last dot
    Type type = Type::mx;
    std::string value;  ///< as Reply::records writes it; empty: the house cannot say it (a key being made, a relay)
    bool alias = false; ///< `name` is to be an alias (CNAME) of the house; `type` is what is looked up
};

/// In the order of the page. `domain`: lower case, without the last dot.
std::vector<Wanted> wanted_records(const std::string& domain, const HouseFacts& facts);
const char* word_of(Kind kind);
const char* word_of(Need need);
/// The lines of STATE/milter/records/DOMAIN: "NAME TXT VALUE". What is no such line is left out.
std::vector<DkimRecord> read_dkim_records(std::string_view text);
/// "1.2.0.192.in-addr.arpa" (RFC 1035 §3.5, RFC 3596 §2.5); empty for what is no address.
std::string reverse_name(const std::string& address);

/// One record as the page of a registrar asks for it.
struct Form {
    std::string type;      ///< "TXT", "CNAME" ...
    std::string name;      ///< relative to the zone; "@" for the zone itself
    std::string full_name; ///< with the last dot
    /// What stands before the target: priority, weight, port, flags, tag. Names and values.
    std::vector<std::pair<std::string, std::string>> fields;
    std::string value;     ///< what goes into the field for the value: a target has its last dot
    std::string cut;       ///< of TXT: in strings of at most 255 octets, each in quotes (RFC 1035 §3.3.14); else empty
    std::string line;      ///< the line of a zone file
};
/// `zone`: the zone in which the record is written; where `name` is not below it, names are relative to `domain`.
Form form_of(const Wanted& wanted, const std::string& zone, const std::string& domain);

} // namespace hameau::mailrecords
