// The network: addresses, names, ports, certificates as a visitor sees them. What strangers say is read by a child without root's rights (system.cpp).
#include <algorithm>
#include <array>
#include <cstdio>

#include "daemon/base/text.hpp"
#include "provisioning/acme_state.hpp"
#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/probes.hpp"

namespace hameau::diagnose {

namespace {

using provisioning::is_private_address;

constexpr std::int64_t day_s = std::int64_t{24} * 3600;

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

std::vector<std::string> of_family(const std::vector<std::string>& addresses, bool v6, bool open_only) {
    std::vector<std::string> out;
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(out),
                 [&](const std::string& one) { return is_v6(one) == v6 && !(open_only && is_private_address(one)); });
    return out;
}

const std::string& host_of(const Machine& machine) { return machine.settings().text("house.host"); }

/// Nobody on the internet knows it: why, or nothing.
std::optional<std::string_view> hidden(const Machine& machine) {
    if (machine.trial()) {
        return any::trial;
    }
    return host_of(machine).empty() ? std::optional(any::nameless) : std::nullopt;
}

Verdict network_ipv4(const Machine& machine) {
    if (machine.trial()) {
        return {State::unknown, any::trial};
    }
    const auto own = of_family(machine.addresses(), false, false);
    if (own.empty()) {
        return {State::broken, "none", {}};
    }
    const auto routes = machine.text("/proc/net/route");
    if (!routes) {
        return {State::unknown, any::unreadable};
    }
    const bool out = routes->find("\t00000000\t") != std::string::npos;
    const auto open = of_family(machine.addresses(), false, true);
    if (!out) {
        return {State::broken, "no_way", {{"address", own.front()}}};
    }
    return {State::fine, open.empty() ? "router" : "fine", {{"address", open.empty() ? own.front() : open.front()}}};
}

/// A network without IPv6 is no fault of the house, and works.
Verdict network_ipv6(const Machine& machine) {
    const auto own = of_family(machine.addresses(), true, true);
    if (own.empty()) {
        return {State::fine, "none", {}};
    }
    const auto routes = machine.text("/proc/net/ipv6_route");
    if (!routes) {
        return {State::unknown, any::unreadable};
    }
    bool out = false;
    for (const std::string_view line : split(*routes, '\n')) {
        const bool everywhere = line.starts_with("00000000000000000000000000000000 00 ");
        out = out || (everywhere && !line.ends_with(" lo"));
    }
    return {out ? State::fine : State::attention, out ? "fine" : "no_way", {{"address", own.front()}}};
}

Verdict network_resolver(const Machine& machine) {
    if (const auto why = hidden(machine)) {
        return {State::unknown, *why};
    }
    const bool answered = machine.look_up(host_of(machine), Record::a).answered;
    return {answered ? State::fine : State::broken, answered ? "fine" : "silent", {}};
}

/// Evidence that strangers reach port 80: the authority did, when it made the newest certificate.
Verdict network_reached(const Machine& machine) {
    if (const auto why = hidden(machine)) {
        return {State::unknown, *why};
    }
    const auto state = provisioning::AcmeState::parse(machine.text(machine.state() + "/tls/certificates").value_or(""));
    for (const auto& name : state.names) {
        if (name.code == provisioning::acme_code::unreachable || name.code == provisioning::acme_code::elsewhere) {
            return {State::broken, "not_reached", {{"name", name.host}}};
        }
    }
    const auto pem = machine.pem(machine.state() + "/tls/default.pem", host_of(machine));
    const bool ours = std::any_of(state.names.begin(), state.names.end(), [](const auto& name) { return !name.fingerprint.empty(); });
    if (pem && ours && !pem->self_made && machine.now_s() - pem->begins_s < reached_lately_s && machine.settings().text("house.acme_dns_hook").empty()) {
        return {State::fine, "fine", {{"days", std::to_string(std::max<std::int64_t>(machine.now_s() - pem->begins_s, 0) / day_s)}}};
    }
    return {State::unknown, "unknown", {}};
}

Verdict name_leads_here(const Machine& machine, bool v6) {
    if (const auto why = hidden(machine)) {
        return {State::unknown, *why};
    }
    const DnsAnswer answer = machine.look_up(host_of(machine), v6 ? Record::aaaa : Record::a);
    if (!answer.answered) {
        return {State::unknown, any::silent};
    }
    const auto own = of_family(machine.addresses(), v6, true);
    const std::string wanted = own.empty() ? std::string() : own.front();
    if (answer.found.empty()) {
        const State state = !v6 ? State::broken : own.empty() ? State::fine : State::attention;
        return {state, state == State::fine ? "none" : "missing", {{"name", host_of(machine)}, {"address", wanted}}};
    }
    const std::string all = some_of(answer.found);
    const bool ours = std::any_of(answer.found.begin(), answer.found.end(),
                                  [&own](const std::string& one) { return std::find(own.begin(), own.end(), one) != own.end(); });
    const bool reachable = std::any_of(answer.found.begin(), answer.found.end(), [](const std::string& one) { return !is_private_address(one); });
    if (!reachable) {
        return {State::broken, "private", {{"name", host_of(machine)}, {"address", all}}};
    }
    if (ours) {
        return {State::fine, "fine", {{"name", host_of(machine)}, {"address", all}}};
    }
    // Behind a router the address is the router's: nothing here can compare it.
    return {own.empty() && !v6 ? State::unknown : State::attention, own.empty() && !v6 ? "router" : "elsewhere", {{"name", host_of(machine)}, {"address", all}}};
}
Verdict dns_ipv4(const Machine& machine) { return name_leads_here(machine, false); }
Verdict dns_ipv6(const Machine& machine) { return name_leads_here(machine, true); }

/// Mail is refused by many when the address that it comes from has no name, or another one (RFC 1912 §2.1).
Verdict reverse_name(const Machine& machine, bool v6) {
    if (const auto why = hidden(machine)) {
        return {State::unknown, *why};
    }
    auto addresses = of_family(machine.addresses(), v6, true);
    if (addresses.empty()) {
        addresses = of_family(machine.look_up(host_of(machine), v6 ? Record::aaaa : Record::a).found, v6, true);
    }
    if (addresses.empty()) {
        return v6 ? Verdict{State::fine, "none", {}} : Verdict{State::unknown, any::silent};
    }
    const DnsAnswer answer = machine.look_up(addresses.front(), Record::ptr);
    if (!answer.answered) {
        return {State::unknown, any::silent};
    }
    const bool right = std::find(answer.found.begin(), answer.found.end(), host_of(machine)) != answer.found.end();
    return {right ? State::fine : State::attention, right ? "fine" : answer.found.empty() ? "missing" : "other",
            {{"address", addresses.front()}, {"name", host_of(machine)}, {"found", some_of(answer.found, 2)}}};
}
Verdict dns_reverse_ipv4(const Machine& machine) { return reverse_name(machine, false); }
Verdict dns_reverse_ipv6(const Machine& machine) { return reverse_name(machine, true); }

struct OfDomains {
    std::vector<std::string> lacking;
    std::size_t silent = 0;
    std::size_t looked = 0;
};

/// One look-up a domain that has mail here; at most `domains_max` of them.
template <class Right>
Verdict all_domains(const Machine& machine, Record record, const std::string& prefix, Right right) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    if (machine.trial()) {
        return {State::unknown, any::trial};
    }
    const auto rows = machine.ask("mail/mail.db", "SELECT name FROM engine_open_domain ORDER BY name");
    if (!rows) {
        return {State::unknown, any::unreadable};
    }
    if (rows->empty()) {
        return {State::unknown, any::empty};
    }
    OfDomains all;
    for (const Row& row : *rows) {
        if (all.looked == domains_max) {
            break;
        }
        ++all.looked;
        const DnsAnswer answer = machine.look_up(prefix + row.front(), record);
        if (!answer.answered) {
            ++all.silent;
        } else if (!std::any_of(answer.found.begin(), answer.found.end(), right)) {
            all.lacking.push_back(row.front());
        }
    }
    std::vector<std::pair<std::string, std::string>> values = {{"domains", some_of(all.lacking)}, {"name", host_of(machine)}, {"count", std::to_string(all.looked)}};
    if (!all.lacking.empty()) {
        return {State::attention, "missing", std::move(values)};
    }
    if (all.silent > 0) {
        return {State::unknown, any::silent};
    }
    return {State::fine, rows->size() > all.looked ? "some" : "fine", std::move(values)};
}

