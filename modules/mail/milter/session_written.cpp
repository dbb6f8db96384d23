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

std::string domain_of(std::string_view address) {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string() : std::string(address.substr(at + 1));
}

} // namespace

/// A recipient that leads to the outside through an alias or a group: the message goes on in the name of that address's domain.
void Session::begin_seal(const std::string& recipient) {
    if (signing_ != nullptr && sealer_.empty()) {
        sealer_ = domain_of(recipient);
        signing_->begin();
    }
}

void Session::note_injected(const std::string& key, std::string_view value) {
    redirected_ = redirected_ || (headers_ == 1 && on_top_ && key == redirected_key);
    on_top_ = headers_ == 0 && key == sieve_key;
    ++headers_;
    if (key == "from" && from_.size() <= from_fields_max) {
        from_.emplace_back(value);
    }
    // Fields in our name were taken out when the message arrived, so the first one is what we found then.
    if (key == "authentication-results" && own_results_.empty() && incoming_ != nullptr && mailauth::claims_host(value, incoming_->host())) {
        own_results_ = mailauth::results_in(value);
    }
}

/// Addresses at which the owner of this mailbox is written to, the tag aside, and those of the house's own notices.
Result<bool> Session::may_write(const std::string& address) {
    auto sends = rights_.may_send(helo_, address);
    if (!sends || *sends) {
        return sends;
    }
    if (incoming_ != nullptr && address == "postmaster@" + incoming_->host()) {
        return true;  // Dovecot refuses in this name (postmaster_address)
    }
    bool all_here = false;
    const auto mailboxes = rights_.mailboxes_of(address, all_here);
    if (!mailboxes) {
        return fail(mailboxes.error());
    }
    return std::find(mailboxes->begin(), mailboxes->end(), helo_) != mailboxes->end();
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
    return put_fields(may_change_ ? signing_->seal(domain, host, own_results_.empty() ? "none" : own_results_) : Signing::Headers(), step);
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
