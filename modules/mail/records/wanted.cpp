// The table of records, and how registrars write them.
#include "modules/mail/records/wanted.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/records/limits.hpp"

namespace hameau::mailrecords {

namespace {

constexpr std::string_view mx_preference = "10 ";

void add_dkim(const std::string& domain, const HouseFacts& facts, std::vector<Wanted>& out) {
    if (!facts.signs) {
        return;
    }
    for (const DkimRecord& key : facts.dkim) {
        out.push_back({Kind::dkim, Need::required, "dkim." + key.name.substr(0, key.name.find('.')), key.name, Type::txt, key.value});
    }
    if (facts.dkim.empty()) {
        out.push_back({Kind::dkim, Need::required, "dkim", "_domainkey." + domain, Type::txt, ""});
    }
}

std::string spf_value(const HouseFacts& facts) {
    if (facts.smarthost.empty()) {
        return "v=spf1 mx -all";
    }
    return facts.smarthost_spf.empty() ? std::string() : "v=spf1 mx " + facts.smarthost_spf + " -all";
}

/// RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8: priority, weight, port, target.
void add_service(Kind kind, const std::string& label, std::uint16_t port, const std::string& domain, const HouseFacts& facts, std::vector<Wanted>& out) {
    if (port != 0) {
        out.push_back({kind, Need::optional, word_of(kind), label + "._tcp." + domain, Type::srv, "0 1 " + std::to_string(port) + " " + facts.host});
    }
}

std::string relative(const std::string& name, const std::string& zone) {
    return name == zone ? "@" : name.substr(0, name.size() - zone.size() - 1);
}

std::string in_strings(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at == 0 || at < text.size(); at += string_octets_max) {
        out += out.empty() ? "\"" : " \"";
        for (const char c : text.substr(at, string_octets_max)) {
            out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
        }
        out += '"';
    }
    return out;
}

} // namespace

const char* word_of(Kind kind) {
    switch (kind) {
    case Kind::mx: return "mx";
    case Kind::spf: return "spf";
    case Kind::dkim: return "dkim";
    case Kind::dmarc: return "dmarc";
    case Kind::autoconfig: return "autoconfig";
    case Kind::autodiscover: return "autodiscover";
    case Kind::autodiscover_host: return "autodiscover_host";
    case Kind::imaps: return "imaps";
    case Kind::submissions: return "submissions";
    case Kind::sieve: return "sieve";
    case Kind::mta_sts_host: return "mta_sts_host";
    case Kind::mta_sts: return "mta_sts";
    case Kind::tls_report: return "tls_report";
    case Kind::caa: return "caa";
    case Kind::ptr: return "ptr";
    }
    return "";
}

const char* word_of(Need need) {
    return need == Need::required ? "required" : need == Need::advised ? "advised" : "optional";
}

std::string reverse_name(const std::string& address) {
    const auto octets = mailauth::read_address(address);
    std::string out;
    if (!octets) {
        return out;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    for (auto octet = octets->rbegin(); octet != octets->rend(); ++octet) {
        const auto number = static_cast<unsigned char>(*octet);
        if (octets->size() == 4) {
            out += std::to_string(number) + ".";
        } else {
            out += std::string{digits[number & 0xfU], '.', digits[number >> 4U], '.'};
        }
    }
    return out + (octets->size() == 4 ? "in-addr.arpa" : "ip6.arpa");
}

std::vector<DkimRecord> read_dkim_records(std::string_view text) {
    std::vector<DkimRecord> out;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t end = line.find(' ');
        constexpr std::string_view type = " TXT ";
        if (end == std::string_view::npos || line.substr(end, type.size()) != type || line.find("._domainkey.") > end) {
            continue;
        }
        out.push_back({ascii_lower(line.substr(0, end)), std::string(trimmed(line.substr(end + type.size())))});
    }
    return out;
}

