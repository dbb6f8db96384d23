// A question to a name server and its answer, as octets (RFC 1035 §4). Pure. The milter's c-ares reads neither SRV, CAA nor TLSA in
// the version of Debian 12, and cannot ask with CD; this page needs both. Answers come from strangers: every length is checked.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::mailrecords {

/// Numbers of IANA.
enum class Type : std::uint16_t { a = 1, ns = 2, soa = 6, ptr = 12, mx = 15, txt = 16, aaaa = 28, srv = 33, tlsa = 52, caa = 257 };
const char* word_of(Type type);

struct Question {
    std::string name;  ///< lower case, without the last dot
    Type type = Type::a;
    auto operator<=>(const Question&) const = default;
};

enum class Outcome {
    silent,   ///< no answer in time, or none that can be read
    failed,   ///< SERVFAIL, REFUSED ...
    no_name,  ///< NXDOMAIN
    none,     ///< the name is there without a record of this type
    found,
};

struct Reply {
    Outcome outcome = Outcome::silent;
    /// As text. a, aaaa: the address; mx "10 host"; srv "0 1 993 host"; caa "0 issue letsencrypt.org"; tlsa "3 1 1 HEX"; txt: its strings
    /// joined, any octets; ns, ptr, soa: the name. Names in lower case, without the last dot.
    std::vector<std::string> records;
    /// Of soa: the name of the zone, also when the name asked for lies below it (RFC 2308 §3).
    std::string zone;
    /// The last name of the chain of CNAME; empty without one.
    std::string alias;
    bool truncated = false;
    bool operator==(const Reply&) const = default;
};

enum class Asking {
    resolver,   ///< with RD
    unchecked,  ///< with RD and CD: an answer whose DNSSEC is wrong comes all the same (RFC 4035 §3.2.2)
    authority,  ///< without RD: what the server itself holds
};

/// Nothing: the name is none (label over 63 octets, name over 253, empty label).
std::optional<std::string> write_question(const Question& question, std::uint16_t id, Asking asking);
/// The first two octets of an answer.
std::optional<std::uint16_t> id_of(std::string_view octets);
/// Nothing: it is no answer to that question.
std::optional<Reply> read_reply(std::string_view octets, const Question& question);

} // namespace hameau::mailrecords
