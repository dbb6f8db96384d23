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

/// Unlike the strict tag-lists of DKIM: only the version must be right and first (§4.7). What else cannot be read is left out, and of a tag
/// that stands twice the first counts: one slip of a domain's owner must not take the policy away.
std::optional<TagList> read_tags(std::string_view text) {
    TagList list;
    for (const std::string_view part : split(text, ';')) {
        const std::size_t equals = part.find('=');
        const bool pair = equals != std::string_view::npos;
        const std::string name = ascii_lower(strip_space(part.substr(0, pair ? equals : 0)));
        const std::string_view value = pair ? strip_space(part.substr(equals + 1)) : std::string_view();
        if (list.tags().empty() && (name != "v" || value != "DMARC1")) {
            return std::nullopt;
        }
        const bool readable = std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= ' ' && c < 0x7f); });
        if (!name.empty() && readable && !list.has(name) && list.tags().size() < tags_max) {
            list.add(name, std::string(value));
        }
    }
    return list;
}

struct Found {
    std::string name;
    DmarcRecord record;
};

/// Who asks: for the domain in From, or for a domain that may be aligned with it.
enum class Whose { author, other };
enum class Asked { record, none, failed, limited, pending };

const Answer* ask(Whose whose, RecordType type, const std::string& name, Resolver& resolver) {
    return whose == Whose::author ? resolver.ask_first(type, name) : resolver.ask(type, name);
}

