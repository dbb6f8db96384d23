// SPF, DKIM and ARC first, DMARC over them, then what is done.
#include "modules/mail/milter/incoming.hpp"

#include <algorithm>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/milter/address.hpp"

namespace hameau::milter {

using namespace mailauth;

namespace {

constexpr const char* results_name = "Authentication-Results";

/// The domains in all From fields, each once, as A-labels. Nothing: a field cannot be read, or there is none.
std::optional<std::vector<std::string>> author_domains(const std::vector<Field>& fields) {
    std::vector<std::string> domains;
    for (const Field& field : fields) {
        if (field.key != "from") {
            continue;
        }
        const auto addresses = parse_addresses(field.value);
        if (!addresses) {
            return std::nullopt;
        }
        for (const std::string& address : *addresses) {
            const std::string domain = normal_domain(domain_as_kept(address.substr(address.rfind('@') + 1)));
            if (std::find(domains.begin(), domains.end(), domain) == domains.end()) {
                domains.push_back(domain);
            }
        }
    }
    return domains.empty() ? std::nullopt : std::optional(domains);
}

std::string folded_with_lf(std::string text) {
    std::erase(text, '\r');
    return text;
}

} // namespace

void Incoming::connect(std::string_view address) { address_ = read_address(address).value_or(""); }

void Incoming::begin(std::string_view sender) {
    forget();
    // The budget of look-ups is one message's, also after one that was decided without waiting for its answers.
    resolver_.forget();
    sender_ = sender;
}

void Incoming::forget() {
    fields_ = std::vector<Field>();  // clear() keeps the memory
    signed_ = std::vector<Signed>();
    unreadable_.clear();
    hashes_ = BodyHashes();
    arc_.reset();
    header_octets_ = 0;
    headers_over_ = too_much_ = from_too_long_ = false;
    from_fields_ = 0;
}

void Incoming::add_header(std::string_view name, std::string_view value) {
    Field field = make_field(name, value);
    header_octets_ += name.size() + value.size();
    too_much_ = too_much_ || fields_.size() >= fields_max || header_octets_ > header_octets_max;
    // From always counts: nobody gets rid of a policy by a long header section.
    const bool from = field.key == "from";
    from_fields_ += from ? 1 : 0;
    if (from && (from_fields_ > from_fields_max || value.size() > address_bytes_max * addresses_max)) {
        from_too_long_ = true;
    }
    if (!too_much_ || (from && !from_too_long_)) {
        fields_.push_back(std::move(field));
    }
}

/// Which hashes of the body are needed is known once all signatures are here.
void Incoming::end_headers() {
    headers_over_ = true;
    if (too_much_) {
        unreadable_.push_back({DkimResult::permerror, "the header section is too large", "", "", "", ""});
        return;
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (fields_[i].key != "dkim-signature") {
            continue;
        }
        if (signed_.size() + unreadable_.size() == dkim_signatures_max) {
            break;
        }
        auto signature = parse_signature(fields_[i].value, SignatureKind::dkim);
        if (!signature) {
            unreadable_.push_back({DkimResult::permerror, signature.error().message, "", "", "", ""});
            continue;
        }
        hashes_.want(signature->body_form, signature->length);
        signed_.push_back({std::move(*signature), i, std::nullopt});
    }
    want_arc_hash(fields_, hashes_);
}

void Incoming::add_body(std::string_view octets) {
    if (!headers_over_) {
        end_headers();
    }
    hashes_.add(octets);
}

std::optional<SpfVerdict> Incoming::judge_spf(long now_seconds) {
    if (address_.empty()) {
        return SpfVerdict{SpfResult::none, "", sender_.empty(), ""};
    }
    SpfQuestion question;
    question.address = address_;
    question.helo = helo_;
    question.sender = sender_;
    question.receiver = host_;
    question.now_seconds = now_seconds;
    return check_spf(question, resolver_);
}

/// False: a key is missing.
bool Incoming::judge_dkim(VerifyTime time, std::vector<DkimVerdict>& verdicts) {
    bool complete = true;
    for (Signed& one : signed_) {
        if (!one.verdict) {
            BodyHash* const hash = hashes_.find(one.signature.body_form, one.signature.length);
            one.verdict = verify_signature(one.signature, fields_[one.field], fields_, *hash, resolver_, time);
        }
        complete = complete && one.verdict.has_value();
        verdicts.push_back(one.verdict.value_or(DkimVerdict()));
    }
    verdicts.insert(verdicts.end(), unreadable_.begin(), unreadable_.end());
    return complete;
}

/// Empty, or why nobody can tell whose policy counts: such a message could show the name of any domain.
std::string Incoming::refusal_of_authors(const std::optional<std::vector<std::string>>& domains) const {
    if (mode_ != IncomingMode::obey || (domains && !from_too_long_ && domains->size() <= author_domains_max)) {
        return "";
    }
    return domains || from_too_long_ ? "550 5.6.0 The From header is too long or names too many different domains" : "550 5.6.0 The From header is missing or cannot be read (RFC 5322)";
}

/// False: an answer is missing.
bool Incoming::judge_dmarc(const std::optional<std::vector<std::string>>& domains, Verdicts& verdicts) {
    if (!domains || domains->size() > author_domains_max) {
        verdicts.dmarc.push_back({DmarcResult::permerror, DmarcPolicy::none, "", ""});
        return true;
    }
    // Several From fields (RFC 5322 §3.6 allows one): which of them a reader sees is open, so the message is suspect whatever they say.
    if (std::count_if(fields_.begin(), fields_.end(), [](const Field& field) { return field.key == "from"; }) > 1) {
        verdicts.dmarc.push_back({DmarcResult::permerror, DmarcPolicy::none, "", ""});
    }
    bool complete = true;
    // Several domains in From: each of them is asked, so that none can hide behind another.
    for (const std::string& domain : *domains) {
        auto verdict = check_dmarc(domain, verdicts.spf, verdicts.dkim, resolver_);
        complete = complete && verdict.has_value();
        verdicts.dmarc.push_back(verdict.value_or(DmarcVerdict()));
    }
    return complete;
}

std::optional<Incoming::Decision> Incoming::judge() {
    const VerifyTime time = now_();
    if (!headers_over_) {
        end_headers();
    }
    Verdicts verdicts;
    const auto domains = author_domains(fields_);
    if (std::string refusal = refusal_of_authors(domains); !refusal.empty()) {
        return Decision{std::move(refusal), false, {}};
    }
    // The policies first: what the sender lets us ask for must not keep them from us. All ask for what they need before the first answer is
    // waited for: a slow DNS costs its time once.
    for (std::size_t i = 0; domains && domains->size() <= author_domains_max && i < domains->size(); ++i) {
        ask_policy((*domains)[i], resolver_);
    }
    auto spf = judge_spf(time.now_seconds);
    const bool dkim = judge_dkim(time, verdicts.dkim);
    if (!arc_) {
        arc_ = too_much_ ? std::optional(ArcVerdict()) : check_arc(fields_, hashes_, resolver_);
    }
    if (!spf || !dkim || !arc_) {
        return std::nullopt;
    }
    verdicts.spf = std::move(*spf);
    verdicts.arc = *arc_;
    if (!judge_dmarc(domains, verdicts)) {
        return std::nullopt;
    }
    return decide(verdicts);
}

/// Whether a field that may stand once (RFC 5322 §3.6, RFC 2045) stands more often than a valid signature covers: who sends a signed
/// message on can put another Subject or Content-Type on top, and readers show the first one (RFC 6376 §8.15).
bool Incoming::has_fields_on_top() const {
    constexpr std::string_view once[] = {"subject", "date", "to", "cc", "reply-to", "sender", "message-id", "in-reply-to", "references",
                                         "mime-version", "content-type", "content-transfer-encoding", "content-disposition"};
    for (const std::string_view key : once) {
        const auto there = std::count_if(fields_.begin(), fields_.end(), [key](const Field& field) { return field.key == key; });
        if (there < 2) {
            continue;
        }
        for (const Signed& one : signed_) {
            const auto covered = std::count_if(one.signature.fields.begin(), one.signature.fields.end(),
                                               [key](const std::string& name) { return ascii_lower(name) == key; });
            if (covered < there && one.verdict && one.verdict->result == DkimResult::pass) {
                return true;
            }
        }
    }
    return false;
}

/// Whether DNS hides what the domain wants, and what the message proves would not do for every policy.
bool Incoming::waits_for_policy(const DmarcVerdict& one, const Verdicts& verdicts) const {
    // What a limit of ours hid is refused in any case, and must not use up the patience: the sender can bring it about.
    if (patience_ == nullptr || one.domain.empty() || one.limited) {
        return false;
    }
    const long now = now_().now_seconds;
    if (one.result != DmarcResult::temperror || !one.record_at.empty()) {
        patience_->answered(one.domain, one.asks == DmarcPolicy::reject, now);
        return false;
    }
    const bool proved = (verdicts.spf.result == SpfResult::pass && verdicts.spf.domain == one.domain) ||
                        std::any_of(verdicts.dkim.begin(), verdicts.dkim.end(), [&one](const DkimVerdict& signature) {
                            return signature.result == DkimResult::pass && signature.domain == one.domain;
                        });
    return !proved && !patience_->is_over(one.domain, now);
}

/// Empty: the message is taken.
std::string Incoming::refusal_of(const Verdicts& verdicts) const {
    if (mode_ != IncomingMode::obey) {
        return "";
    }
    for (const DmarcVerdict& one : verdicts.dmarc) {
        const bool hidden = waits_for_policy(one, verdicts);
        if (one.result == DmarcResult::fail && one.policy == DmarcPolicy::reject) {
            return "550 5.7.26 " + one.domain + " asks to refuse mail that is not provably its own (DMARC): SPF says " + word_of(verdicts.spf.result) +
                   " for " + (verdicts.spf.domain.empty() ? "the sender" : verdicts.spf.domain) + ", and no valid DKIM signature is of " + one.domain;
        }
        // A policy is known, and a look-up failed that may prove the sender; or a limit of ours hid the policy, which the sender of a
        // forged message can bring about. Where DNS itself does not tell the policy, the message is taken after a while: some DNS is broken
        // for good.
        if (hidden || (one.result == DmarcResult::temperror && (one.policy == DmarcPolicy::reject || one.limited))) {
            return "451 4.7.24 " + one.domain + " could not be checked now because DNS did not answer; try again later";
        }
    }
    return "";
}

Incoming::Decision Incoming::decide(const Verdicts& verdicts) const {
    Decision decision;
    decision.refusal = refusal_of(verdicts);
    if (!decision.refusal.empty()) {
        return decision;
    }
    // A From that cannot be read shows a name that nobody could check. What a domain wants in Junk is not worth days of waiting: a look-up
    // that failed is no proof then.
    const bool suspect = has_fields_on_top() || std::any_of(verdicts.dmarc.begin(), verdicts.dmarc.end(), [](const DmarcVerdict& one) {
        return one.result == DmarcResult::permerror ||
               ((one.result == DmarcResult::fail || one.result == DmarcResult::temperror) && one.policy != DmarcPolicy::none);
    });
    decision.suspect = suspect && mode_ == IncomingMode::obey;
    if (decision.suspect) {
        decision.insert.emplace_back("X-Spam-Flag", "YES");  // spam.sieve files it to Junk
    }
    decision.insert.emplace_back(results_name, folded_with_lf(host_ + ";\n\t" + write_results(verdicts, sender_, helo_)));
    return decision;
}

} // namespace hameau::milter
