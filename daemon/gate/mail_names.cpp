// Which document, by Host and path; the documents themselves are in daemon/contract/mail_names.cpp.
#include "daemon/gate/mail_names.hpp"

#include <algorithm>
#include <ctime>
#include <fcntl.h>

#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/base/text.hpp"
#include "daemon/gate/gate.hpp"

namespace hameau::gate {

namespace {

using What = MailQuestion::What;
using mailnames::Label;

constexpr std::string_view thunderbird_path = "/mail/config-v1.1.xml";
constexpr std::string_view thunderbird_well_known = "/.well-known/autoconfig/mail/config-v1.1.xml";
constexpr std::string_view outlook_path = "/autodiscover/autodiscover.xml";
constexpr std::string_view security_path = "/.well-known/security.txt";
constexpr std::string_view policy_path = "/.well-known/mta-sts.txt";

std::uint16_t port_of(const Settings& settings, std::string_view key) { return settings.has(key) ? static_cast<std::uint16_t>(settings.integer(key)) : 0; }

/// The domain of `emailaddress`; empty when there is none in the query. What is no address gives a domain that nobody has.
std::string domain_in(std::string_view query) {
    constexpr std::string_view name = "emailaddress=";
    for (const std::string_view pair : split(query, '&')) {
        if (pair.starts_with(name)) {
            const auto address = percent_decode(pair.substr(name.size()), true);
            // Thunderbird writes %EMAILADDRESS% itself where the person has not written an address yet.
            if (!address || address->empty() || address->find('@') == std::string::npos) {
                return {};
            }
            return ascii_lower(address->substr(address->rfind('@') + 1));
        }
    }
    return {};
}

/// Of the domain that the address has; without an address, of the one in Host.
MailQuestion thunderbird_question(std::string_view host_domain, std::string_view query, const mailnames::Domains& domains) {
    const std::string asked = domain_in(query);
    if (asked.empty()) {
        return {domains.has(host_domain) ? What::thunderbird : What::nothing, host_domain};
    }
    const std::string_view ours = domains.find(asked);
    return {ours.empty() ? What::nothing : What::thunderbird, ours};
}

void send_document(Visit& visit, std::string body, std::string_view type) {
    if (visit.head.method != "GET" && visit.head.method != "HEAD") {
        return send_problem(visit, 405, "method");
    }
    Answer answer;
    answer.headers.append("Content-Type: ").append(type).append("\r\nCache-Control: no-cache\r\n");
    answer.body = std::move(body);
    send_answer(visit, std::move(answer));
}

/// A form with an address in it is read by hameau-mail: the gate parses no XML.
const GateRoute* serve_outlook(Visit& visit) {
    const GateOptions& options = visit.gate.options();
    if (visit.scheme == "http" && !options.trial) {
        // Outlook asks by plain HTTP where the certificate has not come, and goes where it is sent ([MS-OXDISCO] §3.1.5.4).
        send_redirect(visit, 302, "https://" + options.house_host + (options.https_port == 443 ? "" : ":" + std::to_string(options.https_port)) + std::string(outlook_path));
        return nullptr;
    }
    if (visit.head.method == "POST") {
        const GateRoute* route = visit.gate.router().find(visit.head.path);
        if (route == nullptr) {
            send_problem(visit, 404, "not_found");
        }
        return route;
    }
    send_document(visit, mailnames::outlook_document(visit.gate.mail_names().ports(), ""), "application/xml; charset=utf-8");
    return nullptr;
}

} // namespace

MailNames MailNames::open(const Settings& settings, const std::string& folder) {
    MailNames out;
    out.ports_ = {settings.text("house.host"), port_of(settings, "mail.imaps_port"), port_of(settings, "mail.imap_port"),
                  port_of(settings, "mail.submissions_port"), port_of(settings, "mail.submission_port")};
    out.policy_ = mailnames::mta_sts_policy(out.ports_.host, settings.has("mail.mta_sts") ? settings.text("mail.mta_sts") : "none");
    if (settings.has("mail.enabled") && settings.boolean("mail.enabled")) {
        out.folder_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    return out;
}

Status MailNames::reload() {
    if (!folder_) {
        return {};
    }
    const auto file = open_regular(folder_.get(), "domains");
    if (!file && file.error().kind == ErrorKind::not_found) {
        return {};  // mail was never started
    }
    const auto text = file ? read_all(file->get(), mailnames::mail_domains_bytes_max) : Result<std::string>(fail(file.error()));
    auto read = text ? mailnames::Domains::parse(*text) : Result<mailnames::Domains>(fail(text.error()));
    if (!read) {
        return fail(std::move(read.error()).during("mail/served/domains"));
    }
    domains_ = std::move(*read);
    return {};
}

std::optional<MailQuestion> read_mail_question(std::string_view host, std::string_view path, std::string_view query, bool house, const mailnames::Domains& domains) {
    if (domains.names().empty()) {
        return std::nullopt;
    }
    const auto asked = house ? std::nullopt : mailnames::read_host(host);
    const bool outlook = equals(path, outlook_path);
    if (asked && domains.has(asked->domain)) {
        const bool thunderbird = path == thunderbird_path || path == thunderbird_well_known;
        if (asked->label == Label::autoconfig && thunderbird) {
            return thunderbird_question(asked->domain, query, domains);
        }
        const bool here = asked->label == Label::autodiscover ? outlook : asked->label == Label::mta_sts && path == policy_path;
        return MailQuestion{!here ? What::nothing : outlook ? What::outlook : What::mta_sts, asked->domain};
    }
    if (house && path == security_path) {
        return MailQuestion{What::security, {}};
    }
    if (path == thunderbird_well_known && (house || domains.has(host))) {
        return thunderbird_question(host, query, domains);
    }
    if (outlook && (house || domains.has(host))) {
        return MailQuestion{What::outlook, {}};
    }
    return std::nullopt;
}

const GateRoute* serve_mail_question(Visit& visit, const MailQuestion& question) {
    visit.services = true;  // as strict as the house's own pages
    const MailNames& names = visit.gate.mail_names();
    switch (question.what) {
    case What::thunderbird:
        send_document(visit, mailnames::thunderbird_document(names.ports(), std::string(question.domain)), "text/xml; charset=utf-8");
        return nullptr;
    case What::outlook:
        return serve_outlook(visit);
    case What::mta_sts:
        // RFC 8461 §3.3: by HTTPS alone, and no redirect is followed.
        if (visit.scheme == "https" || visit.gate.options().trial) {
            send_document(visit, names.policy(), "text/plain");
        } else {
            send_problem(visit, 404, "not_found");
        }
        return nullptr;
    case What::security:
        // RFC 9116 §3: by HTTPS. Sites have none of the house's: whom to write to about a site is its association's to say.
        if (visit.scheme == "https" || visit.gate.options().trial) {
            send_document(visit, mailnames::security_text(names.ports().host, std::time(nullptr)), "text/plain; charset=utf-8");
        } else {
            const GateOptions& options = visit.gate.options();
            send_redirect(visit, 308, "https://" + options.house_host + (options.https_port == 443 ? "" : ":" + std::to_string(options.https_port)) + std::string(security_path));
        }
        return nullptr;
    case What::nothing:
        break;
    }
    send_problem(visit, 404, "not_found");
    return nullptr;
}

} // namespace hameau::gate