Asked ask_record(Whose whose, const std::string& name, Resolver& resolver, DmarcRecord& out) {
    // Below the longest names there is no room for a record.
    if (!is_domain("_dmarc." + name)) {
        return Asked::none;
    }
    const Answer* const answer = ask(whose, RecordType::txt, "_dmarc." + name, resolver);
    if (answer == nullptr) {
        return Asked::pending;
    }
    if (answer->status == Answer::Status::failed) {
        return answer->limited ? Asked::limited : Asked::failed;
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

struct Walk {
    std::vector<Found> found;         ///< the nearest first
    std::vector<std::string> failed;  ///< names whose record is not known
    bool limited = false;             ///< one of them because of a limit of ours
    bool pending = false;
};

/// All records from `name` upwards; it ends behind psd=y and psd=n. It asks for all levels at once, so that it costs the time of one
/// look-up, and goes on above a level that failed: who forges a name below a domain could choose one whose DNS is broken.
Walk walk(Whose whose, const std::string& name, Resolver& resolver) {
    Walk result;
    std::string at = name;
    for (std::size_t queries = 0; queries < tree_walk_queries_max && !at.empty(); ++queries, at = next_name(at)) {
        Found one{at, {}};
        const Asked asked = ask_record(whose, at, resolver, one.record);
        result.pending = result.pending || asked == Asked::pending;
        result.limited = result.limited || asked == Asked::limited;
        if (asked == Asked::failed || asked == Asked::limited) {
            result.failed.push_back(at);
        } else if (asked == Asked::record) {
            result.found.push_back(one);
            if (one.record.psd != 'u') {
                break;
            }
        }
    }
    return result;
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

/// Whether all that failed lies above `name`: the organization of two domains at or below it is the same then, whatever stands there.
bool failed_above(const Walk& walk, const std::string& name) {
    return std::all_of(walk.failed.begin(), walk.failed.end(), [&name](const std::string& one) { return one != name && is_at_or_below(name, one); });
}

class Judge {
public:
    Judge(std::string author, Resolver& resolver) : author_(std::move(author)), resolver_(resolver) {}
    void ask_policy() { (void)find_policy(); }
    std::optional<DmarcVerdict> judge(const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim);

private:
    enum class Aligned { no, yes, unsure, pending };
    /// False: an answer is missing.
    bool find_policy();
    bool find_record();
    bool apply_non_existence();
    Aligned alignment_of(const std::string& domain, bool strict) const;
    bool may_be_related(const std::string& domain, const Walk& other) const;
    Aligned best_of(const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim) const;

    std::string author_;
    Resolver& resolver_;
    Walk walk_;
    std::optional<Found> used_;
    std::string organization_;
    DmarcPolicy policy_ = DmarcPolicy::none;
    bool unsure_ = false;   ///< a nearer record or the name itself may ask for something else
    bool limited_ = false;  ///< because of a limit of ours
};

/// §4.10.1: the author domain's own record, else that of its organization, else that of the public suffix.
bool Judge::find_record() {
    walk_ = walk(Whose::author, author_, resolver_);
    if (walk_.pending) {
        return false;
    }
    const std::vector<Found>& found = walk_.found;
    organization_ = organization(author_, found);
    const auto at = [&found](const std::string& name) {
        return std::find_if(found.begin(), found.end(), [&name](const Found& one) { return one.name == name; });
    };
    auto chosen = at(author_);
    chosen = chosen == found.end() ? at(organization_) : chosen;
    chosen = chosen == found.end() && !found.empty() && found.back().record.psd == 'y' ? std::prev(found.end()) : chosen;
    if (chosen != found.end()) {
        used_ = *chosen;
    }
    // The author's own record holds whatever stands above it.
    unsure_ = !walk_.failed.empty() && (!used_ || used_->name != author_);
    limited_ = unsure_ && walk_.limited;
    return true;
}

/// np= for a name that does not exist. When that is not known, the stricter of both.
bool Judge::apply_non_existence() {
    const Answer* const answer = ask(Whose::author, RecordType::a, author_, resolver_);
    if (answer == nullptr) {
        return false;
    }
    const DmarcPolicy np = *used_->record.non_existent;
    if (answer->status == Answer::Status::no_name) {
        policy_ = np;
    } else if (answer->status == Answer::Status::failed && np > policy_) {
        policy_ = np;
        unsure_ = true;
        limited_ = limited_ || answer->limited;
    }
    return true;
}

/// What the record asks for: np for a name that does not exist, sp below the record's own name, else p; t=y one step milder.
bool Judge::find_policy() {
    if (!find_record()) {
        return false;
    }
    if (!used_) {
        return true;
    }
    const DmarcRecord& record = used_->record;
    policy_ = record.policy;
    if (used_->name != author_) {
        policy_ = record.subdomains.value_or(record.policy);
        if (record.non_existent && !apply_non_existence()) {
            return false;
        }
    }
    if (record.testing && policy_ != DmarcPolicy::none) {
        policy_ = policy_ == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
    }
    return true;
}

/// Whether `domain` and the author could be of one organization, if what failed were known.
bool Judge::may_be_related(const std::string& domain, const Walk& other) const {
    const auto below_one_of = [](const std::string& name, const std::vector<std::string>& names) {
        return std::any_of(names.begin(), names.end(), [&name](const std::string& one) { return is_at_or_below(name, one); });
    };
    return is_at_or_below(domain, author_) || is_at_or_below(author_, domain) || is_at_or_below(domain, organization_) ||
           below_one_of(domain, walk_.failed) || below_one_of(author_, other.failed);
}

/// Strict: the same name. Relaxed: the same organization.
Judge::Aligned Judge::alignment_of(const std::string& domain, bool strict) const {
    if (domain == author_) {
        return Aligned::yes;
    }
    if (strict || !is_plain_domain(domain)) {
        return Aligned::no;
    }
    const Walk other = walk(Whose::other, domain, resolver_);
    if (other.pending) {
        return Aligned::pending;
    }
    const std::string theirs = organization(domain, other.found);
    if (theirs == organization_ && failed_above(walk_, theirs) && failed_above(other, theirs)) {
        return Aligned::yes;
    }
    const bool all_known = walk_.failed.empty() && other.failed.empty();
    return !all_known && may_be_related(domain, other) ? Aligned::unsure : Aligned::no;
}

/// Of all that proves something, and of what could prove something if DNS had answered.
Judge::Aligned Judge::best_of(const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim) const {
    bool pending = false;
    bool unsure = false;
    bool aligned = false;
    const auto look = [&](const std::string& domain, bool strict, bool proved) {
        const Aligned one = aligned ? Aligned::no : alignment_of(domain, strict);
        pending = pending || one == Aligned::pending;
        unsure = unsure || one == Aligned::unsure || (one == Aligned::yes && !proved);
        aligned = aligned || (one == Aligned::yes && proved);
    };
    // A look-up that failed counts only where its success would have proved the author (§5.4).
    for (const bool proved : {true, false}) {
        if (spf.result == (proved ? SpfResult::pass : SpfResult::temperror)) {
            look(spf.domain, used_->record.strict_spf, proved);
        }
        for (const DkimVerdict& signature : dkim) {
            if (signature.result == (proved ? DkimResult::pass : DkimResult::temperror)) {
                look(signature.domain, used_->record.strict_dkim, proved);
            }
        }
    }
    return aligned ? Aligned::yes : pending ? Aligned::pending : unsure ? Aligned::unsure : Aligned::no;
}

std::optional<DmarcVerdict> Judge::judge(const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim) {
    if (!find_policy()) {
        return std::nullopt;
    }
    DmarcVerdict verdict{DmarcResult::none, DmarcPolicy::none, author_, {}, false};
    if (!used_) {
        verdict.result = unsure_ ? DmarcResult::temperror : DmarcResult::none;
        verdict.limited = limited_;
        return verdict;
    }
    verdict.record_at = used_->name;
    verdict.asks = policy_;
    const Aligned aligned = best_of(spf, dkim);
    if (aligned == Aligned::pending) {
        return std::nullopt;
    }
    if (aligned == Aligned::yes) {
        verdict.result = DmarcResult::pass;
        return verdict;
    }
    verdict.policy = policy_;
    verdict.limited = limited_;
    verdict.result = unsure_ || aligned != Aligned::no ? DmarcResult::temperror : DmarcResult::fail;
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
    const auto tags = read_tags(text);
    if (!tags) {
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

void ask_policy(const std::string& author, Resolver& resolver) {
    if (is_domain(author)) {
        Judge(author, resolver).ask_policy();
    }
}

std::optional<DmarcVerdict> check_dmarc(const std::string& author, const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim, Resolver& resolver) {
    if (!is_domain(author)) {
        return DmarcVerdict{DmarcResult::permerror, DmarcPolicy::none, author, {}, false};
    }
    return Judge(author, resolver).judge(spf, dkim);
}

} // namespace hameau::mailauth
