// The evaluation of a record. Each way out of a term is an Outcome; "pending" travels up like an error.
#include "modules/mail/auth/spf.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/spf_record.hpp"

namespace hameau::mailauth {

namespace {

enum class Outcome { match, no_match, temperror, permerror, pending };
/// The result of check_host, or nothing while an answer is missing.
using Judged = std::optional<SpfResult>;

std::string reverse_name(std::string_view address) {
    std::string out;
    if (address.size() == 4) {
        for (auto octet = address.rbegin(); octet != address.rend(); ++octet) {
            out += std::to_string(static_cast<unsigned char>(*octet)) + ".";
        }
        return out + "in-addr.arpa";
    }
    for (auto octet = address.rbegin(); octet != address.rend(); ++octet) {
        const auto value = static_cast<unsigned char>(*octet);
        out += {"0123456789abcdef"[value & 15], '.', "0123456789abcdef"[value >> 4], '.'};
    }
    return out + "ip6.arpa";
}

/// %{i}: IPv4 as usual, IPv6 in nibbles with dots (§7.3; the suite wants upper case).
std::string macro_address(std::string_view address) {
    if (address.size() == 4) {
        return write_address(address);
    }
    std::string out;
    for (const char octet : address) {
        const auto value = static_cast<unsigned char>(octet);
        out += {"0123456789ABCDEF"[value >> 4], '.', "0123456789ABCDEF"[value & 15], '.'};
    }
    out.pop_back();
    return out;
}

class Evaluation {
public:
    Evaluation(const SpfQuestion& question, Resolver& resolver) : question_(question), resolver_(resolver) {
        const std::size_t at = question.sender.rfind('@');
        values_.sender_domain = at == std::string::npos ? question.helo : question.sender.substr(at + 1);
        values_.local = at == std::string::npos || at == 0 ? "postmaster" : question.sender.substr(0, std::min(at, spf_local_octets_max));
        values_.sender = values_.local + "@" + values_.sender_domain;
        values_.address = macro_address(question.address);
        values_.readable_address = write_address(question.address);
        values_.v6 = question.address.size() == 16;
        values_.helo = question.helo.substr(0, spf_helo_octets_max);
        values_.receiver = question.receiver;
        values_.now_seconds = question.now_seconds;
    }

    const std::string& domain() const { return values_.sender_domain; }
    Judged check_host(const std::string& domain);
    /// Of the record that gave the last result; "" without one. Nothing: pending.
    std::optional<std::string> explanation();

private:
    Judged judge_record(const SpfRecord& record, const std::string& domain);
    Judged follow_redirect(const std::string& target, const std::string& domain);
    Outcome evaluate(const SpfTerm& term, const std::string& domain);
    Outcome evaluate_mx(const std::string& target, const SpfTerm& term);
    Outcome evaluate_ptr(const std::string& target);
    Outcome evaluate_include(const std::string& target);
    Outcome has_address(const std::string& name, const SpfTerm& term, bool count_void);
    Outcome count_void() { return ++voids_ > spf_void_max ? Outcome::permerror : Outcome::no_match; }
    Outcome expand(const std::string& text, const std::string& domain, MacroPlace place, std::string& out);
    std::optional<std::string> validated_name(const std::string& domain);
    RecordType address_type() const { return values_.v6 ? RecordType::aaaa : RecordType::a; }

