// The list of domains and the three documents.
#include "daemon/contract/mail_names.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace hameau::mailnames {

namespace {

struct Prefix {
    std::string_view text;
    Label label;
};
constexpr std::array prefixes = {Prefix{"autoconfig.", Label::autoconfig}, Prefix{"autodiscover.", Label::autodiscover}, Prefix{"mta-sts.", Label::mta_sts}};

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && text.front() != '.' && text.back() != '.' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

void add_server(std::string& out, std::string_view element, std::string_view type, const std::string& host, std::uint16_t port, std::string_view encryption) {
    if (port == 0) {
        return;
    }
    out.append("    <").append(element).append(" type=\"").append(type).append("\">\n      <hostname>").append(host);
    out.append("</hostname>\n      <port>").append(std::to_string(port)).append("</port>\n      <socketType>").append(encryption);
    out.append("</socketType>\n      <authentication>password-cleartext</authentication>\n      <username>%EMAILADDRESS%</username>\n    </");
    out.append(element).append(">\n");
}

/// One encrypted port, TLS from the start before STARTTLS (RFC 8314 §3).
void add_protocol(std::string& out, std::string_view type, const std::string& host, std::uint16_t tls, std::uint16_t starttls, std::string_view login) {
    if (tls == 0 && starttls == 0) {
        return;
    }
    out.append("      <Protocol>\n        <Type>").append(type).append("</Type>\n        <Server>").append(host).append("</Server>\n        <Port>");
    out.append(std::to_string(tls != 0 ? tls : starttls)).append("</Port>\n        <DomainRequired>off</DomainRequired>\n");
    if (!login.empty()) {
        out.append("        <LoginName>").append(login).append("</LoginName>\n");
    }
    out.append("        <SPA>off</SPA>\n        <SSL>on</SSL>\n        <Encryption>").append(tls != 0 ? "SSL" : "TLS");
    out.append("</Encryption>\n        <AuthRequired>on</AuthRequired>\n");
    out.append(type == "SMTP" ? "        <UsePOPAuth>off</UsePOPAuth>\n        <SMTPLast>off</SMTPLast>\n" : "");
    out.append("      </Protocol>\n");
}

constexpr std::string_view outlook_head =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n";

} // namespace

Result<Domains> Domains::parse(std::string_view text) {
    Domains out;
    if (text.size() > mail_domains_bytes_max) {
        return fail(ErrorKind::too_large, "the list of mail domains is over its limit");
    }
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        const bool ordered = out.names_.empty() || out.names_.back() < line;
        if (end == std::string_view::npos || !is_name(line) || !ordered || out.names_.size() == mail_domains_max) {
            return fail(ErrorKind::invalid, "mail/served/domains:" + std::to_string(out.names_.size() + 1) + ": a host name was expected, in order");
        }
        out.names_.emplace_back(line);
        text.remove_prefix(end + 1);
    }
    return out;
}

Domains Domains::of(std::vector<std::string> names) {
    Domains out;
    std::erase_if(names, [](const std::string& name) { return !is_name(name); });
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    names.resize(std::min(names.size(), mail_domains_max));
    out.names_ = std::move(names);
    return out;
}

std::string_view Domains::find(std::string_view domain) const {
    const auto at = std::lower_bound(names_.begin(), names_.end(), domain);
    return at != names_.end() && *at == domain ? std::string_view(*at) : std::string_view();
}

std::string Domains::to_text() const {
    std::string out;
    for (const std::string& name : names_) {
        out.append(name).append("\n");
    }
    return out;
}

std::optional<Asked> read_host(std::string_view host) {
    for (const Prefix& prefix : prefixes) {
        if (host.starts_with(prefix.text) && is_name(host.substr(prefix.text.size()))) {
            return Asked{prefix.label, host.substr(prefix.text.size())};
        }
    }
    return std::nullopt;
}

std::vector<std::string> hosts_of(const std::string& domain) {
    std::vector<std::string> out;
    for (const Prefix& prefix : prefixes) {
        out.push_back(std::string(prefix.text) + domain);
    }
    return out;
}

std::string thunderbird_document(const Ports& ports, const std::string& domain) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"" + domain + "\">\n";
    out += "    <domain>" + domain + "</domain>\n    <displayName>" + domain + "</displayName>\n    <displayShortName>" + domain + "</displayShortName>\n";
    add_server(out, "incomingServer", "imap", ports.host, ports.imaps, "SSL");
    add_server(out, "incomingServer", "imap", ports.host, ports.imap, "STARTTLS");
    add_server(out, "outgoingServer", "smtp", ports.host, ports.submissions, "SSL");
    add_server(out, "outgoingServer", "smtp", ports.host, ports.submission, "STARTTLS");
    return out + "  </emailProvider>\n</clientConfig>\n";
}

std::string outlook_document(const Ports& ports, std::string_view login) {
    std::string out(outlook_head);
    out += "  <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n"
           "    <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n";
    add_protocol(out, "IMAP", ports.host, ports.imaps, ports.imap, login);
    add_protocol(out, "SMTP", ports.host, ports.submissions, ports.submission, login);
    return out + "    </Account>\n  </Response>\n</Autodiscover>\n";
}

std::string outlook_refusal() {
    return std::string(outlook_head) +
           "  <Response>\n    <Error Time=\"00:00:00.0000000\" Id=\"1\">\n      <ErrorCode>500</ErrorCode>\n"
           "      <Message>The address is not one of this server.</Message>\n      <DebugData />\n    </Error>\n  </Response>\n</Autodiscover>\n";
}

std::string mta_sts_policy(std::string_view host, std::string_view mode) {
    // RFC 8461 §3.2. While it is tried or withdrawn it is kept for a day, so that a mistake ends soon; afterwards two weeks, so that an attacker
    // would have to hide it for as long.
    const std::uint32_t seconds = mode == "enforce" ? mta_sts_enforced_seconds : mta_sts_tried_seconds;
    std::string out = "version: STSv1\r\nmode: " + std::string(mode) + "\r\n";
    out += mode == "none" ? "" : "mx: " + std::string(host) + "\r\n";
    return out + "max_age: " + std::to_string(seconds) + "\r\n";
}

std::string security_text(std::string_view host, std::int64_t now_s) {
    constexpr std::int64_t day = 86400;
    const std::time_t expires = static_cast<std::time_t>((now_s / day + security_text_days) * day);
    std::tm parts{};
    ::gmtime_r(&expires, &parts);
    char text[32] = {};
    (void)std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return "Contact: mailto:postmaster@" + std::string(host) + "\nExpires: " + text + "\nPreferred-Languages: fr, en\nCanonical: https://" + std::string(host) +
           "/.well-known/security.txt\n";
}

std::string mta_sts_id(std::string_view policy) {
    // FNV-1a, 64 bits: the policy is our own text, and the id only tells that it is another one than before.
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : policy) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (unsigned shift = 64; shift > 0; shift -= 4) {
        out += digits[(hash >> (shift - 4)) & 0xfU];
    }
    return out;
}

} // namespace hameau::mailnames
