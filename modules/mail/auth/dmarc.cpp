// The tree walk of §4.10 instead of a list of public suffixes.
#include "modules/mail/auth/dmarc.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/tags.hpp"

namespace hameau::mailauth {

namespace {

std::optional<DmarcPolicy> read_policy(const std::string* text) {
    if (text == nullptr) {
        return std::nullopt;
    }
    const std::string word = ascii_lower(*text);
    return word == "none"         ? std::optional(DmarcPolicy::none)
           : word == "quarantine" ? std::optional(DmarcPolicy::quarantine)
           : word == "reject"     ? std::optional(DmarcPolicy::reject)
                                  : std::nullopt;
}

/// One address for reports that can be read, roughly: §4.7 then takes a record without a policy as p=none.
bool has_report_address(const TagList& tags) { return ascii_lower(tags.text("rua")).find("mailto:") != std::string::npos; }

struct Found {
    std::string name;
    DmarcRecord record;
};

enum class Asked { record, none, failed, pending };

Asked ask_record(const std::string& name, Resolver& resolver, DmarcRecord& out) {
    const Answer* const answer = resolver.ask(RecordType::txt, "_dmarc." + name);
    if (answer == nullptr) {
        return Asked::pending;
    }
    if (answer->status == Answer::Status::failed) {
        return Asked::failed;
    }
    // Records of another kind do not count, several of this kind count as none.
    std::optional<DmarcRecord> only;
    std::size_t many = 0;
    for (const std::string& text : answer->records) {
        if (auto record = parse_dmarc(text)) {
            only = *record;
            ++many;
        }
    }
    if (many != 1) {
        return Asked::none;
    }
    out = *only;
    return Asked::record;
}

/// Without its first label; of more than eight labels seven are left (§4.10 step 4).
std::string next_name(const std::string& name) {
    const auto labels = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) + 1;
    std::size_t away = labels >= tree_walk_queries_max ? labels - (tree_walk_queries_max - 1) : 1;
    std::size_t at = 0;
    for (; away > 0 && at != std::string::npos; --away) {
        at = name.find('.', at);
        at = at == std::string::npos ? at : at + 1;
    }
    return at == std::string::npos ? "" : name.substr(at);
}

/// All records from `name` upwards, the nearest first. It stops behind psd=y and psd=n.
Asked walk(const std::string& name, Resolver& resolver, std::vector<Found>& found) {
    std::string at = name;
    for (std::size_t queries = 0; queries < tree_walk_queries_max && !at.empty(); ++queries, at = next_name(at)) {
        Found one{at, {}};
        const Asked asked = ask_record(at, resolver, one.record);
        if (asked == Asked::pending || asked == Asked::failed) {
            return asked;
        }
        if (asked == Asked::record) {
            found.push_back(one);
            if (one.record.psd != 'u') {
                break;
            }
        }
    }
    return found.empty() ? Asked::none : Asked::record;
}

/// §4.10.2: the organizational domain of `name`.
std::string organization(const std::string& name, const std::vector<Found>& found) {
    for (const Found& one : found) {
        if (one.record.psd == 'n') {
            return one.name;
        }
        if (one.record.psd == 'y' && one.name != name) {
            // One label below the public suffix.
            const std::string below = name.substr(0, name.size() - one.name.size() - 1);
            const std::size_t dot = below.rfind('.');
            return (dot == std::string::npos ? below : below.substr(dot + 1)) + "." + one.name;
        }
    }
    return found.empty() ? name : found.back().name;
}

class Judge {
public:
    Judge(std::string author, Resolver& resolver) : author_(std::move(author)), resolver_(resolver) {}
    std::optional<DmarcVerdict> judge(const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim);

private:
    Asked find_record();
    Asked is_aligned(const std::string& domain, bool strict, bool& aligned);
    Asked wanted(DmarcPolicy& policy);