Verdict dns_mx(const Machine& machine) {
    const std::string& host = host_of(machine);
    return all_domains(machine, Record::mx, "", [&host](const std::string& one) { return ascii_lower(one) == host; });
}
Verdict dns_spf(const Machine& machine) {
    return all_domains(machine, Record::txt, "", [](const std::string& one) { return ascii_lower(one).starts_with("v=spf1"); });
}
Verdict dns_dmarc(const Machine& machine) {
    return all_domains(machine, Record::txt, "_dmarc.", [](const std::string& one) { return ascii_lower(one).starts_with("v=dmarc1"); });
}

unsigned port_of(const Machine& machine, const char* setting) { return static_cast<unsigned>(machine.settings().integer(setting)); }

Verdict of_answer(bool good, unsigned port) { return {good ? State::fine : State::broken, good ? "fine" : "silent", {{"port", std::to_string(port)}}}; }

Verdict port_http(const Machine& machine) {
    const unsigned port = port_of(machine, "house.http_port");
    return of_answer(machine.get(port, host_of(machine)) != 0, port);
}

Verdict port_https(const Machine& machine) {
    const unsigned port = port_of(machine, "house.https_port");
    return of_answer(machine.shake_hands("127.0.0.1", port, host_of(machine)).shaken, port);
}