std::vector<Wanted> wanted_records(const std::string& domain, const HouseFacts& facts) {
    std::vector<Wanted> out;
    const std::string target(mx_preference);
    out.push_back({Kind::mx, Need::required, "mx", domain, Type::mx, target + facts.host});
    out.push_back({Kind::spf, Need::required, "spf", domain, Type::txt, spf_value(facts)});
    add_dkim(domain, facts, out);
    out.push_back({Kind::dmarc, Need::required, "dmarc", "_dmarc." + domain, Type::txt, "v=DMARC1; p=quarantine"});
    if (facts.serves_autoconfig) {
        out.push_back({Kind::autoconfig, Need::advised, "autoconfig", "autoconfig." + domain, Type::a, facts.host, true});
    }
    if (facts.serves_autodiscover) {
        out.push_back({Kind::autodiscover_host, Need::optional, "autodiscover_host", "autodiscover." + domain, Type::a, facts.host, true});
    }
    add_service(Kind::autodiscover, "_autodiscover", facts.serves_autodiscover ? facts.https_port : 0, domain, facts, out);
    add_service(Kind::imaps, "_imaps", facts.imaps_port, domain, facts, out);
    add_service(Kind::submissions, "_submissions", facts.submissions_port, domain, facts, out);
    add_service(Kind::sieve, "_sieve", facts.sieve_port, domain, facts, out);
    if (!facts.mta_sts_id.empty()) {
        out.push_back({Kind::mta_sts_host, Need::optional, "mta_sts_host", "mta-sts." + domain, Type::a, facts.host, true});
        out.push_back({Kind::mta_sts, Need::optional, "mta_sts", "_mta-sts." + domain, Type::txt, "v=STSv1; id=" + facts.mta_sts_id});
    }
    out.push_back({Kind::tls_report, Need::optional, "tls_report", "_smtp._tls." + domain, Type::txt, "v=TLSRPTv1; rua=mailto:postmaster@" + domain});
    if (!facts.authority.empty()) {
        out.push_back({Kind::caa, Need::optional, "caa", domain, Type::caa, "0 issue " + facts.authority});
    }
    // Through a relay other servers see the relay's address.
    for (const std::string& address : facts.smarthost.empty() ? facts.addresses : std::vector<std::string>()) {
        out.push_back({Kind::ptr, Need::required, "ptr." + address, reverse_name(address), Type::ptr, facts.host});
    }
    std::erase_if(out, [](const Wanted& one) { return !mailauth::is_domain(one.name); });
    return out;
}

Form form_of(const Wanted& wanted, const std::string& zone, const std::string& domain) {
    Form form;
    const std::string& base = !zone.empty() && mailauth::is_at_or_below(wanted.name, zone) ? zone : domain;
    const bool below = mailauth::is_at_or_below(wanted.name, base);
    form.type = wanted.alias ? "CNAME" : word_of(wanted.type);
    form.full_name = wanted.name + ".";
    form.name = below ? relative(wanted.name, base) : form.full_name;
    std::string rest = wanted.value;
    const auto field = [&form, &rest](const char* name) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        form.fields.emplace_back(name, rest.substr(0, end));
        rest.erase(0, end + 1);
    };
    if (wanted.type == Type::mx) {
        field("priority");
    } else if (wanted.type == Type::srv) {
        field("priority");
        field("weight");
        field("port");
    } else if (wanted.type == Type::caa) {
        field("flags");
        field("tag");
    }
    const bool has_target = wanted.alias || wanted.type == Type::mx || wanted.type == Type::srv || wanted.type == Type::ptr;
    form.value = rest.empty() ? "" : has_target ? rest + "." : rest;
    if (form.value.empty()) {
        return form;
    }
    std::string data = form.value;
    if (wanted.type == Type::txt) {
        form.cut = in_strings(form.value);
        data = form.cut;
    } else if (wanted.type == Type::caa) {
        data = "\"" + form.value + "\"";
    }
    form.line = form.full_name + " 3600 IN " + form.type + " ";
    for (const auto& [name, value] : form.fields) {
        form.line += value + " ";
    }
    form.line += data;
    return form;
}

} // namespace hameau::mailrecords