    std::string author_;
    Resolver& resolver_;
    std::vector<Found> found_;
    Found used_;
    std::string organization_;
};

/// §4.10.1: the author domain's own record, else that of its organization, else that of the public suffix.
Asked Judge::find_record() {
    const Asked asked = walk(author_, resolver_, found_);
    if (asked != Asked::record) {
        return asked;
    }
    organization_ = organization(author_, found_);
    const auto at = [this](const std::string& name) {
        return std::find_if(found_.begin(), found_.end(), [&name](const Found& one) { return one.name == name; });
    };
    auto chosen = at(author_);
    chosen = chosen == found_.end() ? at(organization_) : chosen;
    chosen = chosen == found_.end() && found_.back().record.psd == 'y' ? std::prev(found_.end()) : chosen;
    if (chosen == found_.end()) {
        return Asked::none;
    }
    used_ = *chosen;
    return Asked::record;
}

/// Strict: the same name. Relaxed: the same organization. A DNS that fails is no alignment.
Asked Judge::is_aligned(const std::string& domain, bool strict, bool& aligned) {
    aligned = domain == author_;
    if (aligned || strict || !is_plain_domain(domain)) {
        return Asked::record;
    }
    std::vector<Found> found;
    const Asked asked = walk(domain, resolver_, found);
    if (asked == Asked::pending || asked == Asked::failed) {
        return asked;
    }
    aligned = organization(domain, found) == organization_;
    return Asked::record;
}

/// What the record asks for: np for a name that does not exist, sp below the record's own name, else p; t=y one step milder.
Asked Judge::wanted(DmarcPolicy& policy) {
    const DmarcRecord& record = used_.record;
    policy = record.policy;
    if (used_.name != author_) {
        policy = record.subdomains.value_or(record.policy);
        if (record.non_existent) {
            const Answer* const answer = resolver_.ask(RecordType::a, author_);
            if (answer == nullptr) {
                return Asked::pending;
            }
            policy = answer->status == Answer::Status::no_name ? *record.non_existent : policy;
        }
    }
    if (record.testing && policy != DmarcPolicy::none) {
        policy = policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
    }
    return Asked::record;
}

std::optional<DmarcVerdict> Judge::judge(const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim) {
    DmarcVerdict verdict{DmarcResult::none, DmarcPolicy::none, author_, {}};
    const Asked asked = find_record();
    if (asked == Asked::pending) {
        return std::nullopt;
    }
    if (asked != Asked::record) {
        verdict.result = asked == Asked::failed ? DmarcResult::temperror : DmarcResult::none;
        return verdict;
    }
    verdict.record_at = used_.name;
    bool pending = false;
    bool unsure = spf.result == SpfResult::temperror;
    bool aligned = false;
    const auto look = [&](const std::string& domain, bool strict) {
        bool one = false;
        const Asked answer = is_aligned(domain, strict, one);
        pending = pending || answer == Asked::pending;
        unsure = unsure || answer == Asked::failed;
        aligned = aligned || one;
    };
    if (spf.result == SpfResult::pass) {
        look(spf.domain, used_.record.strict_spf);
    }
    for (const DkimVerdict& signature : dkim) {
        unsure = unsure || signature.result == DkimResult::temperror;
        if (signature.result == DkimResult::pass && !aligned) {
            look(signature.domain, used_.record.strict_dkim);
        }
    }
    if (aligned) {
        verdict.result = DmarcResult::pass;
        return verdict;
    }
    if (pending || wanted(verdict.policy) == Asked::pending) {
        return std::nullopt;
    }
    // §5.4: what DNS did not tell now may have been the pass.
    verdict.result = unsure ? DmarcResult::temperror : DmarcResult::fail;
    return verdict;
}

} // namespace

const char* word_of(DmarcPolicy policy) {
    constexpr std::array words = {"none", "quarantine", "reject"};
    return words[static_cast<std::size_t>(policy)];
}

const char* word_of(DmarcResult result) {
    constexpr std::array words = {"none", "pass", "fail", "temperror", "permerror"};
    return words[static_cast<std::size_t>(result)];
}

std::optional<DmarcRecord> parse_dmarc(std::string_view text) {
    const auto tags = parse_tags(text);
    if (!tags || tags->tags().empty() || tags->tags().front() != std::pair<std::string, std::string>("v", "DMARC1")) {
        return std::nullopt;
    }
    DmarcRecord record;
    const auto policy = read_policy(tags->find("p"));
    // §4.7: a policy that is missing or cannot be read is none, if the owner at least wants reports.
    if (!policy && !has_report_address(*tags)) {
        return std::nullopt;
    }
    record.policy = policy.value_or(DmarcPolicy::none);
    record.subdomains = read_policy(tags->find("sp"));
    record.non_existent = read_policy(tags->find("np"));
    record.strict_dkim = ascii_lower(tags->text("adkim")) == "s";
    record.strict_spf = ascii_lower(tags->text("aspf")) == "s";
    record.testing = ascii_lower(tags->text("t")) == "y";
    const std::string psd = ascii_lower(tags->text("psd", "u"));
    record.psd = psd == "y" || psd == "n" ? psd.front() : 'u';
    return record;
}

std::optional<DmarcVerdict> check_dmarc(const std::string& author, const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim, Resolver& resolver) {
    if (!is_domain(author)) {
        return DmarcVerdict{DmarcResult::permerror, DmarcPolicy::none, author, {}};
    }
    return Judge(author, resolver).judge(spf, dkim);
}

} // namespace hameau::mailauth