/// Visitors whose network prefers IPv6 would wait for its silence before they try IPv4.
Verdict port_https_ipv6(const Machine& machine) {
    if (of_family(machine.addresses(), true, false).empty()) {
        return {State::fine, "none", {}};
    }
    const unsigned port = port_of(machine, "house.https_port");
    return of_answer(machine.shake_hands("::1", port, host_of(machine)).shaken, port);
}

Verdict greeting(const Machine& machine, const char* setting, std::string_view begin) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const unsigned port = port_of(machine, setting);
    return of_answer(machine.greet("127.0.0.1", port).line.starts_with(begin), port);
}
Verdict port_smtp(const Machine& machine) { return greeting(machine, "mail.smtp_port", "220"); }
Verdict port_submission(const Machine& machine) { return greeting(machine, "mail.submission_port", "220"); }
Verdict port_imap(const Machine& machine) { return greeting(machine, "mail.imap_port", "* OK"); }
Verdict port_sieve(const Machine& machine) { return greeting(machine, "mail.sieve_port", "\"IMPLEMENTATION\""); }

Verdict tls_port(const Machine& machine, const char* setting) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const unsigned port = port_of(machine, setting);
    return of_answer(machine.shake_hands("127.0.0.1", port, host_of(machine)).shaken, port);
}
Verdict port_submissions(const Machine& machine) { return tls_port(machine, "mail.submissions_port"); }
Verdict port_imaps(const Machine& machine) { return tls_port(machine, "mail.imaps_port"); }

/// Listeners of /proc/net/tcp by address and port: two at one place means that a second program takes a share of the connections.
std::size_t most_listeners(const std::optional<std::string>& table, unsigned port) {
    std::array<char, 8> hex{};
    std::snprintf(hex.data(), hex.size(), ":%04X", port);
    std::vector<std::string> seen;
    const std::string text = table.value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) {
            continue;
        }
        const auto columns = split(line.substr(colon + 2), ' ');
        if (columns.size() > 2 && columns[2] == "0A" && columns[0].ends_with(hex.data())) {
            seen.emplace_back(columns[0]);
        }
    }
    std::size_t most = 0;
    for (const std::string& one : seen) {
        most = std::max(most, static_cast<std::size_t>(std::count(seen.begin(), seen.end(), one)));
    }
    return most;
}

