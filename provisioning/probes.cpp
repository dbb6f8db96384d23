// What the first set-up says of the machine: looks at disk, memory, clock and DNS, then judgements of what was seen.
#include "provisioning/probes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/local_addresses.hpp"
#include "daemon/settings/values.hpp"
#include "provisioning/limits.hpp"

namespace hameau::provisioning {

namespace {

/// When this was written: a clock before that makes every certificate invalid.
constexpr std::int64_t clock_earliest_s = 1'795'000'000;

bool in_v4(std::uint32_t address, std::uint32_t network, unsigned bits) { return (address >> (32 - bits)) == (network >> (32 - bits)); }

std::vector<std::string> public_ones(const std::vector<std::string>& addresses) {
    std::vector<std::string> out;
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(out), [](const std::string& one) { return !is_private_address(one); });
    return out;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        out += (out.empty() ? "" : ", ") + word;
    }
    return out;
}

ProbeResult judge_name(const MachineFacts& facts) {
    const std::vector<std::string> own = public_ones(facts.addresses);
    const std::string wanted = own.empty() ? std::string() : own.front();
    ProbeResult out{"name", ProbeState::unknown, "probe_name_unknown", {{"name", facts.host}}};
    if (!facts.of_host.answered) {
        return out;
    }
    if (facts.of_host.found.empty()) {
        return {"name", ProbeState::broken, wanted.empty() ? "probe_name_missing_router" : "probe_name_missing", {{"name", facts.host}, {"address", wanted}}};
    }
    out.values.emplace_back("address", joined(facts.of_host.found));
    // Debian writes the machine's own name beside 127.0.1.1 into /etc/hosts: that says nothing of what others see.
    const bool here_only = std::all_of(facts.of_host.found.begin(), facts.of_host.found.end(),
                                       [](const std::string& one) { return one.starts_with("127.") || one == "::1"; });
    if (here_only) {
        return {"name", ProbeState::unknown, "probe_name_here", out.values};
    }
    const bool ours = std::any_of(facts.of_host.found.begin(), facts.of_host.found.end(), [&facts](const std::string& one) {
        return std::find(facts.addresses.begin(), facts.addresses.end(), one) != facts.addresses.end();
    });
    const bool reachable = !public_ones(facts.of_host.found).empty();
    if (ours && reachable) {
        return {"name", ProbeState::fine, "probe_name_fine", out.values};
    }
    if (!reachable) {
        return {"name", ProbeState::broken, "probe_name_private", out.values};
    }
    return {"name", ProbeState::attention, own.empty() ? "probe_name_router" : "probe_name_elsewhere", out.values};
}

ProbeResult judge_network(const MachineFacts& facts) {
    if (facts.addresses.empty()) {
        return {"network", ProbeState::broken, "probe_network_none", {}};
    }
    const bool open = std::any_of(facts.addresses.begin(), facts.addresses.end(), [](const std::string& one) {
        return one.find(':') == std::string::npos && !is_private_address(one);
    });
    return {"network", open ? ProbeState::fine : ProbeState::attention, open ? "probe_network_public" : "probe_network_private", {{"address", facts.addresses.front()}}};
}

ProbeResult judge_reverse(const MachineFacts& facts) {
    ProbeResult out{"reverse", ProbeState::unknown, "probe_reverse_unknown", {}};
    for (const auto& [address, look] : facts.reverse) {
        const bool right = std::find(look.found.begin(), look.found.end(), facts.host) != look.found.end();
        if (!look.answered) {
            continue;
        }
        out = {"reverse", right ? ProbeState::fine : ProbeState::attention, right ? "probe_reverse_fine" : "probe_reverse_other",
               {{"address", address}, {"name", facts.host}}};
        if (!right) {
            return out;
        }
    }
    return out;
}

