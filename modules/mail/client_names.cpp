// The names beside mail domains: the list of domains for the gate and the certificates, and Outlook's form, which has an address in it.
#include <array>

#include "daemon/base/io.hpp"
#include "daemon/contract/mail_names.hpp"
#include "modules/mail/limits.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/mail/outlook_request.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

namespace {

constexpr Event domains_not_served{"mail.domains_not_served", Level::warning,
                                   "programs cannot find the settings of a new mail domain by themselves until the disk allows it"};

/// The whole body; empty when it is larger than what is read, or breaks off.
Task<std::string> read_small(Request& request) {
    std::string out;
    std::array<char, 4096> piece{};
    while (request.body != nullptr) {
        const std::span<char> room(piece);
        const auto n = co_await request.body->read_some(room);
        if (!n || out.size() + *n > outlook_request_bytes_max) {
            co_return std::string();
        }
        if (*n == 0) {
            break;
        }
        out.append(piece.data(), *n);
    }
    co_return out;
}

std::uint16_t port_of(const Settings& settings, std::string_view key) { return static_cast<std::uint16_t>(settings.integer(key)); }

} // namespace

void Mail::serve_domains() {
    const std::string folder = context_->folder() + "/served";
    const std::string text = mailnames::Domains::of(store_->open_domains()).to_text();
    const auto stands = read_file(folder + "/domains", mailnames::mail_domains_bytes_max);
    if (stands && *stands == text) {
        return;
    }
    Status served = make_folder(folder, 0755);
    served = served ? write_file_atomically(folder + "/domains", text, 0644) : served;
    if (!served) {
        context_->journal().write(domains_not_served, {{"error", served.error().message}});
        return;
    }
    context_->announce("hosts");
}

Task<Response> Mail::answer_outlook(Request& request) {
    const std::string body = co_await read_small(request);
    const auto address = normalise_address(outlook_address(body));
    // Whether the address exists is not told: each of a domain that is served gets the same.
    const bool ours = address && mailnames::Domains::of(store_->open_domains()).has(domain_of(*address)) && is_mailbox_local(local_of(*address));
    const Settings& settings = context_->settings();
    mailnames::Ports ports;
    ports.host = settings.text("house.host");
    ports.imaps = port_of(settings, "mail.imaps_port");
    ports.imap = port_of(settings, "mail.imap_port");
    ports.submissions = port_of(settings, "mail.submissions_port");
    ports.submission = port_of(settings, "mail.submission_port");
    Response response;
    response.headers.emplace_back("Content-Type", "application/xml; charset=utf-8");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = ours ? mailnames::outlook_document(ports, *address) : mailnames::outlook_refusal();
    co_return response;
}

} // namespace hameau::mail
