// What leaves in this house's name: signed when a member or a script wrote it, sealed when it is passed on.
#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/results.hpp"
#include "modules/mail/milter/address.hpp"
#include "modules/mail/milter/limits.hpp"
#include "modules/mail/milter/session.hpp"

namespace hameau::milter {

namespace {

/// Dovecot puts both on top of each message that `redirect` hands on (Pigeonhole, cmd-redirect.c). In what a script wrote, X-Sieve is on top
/// and the house's own fields follow; fields that `notify` takes from a mailto: stand behind them. So the place tells, and the name alone does not.
constexpr std::string_view sieve_key = "x-sieve";
constexpr std::string_view redirected_key = "x-sieve-redirected-from";

std::string_view trim_spaces(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

std::string domain_of(std::string_view address) {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string() : std::string(address.substr(at + 1));
}

} // namespace

/// A recipient that leads to the outside through an alias or a group: the message goes on in the name of that address's domain. All copies
/// carry the same fields, so with recipients of two domains d= would tell the readers of one that the other got it too (Bcc).
void Session::begin_seal(const std::string& recipient) {
    if (signing_ == nullptr) {
        return;
    }
    if (sealer_.empty()) {
        sealer_ = domain_of(recipient);
        signing_->begin();
    }
    seals_ = seals_ && sealer_ == domain_of(recipient);
}

void Session::note_injected(const std::string& key, std::string_view value) {
    redirected_ = redirected_ || (headers_ == 1 && on_top_ && key == redirected_key);
    on_top_ = headers_ == 0 && key == sieve_key;
    ++headers_;
    note_rejection(key, value);
    if (key == "from" && from_.size() <= from_fields_max) {
        from_.emplace_back(value);
    }
    // Fields in our name were taken out when the message arrived, so the first one is what we found then.
    if (key == "authentication-results" && own_results_.empty() && incoming_ != nullptr && mailauth::claims_host(value, incoming_->host())) {
        own_results_ = mailauth::results_in(value);
    }
}

/// The name of the house in From is for Dovecot's own notice of a `reject` (Pigeonhole, sieve-actions.c), whose text names the mailbox.
/// `vacation` and `notify` write their own Auto-Submitted first, whatever a script adds below it (:mime, a mailto: with fields).
void Session::note_rejection(const std::string& key, std::string_view value) {
    const std::string text = ascii_lower(trim_spaces(value));
    if (key == "auto-submitted") {
        rejects_ = auto_submitted_ == 0 && text == "auto-replied (rejected)";
        ++auto_submitted_;
    } else if (key == "content-type" && !typed_) {
        typed_ = true;
        reports_ = text.starts_with("multipart/report;");
    }
}

/// Addresses that the owner of this mailbox may send as, those that lead to it alone, and the house's name for a rejection.
Result<bool> Session::may_write(const std::string& address) {
    auto sends = rights_.may_send(helo_, address);
    if (!sends || *sends) {
        return sends;
    }
    if (incoming_ != nullptr && address == "postmaster@" + incoming_->host()) {
        return is_rejection();  // Dovecot refuses in this name (postmaster_address)
    }
    return rights_.leads_only_to(address, helo_);
}

/// Of what a script wrote (an answer of `vacation`, a notice, a refusal): empty, or the refusal. `vacation :from` takes any address, and
/// what leaves with our signature must be from who wrote it. HELO without "@": the house itself wrote it.
std::string Session::check_written() {
    if (redirected_) {
        return {};
    }
    const auto addresses = from_.size() == 1 ? parse_addresses(from_.front()) : fail(ErrorKind::invalid, "not exactly one From field");
    if (!addresses || addresses->empty()) {
        return reply_text("550 5.7.1 The From header cannot be read");
    }
    author_domain_ = domain_of(addresses->front());
    for (const std::string& address : *addresses) {
        const auto allowed = by_house() ? Result<bool>(true) : may_write(address);
        if (!allowed) {
            return reply_text("451 4.3.0 The accounts cannot be read now; nothing was sent");
        }
        if (!*allowed) {
            return reply_text("550 5.7.1 A script of " + helo_ + " may not write as " + address);
        }
    }
    return {};
}

/// False: `step` is what comes next instead of the 250.
bool Session::sign_outgoing(Step& step) {
    const Signing::Reach reach = by_house() ? Signing::Reach::above : Signing::Reach::own;
    auto value = may_change_ ? signing_->sign(author_domain_, reach) : std::string();
    if (!value) {
        return put_fields(std::nullopt, step);
    }
    return put_fields(value->empty() ? Signing::Headers() : Signing::Headers{{"DKIM-Signature", std::move(*value)}}, step);
}

/// Likewise.
bool Session::seal_outgoing(Step& step) {
    const std::string host = incoming_ != nullptr ? incoming_->host() : "";
    const std::string domain = redirected_ ? domain_of(helo_) : sealer_;
    return put_fields(may_change_ && seals_ ? signing_->seal(domain, host, own_results_.empty() ? "none" : own_results_) : Signing::Headers(), step);
}

bool Session::put_fields(std::optional<Signing::Headers> fields, Step& step) const {
    if (!fields) {
        step.replies.clear();  // what was judged is judged again with the answers
        step.look_up = true;
        return false;
    }
    for (auto& [name, value] : *fields) {
        std::erase(value, '\r');  // Postfix folds with LF
        step.replies += reply_insert_header(name, spaces_ ? value : value.substr(1));
    }
    return true;
}

} // namespace hameau::milter
