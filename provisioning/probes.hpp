// What a new house finds out about its machine and its network before anybody is asked. Each probe is pure over the facts that it is
// given; only gather_facts() looks at the machine. Every look at the network is a child without root's rights, with a deadline.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hameau::provisioning {

enum class ProbeState { fine, attention, broken, unknown };

/// `code`: of the sentence in the catalogue of people, `values`: its parameters.
struct ProbeResult {
    std::string id;
    ProbeState state = ProbeState::unknown;
    std::string code;
    std::vector<std::pair<std::string, std::string>> values;
};

/// What a look-up gave: addresses or names; `answered` false: nobody answered in time.
struct LookUp {
    bool answered = false;
    std::vector<std::string> found;
};

struct MachineFacts {
    std::string host;                           ///< the name that is wanted; empty: none yet
    std::vector<std::string> addresses;         ///< of this machine, without loopback and link-local ones
    LookUp of_host;                             ///< the addresses of `host`
    std::vector<std::pair<std::string, LookUp>> reverse;  ///< names of the public addresses
    std::vector<unsigned> taken_ports;          ///< of mail, in use by somebody else
    std::optional<std::uint64_t> disk_free;     ///< bytes, where the state is
    std::optional<std::uint64_t> memory;        ///< bytes
    std::optional<bool> clock_set;              ///< the kernel's clock follows a reference
    std::int64_t now_s = 0;                     ///< UTC seconds since 1970
    std::string machine_name;                   ///< hostname -f; empty: not known
};

/// Whether nobody on the internet can reach it (RFC 1918, RFC 6598, RFC 4193, loopback, link-local).
bool is_private_address(const std::string& address);

std::vector<ProbeResult> judge(const MachineFacts& facts);
/// A host name that can be offered: the machine's own full name, else the name of a public address. Empty: none.
std::string proposed_host(const MachineFacts& facts);

/// `look_up`: addresses of a name; `look_back`: names of an address.
using Resolver = std::function<LookUp(const std::string&)>;
/// `proc`: "/proc". `state`: the state folder. `mail_ports`: looked at unless it is empty.
MachineFacts gather_facts(const std::string& host, const std::string& state, const std::string& proc, const std::vector<unsigned>& mail_ports,
                          const Resolver& look_up, const Resolver& look_back);

/// Lines "check TAB ID TAB STATE TAB CODE [TAB NAME=VALUE]...", "proposal TAB HOST", "address TAB ADDRESS".
std::string probe_lines(const MachineFacts& facts);

/// In a child: prints the addresses of a name, or the name of an address. 0, or 1 for none, 2 for no answer.
int print_addresses(const std::string& host);
int print_name(const std::string& address);

} // namespace hameau::provisioning