    const SpfQuestion& question_;
    Resolver& resolver_;
    MacroValues values_;
    int terms_ = 0;
    int voids_ = 0;
    std::optional<std::string> exp_;  ///< of the record that decided
    std::string exp_domain_;
};

Judged Evaluation::check_host(const std::string& domain) {
    if (!is_domain(domain) || normal_domain(domain).find('.') == std::string::npos) {
        return SpfResult::none;  // §4.3
    }
    const Answer* const answer = resolver_.ask(RecordType::txt, normal_domain(domain));
    if (answer == nullptr) {
        return std::nullopt;
    }
    if (answer->status == Answer::Status::failed) {
        return SpfResult::temperror;
    }
    std::vector<std::string_view> records;
    std::copy_if(answer->records.begin(), answer->records.end(), std::back_inserter(records), is_spf);
    if (records.size() != 1) {
        return records.empty() ? SpfResult::none : SpfResult::permerror;  // §4.5
    }
    const auto record = parse_spf(records.front());
    return record ? judge_record(*record, domain) : SpfResult::permerror;
}

Judged Evaluation::judge_record(const SpfRecord& record, const std::string& domain) {
    for (const SpfTerm& term : record.terms) {
        switch (evaluate(term, domain)) {
        case Outcome::pending:
            return std::nullopt;
        case Outcome::temperror:
            return SpfResult::temperror;
        case Outcome::permerror:
            return SpfResult::permerror;
        case Outcome::no_match:
            break;
        case Outcome::match:
            exp_ = record.explanation;
            exp_domain_ = domain;
            return term.qualifier == Qualifier::pass       ? SpfResult::pass
                   : term.qualifier == Qualifier::fail     ? SpfResult::fail
                   : term.qualifier == Qualifier::softfail ? SpfResult::softfail
                                                           : SpfResult::neutral;
        }
    }
    return record.redirect ? follow_redirect(*record.redirect, domain) : SpfResult::neutral;  // §4.7
}

Judged Evaluation::follow_redirect(const std::string& target, const std::string& domain) {
    if (++terms_ > spf_terms_max) {
        return SpfResult::permerror;
    }
    std::string name;
    if (const Outcome made = expand(target, domain, MacroPlace::domain, name); made != Outcome::match) {
        return made == Outcome::pending ? Judged() : SpfResult::permerror;
    }
    const Judged judged = check_host(name);
    return judged == SpfResult::none ? SpfResult::permerror : judged;  // §6.1
}

/// `out`: macros replaced. Outcome::match when it could be done.
Outcome Evaluation::expand(const std::string& text, const std::string& domain, MacroPlace place, std::string& out) {
    values_.domain = domain;
    if (needs_validated_name(text)) {
        const auto name = validated_name(domain);
        if (!name) {
            return Outcome::pending;
        }
        values_.validated = *name;
    }
    auto made = expand_macros(text, values_, place);
    if (!made) {
        return Outcome::permerror;
    }
    out = std::move(*made);
    // §7.3: a name that became too long loses labels on the left. One cut: label by label would be quadratic.
    if (place == MacroPlace::domain && out.size() > domain_octets_max) {
        const std::size_t dot = out.find('.', out.size() - domain_octets_max - 1);
        out.erase(0, dot == std::string::npos ? 0 : dot + 1);
    }
    return Outcome::match;
}

Outcome Evaluation::evaluate(const SpfTerm& term, const std::string& domain) {
    if (term.mechanism == Mechanism::all) {
        return Outcome::match;
    }
    if (term.mechanism == Mechanism::ip4 || term.mechanism == Mechanism::ip6) {
        const unsigned bits = term.mechanism == Mechanism::ip4 ? term.v4_bits : term.v6_bits;
        return same_network(question_.address, term.network, bits) ? Outcome::match : Outcome::no_match;
    }
    if (++terms_ > spf_terms_max) {
        return Outcome::permerror;
    }
    std::string target = domain;
    if (!term.domain.empty()) {
        if (const Outcome made = expand(term.domain, domain, MacroPlace::domain, target); made != Outcome::match) {
            return made;
        }
    }
    if (term.mechanism == Mechanism::include) {
        return evaluate_include(target);
    }
    if (!is_domain(target)) {
        return Outcome::no_match;  // §4.8: no name, so no answer
    }
    target = normal_domain(target);
    if (term.mechanism == Mechanism::a) {
        return has_address(target, term, true);
    }
    if (term.mechanism == Mechanism::mx) {
        return evaluate_mx(target, term);
    }
    if (term.mechanism == Mechanism::ptr) {
        return evaluate_ptr(target);
    }
    // exists: any A record, also for a client with IPv6 (§5.7).
    const Answer* const answer = resolver_.ask(RecordType::a, target);
    if (answer == nullptr) {
        return Outcome::pending;
    }
    if (answer->status == Answer::Status::found) {
        return Outcome::match;
    }
    return answer->status == Answer::Status::failed ? Outcome::temperror : count_void();
}

Outcome Evaluation::has_address(const std::string& name, const SpfTerm& term, bool counts) {
    const Answer* const answer = resolver_.ask(address_type(), name);
    if (answer == nullptr) {
        return Outcome::pending;
    }
    if (answer->status == Answer::Status::failed) {
        return Outcome::temperror;
    }
    if (answer->status != Answer::Status::found) {
        return counts ? count_void() : Outcome::no_match;
    }
    const unsigned bits = values_.v6 ? term.v6_bits : term.v4_bits;
    const bool found = std::any_of(answer->records.begin(), answer->records.end(),
                                   [&](const std::string& address) { return same_network(question_.address, address, bits); });
    return found ? Outcome::match : Outcome::no_match;
}

Outcome Evaluation::evaluate_mx(const std::string& target, const SpfTerm& term) {
    const Answer* const answer = resolver_.ask(RecordType::mx, target);
    if (answer == nullptr) {
        return Outcome::pending;
    }
    if (answer->status == Answer::Status::failed) {
        return Outcome::temperror;
    }
    if (answer->status != Answer::Status::found) {
        return count_void();
    }
    if (answer->records.size() > spf_names_max) {
        return Outcome::permerror;  // §4.6.4
    }
    const std::vector<std::string> hosts = answer->records;
    for (const std::string& host : hosts) {
        const Outcome one = is_domain(host) ? has_address(normal_domain(host), term, true) : Outcome::no_match;
        if (one != Outcome::no_match) {
            return one;
        }
    }
    return Outcome::no_match;
}

/// §5.5: the names of the client that lead back to it. Errors of DNS are no match.
Outcome Evaluation::evaluate_ptr(const std::string& target) {
    const Answer* const answer = resolver_.ask(RecordType::ptr, reverse_name(question_.address));
    if (answer == nullptr) {
        return Outcome::pending;
    }
    const std::vector<std::string> names = answer->records;
    SpfTerm whole;
    bool pending = false;
    for (std::size_t i = 0; i < names.size() && i < spf_names_max; ++i) {
        const std::string name = normal_domain(names[i]);
        if (!is_domain(name) || !is_at_or_below(name, target)) {
            continue;
        }
        const Outcome one = has_address(name, whole, false);
        if (one == Outcome::match) {
            return one;
        }
        pending = pending || one == Outcome::pending;
    }
    return pending ? Outcome::pending : Outcome::no_match;
}

/// %{p}: the domain itself if it is a name of the client, else one below it, else any, else "unknown" (§7.3).
std::optional<std::string> Evaluation::validated_name(const std::string& domain) {
    const Answer* const answer = resolver_.ask(RecordType::ptr, reverse_name(question_.address));
    if (answer == nullptr) {
        return std::nullopt;
    }
    const std::vector<std::string> names = answer->records;
    const std::string wanted = normal_domain(domain);
    std::string best = "unknown";
    int rank = 0;
    for (std::size_t i = 0; i < names.size() && i < spf_names_max; ++i) {
        const std::string name = normal_domain(names[i]);
        const int its = name == wanted ? 3 : is_at_or_below(name, wanted) ? 2 : 1;
        if (!is_domain(name) || its <= rank) {
            continue;
        }
        const Outcome one = has_address(name, SpfTerm(), false);
        if (one == Outcome::pending) {
            return std::nullopt;
        }
        if (one == Outcome::match) {
            best = name;
            rank = its;
        }
    }
    return best;
}

Outcome Evaluation::evaluate_include(const std::string& target) {
    const Judged judged = check_host(target);
    if (!judged) {
        return Outcome::pending;
    }
    switch (*judged) {  // the table of §5.2
    case SpfResult::pass:
        return Outcome::match;
    case SpfResult::fail:
    case SpfResult::softfail:
    case SpfResult::neutral:
        return Outcome::no_match;
    case SpfResult::temperror:
        return Outcome::temperror;
    case SpfResult::permerror:
    case SpfResult::none:
        break;
    }
    return Outcome::permerror;
}

/// §6.2: whatever is wrong with it, the result stays and the explanation is empty.
std::optional<std::string> Evaluation::explanation() {
    if (!exp_) {
        return "";
    }
    std::string name;
    if (const Outcome made = expand(*exp_, exp_domain_, MacroPlace::domain, name); made != Outcome::match) {
        return made == Outcome::pending ? std::optional<std::string>() : "";
    }
    if (!is_domain(name)) {
        return "";
    }
    const Answer* const answer = resolver_.ask(RecordType::txt, normal_domain(name));
    if (answer == nullptr) {
        return std::nullopt;
    }
    if (answer->records.size() != 1) {
        return "";
    }
    const std::string text = answer->records.front();
    std::string out;
    const Outcome made = expand(text, exp_domain_, MacroPlace::explanation, out);
    if (made == Outcome::pending) {
        return std::nullopt;
    }
    return made == Outcome::match ? out.substr(0, spf_explanation_octets_max) : "";
}

} // namespace

const char* word_of(SpfResult result) {
    constexpr std::array words = {"none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"};
    return words[static_cast<std::size_t>(result)];
}

std::optional<SpfVerdict> check_spf(const SpfQuestion& question, Resolver& resolver) {
    Evaluation evaluation(question, resolver);
    const Judged judged = evaluation.check_host(evaluation.domain());
    if (!judged) {
        return std::nullopt;
    }
    SpfVerdict verdict{*judged, normal_domain(evaluation.domain()), question.sender.find('@') == std::string::npos, {}};
    if (verdict.result == SpfResult::fail && question.explain) {
        auto text = evaluation.explanation();
        if (!text) {
            return std::nullopt;
        }
        verdict.explanation = std::move(*text);
    }
    return verdict;
}

} // namespace hameau::mailauth