ProbeResult judge_mail(const MachineFacts& facts) {
    std::vector<std::string> ports;
    for (const unsigned port : facts.taken_ports) {
        ports.push_back(std::to_string(port));
    }
    const bool taken = !ports.empty();
    return {"mail", taken ? ProbeState::broken : ProbeState::fine, taken ? "probe_mail_taken" : "probe_mail_fine", {{"ports", joined(ports)}}};
}

ProbeResult judge_size(std::string id, std::optional<std::uint64_t> bytes, std::uint64_t broken, std::uint64_t low) {
    const std::string base = "probe_" + id;
    if (!bytes) {
        return {std::move(id), ProbeState::unknown, base + "_unknown", {}};
    }
    const ProbeState state = *bytes < broken ? ProbeState::broken : *bytes < low ? ProbeState::attention : ProbeState::fine;
    return {std::move(id), state, base + (state == ProbeState::fine ? "_fine" : "_low"), {{"size", std::to_string(*bytes >> 20U)}}};
}

ProbeResult judge_clock(const MachineFacts& facts) {
    if (facts.now_s < clock_earliest_s) {
        return {"clock", ProbeState::broken, "probe_clock_wrong", {}};
    }
    if (!facts.clock_set) {
        return {"clock", ProbeState::unknown, "probe_clock_unknown", {}};
    }
    return {"clock", *facts.clock_set ? ProbeState::fine : ProbeState::attention, *facts.clock_set ? "probe_clock_fine" : "probe_clock_free", {}};
}

std::optional<std::uint64_t> memory_of(const std::string& proc) {
    const auto text = read_file(proc + "/meminfo", 65536);
    constexpr std::string_view key = "MemTotal:";
    const std::size_t at = text ? text->find(key) : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    return std::strtoull(text->c_str() + at + key.size(), nullptr, 10) << 10U;
}

/// The kernel's own word (adjtimex(2)); a unit with ProtectClock= may not ask, then systemd-timesyncd's mark.
std::optional<bool> clock_is_set() {
    timex state{};
    if (::adjtimex(&state) >= 0) {
        return (static_cast<unsigned>(state.status) & static_cast<unsigned>(STA_UNSYNC)) == 0;
    }
    return ::access("/run/systemd/timesync/synchronized", F_OK) == 0 ? std::optional(true) : std::nullopt;
}

std::string full_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0) {
        return {};
    }
    addrinfo hints{};
    hints.ai_flags = AI_CANONNAME;
    addrinfo* found = nullptr;
    // /etc/hosts knows a machine's full name; a name with a dot is one already.
    std::string full = name;
    if (full.find('.') == std::string::npos && ::getaddrinfo(name, nullptr, &hints, &found) == 0 && found != nullptr) {
        full = found->ai_canonname != nullptr ? found->ai_canonname : "";
        ::freeaddrinfo(found);
    }
    return full;
}

std::string_view word_of(ProbeState state) {
    switch (state) {
    case ProbeState::fine: return "fine";
    case ProbeState::attention: return "attention";
    case ProbeState::broken: return "broken";
    case ProbeState::unknown: break;
    }
    return "unknown";
}

bool can_be_offered(const std::string& name) {
    const auto host = parse_host_name(name);
    if (!host || host->find('.') == std::string::npos) {
        return false;
    }
    const std::string last = host->substr(host->rfind('.') + 1);
    for (const char* inner : {"local", "lan", "home", "internal", "localdomain", "localhost", "arpa", "box"}) {
        if (last == inner) {
            return false;
        }
    }
    return last.find_first_not_of("0123456789") != std::string::npos;
}

} // namespace

bool is_private_address(const std::string& address) {
    in_addr four{};
    if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
        const std::uint32_t number = ntohl(four.s_addr);
        return in_v4(number, 0x0a000000, 8) || in_v4(number, 0xac100000, 12) || in_v4(number, 0xc0a80000, 16) || in_v4(number, 0x64400000, 10) ||
               in_v4(number, 0x7f000000, 8) || in_v4(number, 0xa9fe0000, 16) || number == 0;
    }
    in6_addr six{};
    if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) {
        return true;
    }
    return (six.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&six) || IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_UNSPECIFIED(&six);
}