Verdict port_alone(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const auto four = machine.text("/proc/net/tcp");
    if (!four) {
        return {State::unknown, any::unreadable};
    }
    const auto six = machine.text("/proc/net/tcp6");
    std::vector<std::string> shared;
    for (const char* name : {"smtp", "submission", "submissions", "imap", "imaps", "sieve"}) {
        const unsigned port = port_of(machine, ("mail." + std::string(name) + "_port").c_str());
        if (most_listeners(four, port) > 1 || most_listeners(six, port) > 1) {
            shared.push_back(std::to_string(port));
        }
    }
    return {shared.empty() ? State::fine : State::broken, shared.empty() ? "fine" : "shared", {{"ports", some_of(shared)}}};
}

Verdict certificate_house(const Machine& machine) {
    const auto pem = machine.pem(machine.state() + "/tls/default.pem", host_of(machine));
    if (!pem) {
        return {State::broken, "missing", {}};
    }
    const std::int64_t left = pem->expires_s - machine.now_s();
    std::vector<std::pair<std::string, std::string>> values = {{"name", host_of(machine)}, {"days", std::to_string(std::max<std::int64_t>(left, 0) / day_s)}};
    if (left <= 0) {
        return {State::broken, "over", std::move(values)};
    }
    if (!pem->key_fits) {
        return {State::broken, "key", std::move(values)};
    }
    if (!pem->names_host && !host_of(machine).empty()) {
        return {State::broken, "other_name", std::move(values)};
    }
    if (left < ends_soon_s) {
        return {State::attention, "ends", std::move(values)};
    }
    const bool stranger = pem->self_made && !machine.trial();
    return {stranger ? State::attention : State::fine, stranger ? "own" : "fine", std::move(values)};
}

/// What browsers get: it may be an older one than the file's.
Verdict certificate_shown(const Machine& machine) {
    const TlsFacts shown = machine.shake_hands("127.0.0.1", port_of(machine, "house.https_port"), host_of(machine));
    const auto pem = machine.pem(machine.state() + "/tls/default.pem", host_of(machine));
    if (!shown.shaken || !pem) {
        return {State::unknown, any::silent};
    }
    const bool same = shown.expires_s == pem->expires_s;
    return {same ? State::fine : State::attention, same ? "fine" : "older", {}};
}

Verdict certificate_mail(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const TlsFacts shown = machine.shake_hands("127.0.0.1", port_of(machine, "mail.imaps_port"), host_of(machine));
    const auto pem = machine.pem(machine.state() + "/tls/default.pem", host_of(machine));
    if (!shown.shaken || !pem) {
        return {State::unknown, any::silent};
    }
    if (shown.expires_s <= machine.now_s()) {
        return {State::broken, "over", {}};
    }
    const bool same = shown.expires_s == pem->expires_s;
    return {same ? State::fine : State::attention, same ? "fine" : "older", {}};
}

Verdict certificate_all(const Machine& machine) {
    if (machine.trial()) {
        return {State::unknown, any::trial};
    }
    if (machine.settings().text("house.acme_url").empty()) {
        return {State::unknown, "by_hand", {}};
    }
    const auto text = machine.text(machine.state() + "/tls/certificates");
    if (!text) {
        return {State::unknown, any::empty};
    }
    std::vector<std::string> over;
    std::vector<std::string> failing;
    const auto state = provisioning::AcmeState::parse(*text);
    for (const auto& name : state.names) {
        if (name.expires <= machine.now_s()) {
            over.push_back(name.host);
        } else if (name.failures > 0) {
            failing.push_back(name.host);
        }
    }
    if (!over.empty()) {
        return {State::broken, "none", {{"names", some_of(over)}}};
    }
    return {failing.empty() ? State::fine : State::attention, failing.empty() ? "fine" : "failing", {{"names", some_of(failing)}, {"count", std::to_string(state.names.size())}}};
}

