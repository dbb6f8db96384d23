// What the judges of this folder ask of DNS. They open no socket: they ask a Resolver, and stop where it does not know yet.
//
// A judge is a pure function that may run several times: when ask() gives nothing, the judge returns "not yet", the caller waits
// for the answers and calls it again. It asks the same questions again, which now have answers. So no judge has a state between two
// answers, and tests need no event loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hameau::mailauth {

enum class RecordType { a, aaaa, mx, txt, ptr };

struct Answer {
    enum class Status {
        found,    ///< `records` has at least one
        none,     ///< the name is there, and has no record of this type
        no_name,  ///< NXDOMAIN: neither the name nor anything below it (RFC 8020)
        failed,   ///< SERVFAIL, no answer in time, or a limit of ours
    };
    Status status = Status::none;
    /// a: 4 octets, aaaa: 16 octets, mx: the hosts, the preferred first, txt: its strings joined, ptr: the names.
    std::vector<std::string> records;
    /// Of failed: a limit of ours ended it (budget, time, open look-ups), and DNS did not fail. The sender of a message can bring this about.
    bool limited = false;
};

class Resolver {
public:
    virtual ~Resolver() = default;
    /// Nothing: not known yet. The answer stays valid until the next message. `name`: lower case or not, without the last dot.
    virtual const Answer* ask(RecordType type, const std::string& name) = 0;
    /// The same, before all others and with a budget of its own, which nothing that the sender wrote for SPF, DKIM or ARC can use up.
    virtual const Answer* ask_first(RecordType type, const std::string& name) { return ask(type, name); }
    /// The next message begins.
    virtual void forget() {}
};

/// At most 253 octets in labels of 1 to 63 octets; one dot at its end is taken away. The octets themselves are not looked at.
bool is_domain(std::string_view name);
/// A domain of letters, digits, "-" and "_" with at least two labels: what may stand in a field of ours.
bool is_plain_domain(std::string_view name);
/// The same name, or a name below it. Both in lower case.
bool is_at_or_below(std::string_view name, std::string_view parent);
/// In lower case and without the last dot.
std::string normal_domain(std::string_view name);

} // namespace hameau::mailauth