std::vector<ProbeResult> judge(const MachineFacts& facts) {
    std::vector<ProbeResult> out;
    if (!facts.host.empty()) {
        out.push_back(judge_name(facts));
    }
    out.push_back(judge_network(facts));
    if (!facts.host.empty() && !facts.reverse.empty()) {
        out.push_back(judge_reverse(facts));
    }
    out.push_back(judge_mail(facts));
    out.push_back(judge_size("disk", facts.disk_free, disk_broken, disk_low));
    out.push_back(judge_size("memory", facts.memory, 0, memory_low));
    out.push_back(judge_clock(facts));
    return out;
}

std::string proposed_host(const MachineFacts& facts) {
    if (can_be_offered(facts.machine_name)) {
        return *parse_host_name(facts.machine_name);
    }
    for (const auto& [address, look] : facts.reverse) {
        for (const std::string& name : look.found) {
            if (can_be_offered(name)) {
                return *parse_host_name(name);
            }
        }
    }
    return {};
}

MachineFacts gather_facts(const std::string& host, const std::string& state, const std::string& proc, const std::vector<unsigned>& mail_ports,
                          const Resolver& look_up, const Resolver& look_back) {
    MachineFacts facts;
    facts.host = host;
    facts.addresses = local_addresses();
    if (!host.empty()) {
        facts.of_host = look_up(host);
    }
    std::size_t looked = 0;
    for (const std::string& address : public_ones(facts.addresses)) {
        if (looked++ < 2) {  // one of each family; each may take its whole deadline
            facts.reverse.emplace_back(address, look_back(address));
        }
    }
    for (const unsigned port : mail_ports) {
        const auto bound = bind_tcp("0.0.0.0", static_cast<std::uint16_t>(port));
        if (!bound && bound.error().code == std::errc::address_in_use) {
            facts.taken_ports.push_back(port);
        }
    }
    struct statvfs disk {};
    if (::statvfs(state.c_str(), &disk) == 0) {
        facts.disk_free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    }
    facts.memory = memory_of(proc);
    facts.clock_set = clock_is_set();
    facts.now_s = std::time(nullptr);
    facts.machine_name = full_name();
    return facts;
}

std::string probe_lines(const MachineFacts& facts) {
    std::string out;
    for (const ProbeResult& result : judge(facts)) {
        out += "check\t" + result.id + "\t" + std::string(word_of(result.state)) + "\t" + result.code;
        for (const auto& [name, value] : result.values) {
            out += "\t" + name + "=" + value;
        }
        out += "\n";
    }
    if (const std::string host = proposed_host(facts); !host.empty()) {
        out += "proposal\t" + host + "\n";
    }
    for (const std::string& address : facts.addresses) {
        out += "address\t" + address + "\n";
    }
    return out;
}

int print_addresses(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    std::size_t count = 0;
    for (const addrinfo* one = found; one != nullptr && count < found_max; one = one->ai_next, ++count) {
        char text[INET6_ADDRSTRLEN + 16] = {};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
            std::printf("%s\n", text);
        }
    }
    if (found != nullptr) {
        ::freeaddrinfo(found);
    }
    return code == 0 ? 0 : code == EAI_NONAME || code == EAI_NODATA ? 1 : 2;
}

int print_name(const std::string& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), nullptr, &hints, &found) != 0 || found == nullptr) {
        return 2;
    }
    char text[NI_MAXHOST] = {};
    const int code = ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NAMEREQD);
    ::freeaddrinfo(found);
    if (code == 0) {
        std::printf("%s\n", text);
    }
    return code == 0 ? 0 : code == EAI_NONAME || code == EAI_NODATA ? 1 : 2;
}

} // namespace hameau::provisioning