/// RFC 5782 §2.1: the address backwards below the list's name; an answer in 127.0.0.0/8 means that it is listed, 127.255.255.0/24
/// that the list does not answer us.
Verdict mail_blocklists(const Machine& machine) {
    const std::string& setting = machine.settings().text("house.diagnose_blocklists");
    if (setting.find_first_not_of(" ,") == std::string::npos) {
        return {State::unknown, "not_asked", {}};
    }
    if (hidden(machine) || !has_mail(machine)) {
        return {State::unknown, hidden(machine).value_or(any::off)};
    }
    auto addresses = of_family(machine.addresses(), false, true);
    if (addresses.empty()) {
        addresses = of_family(machine.look_up(host_of(machine), Record::a).found, false, true);
    }
    if (addresses.empty()) {
        return {State::unknown, any::silent};
    }
    const auto parts = split(addresses.front(), '.');
    std::string backwards;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        backwards += std::string(*part) + ".";
    }
    std::string zones = setting;
    std::replace(zones.begin(), zones.end(), ',', ' ');
    std::vector<std::string> listed;
    std::size_t asked = 0;
    std::size_t silent = 0;
    for (const std::string_view zone : split(zones, ' ')) {
        if (zone.empty() || asked == zones_max) {
            continue;
        }
        ++asked;
        const DnsAnswer answer = machine.look_up(backwards + std::string(zone), Record::a);
        const bool refused = std::any_of(answer.found.begin(), answer.found.end(), [](const std::string& one) { return one.starts_with("127.255.255."); });
        const bool hit = std::any_of(answer.found.begin(), answer.found.end(), [](const std::string& one) { return one.starts_with("127."); });
        silent += !answer.answered || refused ? 1 : 0;
        if (hit && !refused) {
            listed.emplace_back(zone);
        }
    }
    if (!listed.empty()) {
        return {State::broken, "listed", {{"address", addresses.front()}, {"lists", some_of(listed)}}};
    }
    return {silent > 0 ? State::unknown : State::fine, silent > 0 ? any::silent : "fine", {{"count", std::to_string(asked)}}};
}

constexpr std::array table = {
    Check{"network.ipv4", network_ipv4},
    Check{"network.ipv6", network_ipv6},
    Check{"network.resolver", network_resolver, look_up_deadline},
    Check{"network.reached", network_reached},
    Check{"dns.ipv4", dns_ipv4, look_up_deadline},
    Check{"dns.ipv6", dns_ipv6, look_up_deadline},
    Check{"dns.reverse_ipv4", dns_reverse_ipv4, look_up_deadline},
    Check{"dns.reverse_ipv6", dns_reverse_ipv6, look_up_deadline},
    Check{"dns.mx", dns_mx, look_up_deadline},
    Check{"dns.spf", dns_spf, look_up_deadline},
    Check{"dns.dmarc", dns_dmarc, look_up_deadline},
    Check{"port.http", port_http},
    Check{"port.https", port_https},
    Check{"port.https_ipv6", port_https_ipv6},
    Check{"port.smtp", port_smtp},
    Check{"port.submission", port_submission},
    Check{"port.submissions", port_submissions},
    Check{"port.imap", port_imap},
    Check{"port.imaps", port_imaps},
    Check{"port.sieve", port_sieve},
    Check{"port.alone", port_alone},
    Check{"certificate.house", certificate_house},
    Check{"certificate.shown", certificate_shown},
    Check{"certificate.mail", certificate_mail},
    Check{"certificate.all", certificate_all},
    Check{"mail.blocklists", mail_blocklists, look_up_deadline},
};

} // namespace

std::span<const Check> network_checks() { return table; }

} // namespace hameau::diagnose
