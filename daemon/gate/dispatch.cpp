// The choice by host and scheme; the order of the checks is part of what they promise.
#include "daemon/gate/dispatch.hpp"

#include "daemon/contract/near_networks.hpp"
#include "daemon/gate/challenge.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/mail_names.hpp"
#include "daemon/gate/services.hpp"
#include "daemon/gate/site_pages.hpp"

namespace hameau::gate {

namespace {

/// Whether plain HTTP sends this visitor to HTTPS (RFC 6797 §7.2).
bool must_redirect(const Visit& visit, const HostChoice& choice) {
    const GateOptions& options = visit.gate.options();
    if (visit.scheme == "https" || options.trial) {
        return false;
    }
    return choice.services || !options.serve_plain;
}

void redirect_to_https(Visit& visit) {
    const std::uint16_t port = visit.gate.options().https_port;
    std::string location = "https://" + visit.head.host + (port == 443 ? "" : ":" + std::to_string(port));
    location += visit.head.path;
    if (visit.head.has_query) {
        location.append("?").append(visit.head.query);
    }
    send_redirect(visit, 308, std::move(location));
}

bool is_near(const Address& address) {
    static const Networks near(near_networks);
    return near.contain(address);
}

/// Plain HTTP of a house that waits for its set-up: where to go, and nothing that is secret. To strangers it is nobody.
void serve_waiting(Visit& visit) {
    visit.services = true;
    if (!is_near(visit.address)) {
        return send_problem(visit, 421, "no_such_host");
    }
    if (visit.head.method != "GET" && visit.head.method != "HEAD") {
        return send_problem(visit, 405, "method");
    }
    const std::uint16_t port = visit.gate.options().https_port;
    return send_answer(visit, waiting_page("https://" + visit.head.host + (port == 443 ? "" : ":" + std::to_string(port)) + "/setup", visit.language()));
}

} // namespace

const GateRoute* serve_request(Visit& visit) {
    const GateOptions& options = visit.gate.options();
    HostChoice choice = choose_host(visit.head.host, options, visit.gate.sites().map());
    if (choice.site == nullptr && !options.trial && is_address_literal(visit.head.host) && is_near(visit.address)) {
        choice.services = true;
    }
    visit.services = choice.services;
    // Before the choice of a host: a name may have no page yet, or none any more.
    if (visit.scheme == "http" && visit.head.method == "GET") {
        if (auto answer = challenge_answer(visit.gate.options().challenge_folder, visit.head.path)) {
            send_answer(visit, std::move(*answer));
            return nullptr;
        }
    }
    if (options.waiting() && visit.scheme == "http") {
        serve_waiting(visit);
        return nullptr;
    }
    const auto mail = options.waiting() ? std::nullopt : read_mail_question(visit.head.host, visit.head.path, visit.head.query, choice.services, visit.gate.mail_names().domains());
    if (mail) {
        return serve_mail_question(visit, *mail);  // before the redirect to HTTPS: programs ask while the name's certificate has not come
    }
    if (!choice.services && choice.site == nullptr) {
        visit.services = true;  // nobody's page: as strict as the house's
        send_problem(visit, 421, "no_such_host");
        return nullptr;
    }
    if (must_redirect(visit, choice)) {
        if (choice.site != nullptr && visit.gate.options().certificates_come && !visit.gate.tls().covers(choice.site->host)) {
            send_problem(visit, 503, "certificate_soon");  // behind the redirect would be a warning of the browser
            return nullptr;
        }
        redirect_to_https(visit);
        return nullptr;
    }
    if (choice.services) {
        return serve_services(visit);
    }
    serve_site(visit, *choice.site);
    return nullptr;
}

} // namespace hameau::gate
