// Each source is judged alone, then all together: the authority says what is written, the resolvers what the world sees.
#include "modules/mail/records/judge.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/dmarc.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/auth/spf_record.hpp"
#include "modules/mail/auth/tags.hpp"
#include "modules/mail/records/limits.hpp"
#include "modules/mail/records/spf_view.hpp"

namespace hameau::mailrecords {

namespace {

/// What one source says of one record.
struct Said {
    State state = State::unknown;
    std::string code = "silent";
    std::vector<std::string> seen = {};
    std::string better = {};  ///< the value to write instead
    std::vector<std::pair<std::string_view, std::string>> values = {};
};

struct Case {
    const std::string& domain;
    const Wanted& wanted;
    const HouseFacts& facts;
    const Evidence& evidence;
};

bool has(const std::vector<std::string>& list, const std::string& one) { return std::find(list.begin(), list.end(), one) != list.end(); }

std::string without_first_word(const std::string& record) { return record.substr(record.find(' ') + 1); }

std::vector<std::string> parents_of(std::string name) {
    std::vector<std::string> out;
    for (std::size_t dot = name.find('.'); dot != std::string::npos && out.size() < tree_max; dot = name.find('.')) {
        name.erase(0, dot + 1);
        out.push_back(name);
    }
    return out;
}

bool leads_home(const std::string& host, const Case& one) {
    for (const Type type : {Type::a, Type::aaaa}) {
        const Reply* reply = one.evidence.known({host, type});
        const auto& found = reply == nullptr ? std::vector<std::string>() : reply->records;
        if (std::any_of(found.begin(), found.end(), [&one](const std::string& address) { return has(one.facts.addresses, address); })) {
            return true;
        }
    }
    return false;
}

Said judge_mx(const std::vector<std::string>& records, const Case& one) {
    std::size_t ours = 0;
    bool by_name = false;
    for (const std::string& record : records) {
        const std::string host = without_first_word(record);
        by_name = by_name || host == one.facts.host;
        ours += host == one.facts.host || leads_home(host, one) ? 1 : 0;
    }
    if (ours == 0) {
        return {State::wrong, "mx_elsewhere", records};
    }
    if (ours < records.size()) {
        return {State::wrong, "mx_also", records};
    }
    return {State::right, by_name ? "right" : "mx_other_name", records};
}

/// The term that permits the house: "mx" once mail arrives here, else the house by its name, since MX names another server still.
std::string own_term(const Case& one) {
    if (!one.facts.smarthost.empty()) {
        return one.facts.smarthost_spf;
    }
    const Reply* mx = one.evidence.newest({one.domain, Type::mx});
    const bool here = mx == nullptr || mx->records.empty() || judge_mx(mx->records, one).code != "mx_elsewhere";
    return here ? "mx" : "a:" + one.facts.host;
}

Said judge_spf(const std::vector<std::string>& texts, const Case& one) {
    std::vector<std::string> records;
    std::copy_if(texts.begin(), texts.end(), std::back_inserter(records), [](const std::string& text) { return mailauth::is_spf(text); });
    const std::string term = own_term(one);
    if (records.empty()) {
        return {State::unseen, "absent"};
    }
    if (records.size() > 1) {
        return {State::wrong, "spf_many", records, term.empty() ? "" : merged_spf(records, term)};
    }
    if (!mailauth::parse_spf(records.front())) {
        return {State::wrong, "spf_broken", records};
    }
    if (one.facts.smarthost.empty() && one.facts.addresses.empty()) {
        return {State::unknown, "host_unknown", records};
    }
    if (!one.facts.smarthost.empty()) {
        // Which addresses the relay sends from, only the relay knows: the term that it asks for stands there, or not.
        const auto terms = split(records.front(), ' ');
        const bool there = std::find(terms.begin(), terms.end(), term) != terms.end();
        return term.empty() ? Said{State::unknown, "spf_relay", records}
               : there      ? Said{State::right, "right", records}
                            : Said{State::wrong, "spf_lacks_relay", records, merged_spf(records, term)};
    }
    const SpfView view = view_spf(one.domain, records.front(), one.facts.addresses, one.facts.host, one.evidence);
    switch (view.permits) {
    case Permits::yes: return {State::right, "right", records};
    case Permits::open: return {State::wrong, "spf_open", records};
    case Permits::no: return {State::wrong, "spf_refuses", records, merged_spf(records, term), {{"address", view.address}}};
    case Permits::unknown: break;
    }
    return {State::unknown, "spf_cannot", records};
}

Said judge_dkim(const std::vector<std::string>& texts, const Case& one) {
    const auto wanted = mailauth::parse_tags(one.wanted.value);
    const std::string key = wanted ? mailauth::without_space(wanted->text("p")) : "";
    Said said{State::wrong, "dkim_other", texts};
    for (const std::string& text : texts) {
        const auto tags = mailauth::parse_tags(text);
        const std::string there = tags && tags->has("p") ? mailauth::without_space(tags->text("p")) : "-";
        if (there == key) {
            return {State::right, "right", {text}};
        }
        if (there.empty()) {
            said.code = "dkim_revoked";
        } else if (key.starts_with(there)) {
            said.code = "dkim_cut";
        }
    }
    return said;
}

bool is_dmarc_like(const std::string& text) { return ascii_lower(text).starts_with("v=dmarc1"); }

/// RFC 9989 §4.10: a domain without a record of its own has that of a name above it.
Said judge_dmarc_above(const Case& one) {
    for (const std::string& parent : parents_of(one.domain)) {
        const Reply* reply = one.evidence.known({"_dmarc." + parent, Type::txt});
        for (const std::string& text : reply == nullptr ? std::vector<std::string>() : reply->records) {
            const auto record = mailauth::parse_dmarc(text);
            if (record) {
                const auto policy = record->subdomains.value_or(record->policy);
                const bool none = policy == mailauth::DmarcPolicy::none;
                return {State::right, none ? "dmarc_none_above" : "dmarc_above", {text}, "", {{"parent", parent}}};
            }
        }
    }
    return {State::unseen, "absent"};
}

Said judge_dmarc(const std::vector<std::string>& texts, const Case& one) {
    std::vector<std::string> records;
    std::copy_if(texts.begin(), texts.end(), std::back_inserter(records), is_dmarc_like);
    if (records.empty()) {
        return judge_dmarc_above(one);
    }
    if (records.size() > 1) {
        return {State::wrong, "dmarc_many", records};
    }
    const auto record = mailauth::parse_dmarc(records.front());
    if (!record) {
        return {State::wrong, "dmarc_broken", records};
    }
    const bool none = record->policy == mailauth::DmarcPolicy::none;
    return {State::right, none ? "dmarc_none" : record->testing ? "dmarc_testing" : "right", records};
}

Said judge_alias(const std::vector<std::string>& addresses, const Case& one) {
    if (one.facts.addresses.empty()) {
        return {State::unknown, "host_unknown", addresses};
    }
    const bool ours = std::all_of(addresses.begin(), addresses.end(), [&one](const std::string& address) { return has(one.facts.addresses, address); });
    return ours ? Said{State::right, "right", addresses} : Said{State::wrong, "other", addresses};
}

Said judge_srv(const std::vector<std::string>& records, const Case& one) {
    // Priority and weight are the owner's choice while there is one server.
    const std::string target = without_first_word(without_first_word(one.wanted.value));
    const bool ours = std::any_of(records.begin(), records.end(), [&target](const std::string& record) { return record.ends_with(" " + target); });
    return ours ? Said{State::right, "right", records} : Said{State::wrong, "other", records};
}

Said judge_policy_text(const std::vector<std::string>& texts, const Case& one) {
    const std::string version = ascii_lower(one.wanted.value.substr(0, one.wanted.value.find(';')));
    std::vector<std::string> records;
    std::copy_if(texts.begin(), texts.end(), std::back_inserter(records), [&version](const std::string& text) { return ascii_lower(text).starts_with(version); });
    if (records.empty()) {
        return {State::unseen, "absent"};
    }
    const auto wanted = mailauth::parse_tags(one.wanted.value);
    const auto there = mailauth::parse_tags(records.front());
    const std::string_view tag = one.wanted.kind == Kind::mta_sts ? "id" : "rua";
    // Reports may go to whom the owner likes; the id says which policy is served now.
    const bool same = there && wanted && (tag == "rua" ? there->has(tag) : there->text(tag) == wanted->text(tag));
    return records.size() == 1 && same ? Said{State::right, "right", records} : Said{State::wrong, "other", records};
}

Said judge_caa(std::vector<std::string> records, const Case& one) {
    for (const std::string& parent : parents_of(one.domain)) {  // RFC 8659 §3
        const Reply* above = records.empty() ? one.evidence.known({parent, Type::caa}) : nullptr;
        records = above == nullptr ? records : above->records;
    }
    const auto permits = [](const std::string& record) { return record.find(" issue ") != std::string::npos; };
    if (std::none_of(records.begin(), records.end(), permits)) {
        return {State::unseen, "caa_absent", records};
    }
    const bool ours = std::any_of(records.begin(), records.end(), [&](const std::string& record) {
        const std::size_t at = record.find(" issue ");
        const std::string rest = at == std::string::npos ? "" : ascii_lower(record.substr(at + 7));
        return trimmed(std::string_view(rest).substr(0, rest.find(';'))) == one.facts.authority;
    });
    return ours ? Said{State::right, "right", records} : Said{State::wrong, "caa_refuses", records};
}

Said judge_records(const std::vector<std::string>& records, const Case& one) {
    switch (one.wanted.kind) {
    case Kind::mx: return judge_mx(records, one);
    case Kind::spf: return judge_spf(records, one);
    case Kind::dkim: return judge_dkim(records, one);
    case Kind::dmarc: return judge_dmarc(records, one);
    case Kind::autoconfig:
    case Kind::autodiscover_host:
    case Kind::mta_sts_host: return judge_alias(records, one);
    case Kind::autodiscover:
    case Kind::imaps:
    case Kind::submissions:
    case Kind::sieve: return judge_srv(records, one);
    case Kind::mta_sts:
    case Kind::tls_report: return judge_policy_text(records, one);
    case Kind::caa: return judge_caa(records, one);
    case Kind::ptr: break;
    }
    return has(records, one.facts.host) ? Said{State::right, "right", records} : Said{State::wrong, "ptr_other", records};
}

const Reply* reply_of(const Replies& replies, const Question& question) {
    const auto found = replies.find(question);
    return found == replies.end() ? nullptr : &found->second;
}

bool says_something(const Reply* reply) { return reply != nullptr && reply->outcome != Outcome::silent && reply->outcome != Outcome::failed; }

Said judge_source(const Replies& replies, const Case& one) {
    const Question question{one.wanted.name, one.wanted.type};
    const Reply* reply = reply_of(replies, question);
    if (!says_something(reply)) {
        return {State::unknown, reply != nullptr && reply->outcome == Outcome::failed ? "failed" : "silent"};
    }
    if (one.wanted.alias && reply->alias == one.facts.host) {
        return {State::right, "right", {one.facts.host}};
    }
    std::vector<std::string> records = reply->records;
    if (one.wanted.alias) {
        const Reply* six = reply_of(replies, {one.wanted.name, Type::aaaa});
        const auto further = says_something(six) ? six->records : std::vector<std::string>();
        records.insert(records.end(), further.begin(), further.end());
        if (records.empty() && !reply->alias.empty()) {
            return {State::wrong, "other", {reply->alias}};
        }
    }
    const bool climbs = one.wanted.kind == Kind::dmarc || one.wanted.kind == Kind::caa;
    return records.empty() && !climbs ? Said{State::unseen, "absent"} : judge_records(records, one);
}

Said all_silent(const std::vector<Said>& all, const Case& one) {
    const bool failed = std::any_of(all.begin(), all.end(), [](const Said& said) { return said.code == "failed"; });
    const Reply* unchecked = reply_of(one.evidence.unchecked, {one.wanted.name, one.wanted.type});
    if (failed && says_something(unchecked)) {
        return {State::wrong, "bogus", unchecked->records};
    }
    return {State::unknown, failed ? "failed" : "silent"};
}

/// The authority says what is written; what the resolvers say otherwise is what they remember.
Said together(const Said& authority, std::vector<Said> resolvers, const Case& one) {
    const auto of = [&resolvers](State state) { return std::find_if(resolvers.begin(), resolvers.end(), [state](const Said& said) { return said.state == state; }); };
    const bool answered = std::any_of(resolvers.begin(), resolvers.end(), [](const Said& said) { return said.code != "silent" && said.code != "failed"; });
    if (authority.code == "silent" || authority.code == "failed") {
        if (!answered) {
            return all_silent(resolvers, one);
        }
        const auto right = of(State::right);
        const auto wrong = of(State::wrong);
        const auto unseen = of(State::unseen);
        const auto end = resolvers.end();
        if (right != end && (wrong != end || unseen != end)) {
            return {State::unseen, "spreading", right->seen};
        }
        const auto best = right != end ? right : wrong != end ? wrong : unseen != end ? unseen : std::find_if(resolvers.begin(), end, [](const Said& said) { return said.code != "silent" && said.code != "failed"; });
        return *best;
    }
    if (authority.state == State::right && (of(State::wrong) != resolvers.end() || of(State::unseen) != resolvers.end())) {
        return {State::unseen, "spreading", authority.seen};
    }
    if (authority.state != State::unknown && !answered) {
        // The zone's own server has it, and nobody who asks for the world gets it: DNSSEC, or resolvers that cannot be reached.
        const Said silent = all_silent(resolvers, one);
        return silent.code == "bogus" ? silent : authority;
    }
    return authority;
}

Finding judge_one(const Case& one) {
    Finding finding;
    finding.wanted = one.wanted;
    if (one.wanted.value.empty() && one.wanted.kind == Kind::dkim) {
        finding.state = State::unknown;
        finding.code = "dkim_key_missing";
        return finding;
    }
    if (one.evidence.at_ms == 0) {
        finding.code = "unchecked";
        return finding;
    }
    std::vector<Said> resolvers;
    bool asked = false;
    for (const Evidence::Source& source : one.evidence.resolvers) {
        asked = asked || source.replies.contains({one.wanted.name, one.wanted.type});
        resolvers.push_back(judge_source(source.replies, one));
    }
    if (!asked && !resolvers.empty()) {
        finding.code = "unchecked";  // wanted since that look only
        return finding;
    }
    const Said said = together(judge_source(one.evidence.of_authority, one), std::move(resolvers), one);
    finding.state = said.state;
    finding.code = said.code;
    finding.seen = said.seen;
    finding.values = said.values;
    finding.wanted.value = said.better.empty() ? one.wanted.value : said.better;
    return finding;
}

} // namespace

const Reply* Evidence::known(const Question& question) const {
    for (const Source& source : resolvers) {
        const Reply* reply = reply_of(source.replies, question);
        if (says_something(reply)) {
            return reply;
        }
    }
    return nullptr;
}

const Reply* Evidence::newest(const Question& question) const {
    const Reply* reply = reply_of(of_authority, question);
    // Of an alias the zone's own server may know the target's name alone.
    return says_something(reply) && (reply->alias.empty() || !reply->records.empty()) ? reply : known(question);
}

const char* word_of(State state) {
    switch (state) {
    case State::unchecked: return "unchecked";
    case State::right: return "right";
    case State::wrong: return "wrong";
    case State::unseen: return "unseen";
    case State::unknown: return "unknown";
    }
    return "";
}

const char* word_of(Stage stage) {
    switch (stage) {
    case Stage::checking: return "checking";
    case Stage::live: return "live";
    case Stage::partly: return "partly";
    case Stage::elsewhere: return "elsewhere";
    case Stage::leaving: return "leaving";
    }
    return "";
}

std::vector<std::string> house_addresses(const std::string& host, const Evidence& evidence) {
    std::vector<std::string> out;
    for (const Type type : {Type::a, Type::aaaa}) {
        const Reply* reply = evidence.known({host, type});
        const auto& found = reply == nullptr ? std::vector<std::string>() : reply->records;
        out.insert(out.end(), found.begin(), found.end());
    }
    out.resize(std::min(out.size(), addresses_max));
    return out;
}

std::vector<Question> first_questions(const std::string& domain, const std::vector<Wanted>& wanted, const std::string& host) {
    std::vector<Question> out = {{domain, Type::soa}, {host, Type::a}, {host, Type::aaaa}};
    for (const Wanted& one : wanted) {
        if (!one.value.empty() || one.kind == Kind::spf) {
            out.push_back({one.name, one.type});
        }
        if (one.alias) {
            out.push_back({one.name, Type::aaaa});
        }
    }
    for (const std::string& parent : parents_of(domain)) {
        out.push_back({"_dmarc." + parent, Type::txt});
        out.push_back({parent, Type::caa});
    }
    return out;
}

std::vector<Question> zone_questions(const std::string& domain, const std::string& zone, const std::vector<Wanted>& wanted) {
    std::vector<Question> out;
    for (const Wanted& one : wanted) {
        const bool here = one.kind != Kind::ptr && mailauth::is_at_or_below(one.name, domain) && mailauth::is_at_or_below(one.name, zone);
        if (here && (!one.value.empty() || one.kind == Kind::spf)) {
            out.push_back({one.name, one.type});
        }
        if (here && one.alias) {
            out.push_back({one.name, Type::aaaa});
        }
    }
    return out;
}

std::vector<Question> second_questions(const std::string& domain, const std::vector<Wanted>& wanted, const Evidence& evidence) {
    std::vector<Question> out;
    if (!evidence.zone.empty()) {
        out.push_back({evidence.zone, Type::ns});
    }
    for (const Wanted& one : wanted) {
        if (one.kind == Kind::ptr) {
            out.push_back({one.name, one.type});
        }
    }
    const Reply* mx = evidence.known({domain, Type::mx});
    for (const std::string& record : mx == nullptr ? std::vector<std::string>() : mx->records) {
        out.push_back({without_first_word(record), Type::a});
        out.push_back({without_first_word(record), Type::aaaa});
    }
    return out;
}

std::vector<Question> spf_questions(const std::string& domain, const HouseFacts& facts, const Evidence& evidence) {
    std::vector<Question> out;
    std::vector<const Replies*> sources = {&evidence.of_authority};
    for (const Evidence::Source& source : evidence.resolvers) {
        sources.push_back(&source.replies);
    }
    for (const Replies* source : sources) {
        const Reply* reply = reply_of(*source, {domain, Type::txt});
        for (const std::string& text : reply == nullptr ? std::vector<std::string>() : reply->records) {
            if (facts.smarthost.empty() && mailauth::is_spf(text)) {
                const SpfView view = view_spf(domain, text, facts.addresses, facts.host, evidence);
                out.insert(out.end(), view.missing.begin(), view.missing.end());
            }
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::vector<Finding> judge(const std::string& domain, const std::vector<Wanted>& wanted, const HouseFacts& facts, const Evidence& evidence) {
    std::vector<Finding> out;
    out.reserve(wanted.size());
    for (const Wanted& one : wanted) {
        out.push_back(judge_one({domain, one, facts, evidence}));
    }
    return out;
}

Stage stage_of(const std::vector<Finding>& findings, const Evidence& evidence) {
    for (const Finding& finding : findings) {
        if (finding.wanted.kind == Kind::mx && finding.state == State::right) {
            return Stage::live;
        }
        if (finding.wanted.kind == Kind::mx && finding.code == "mx_also") {
            return Stage::partly;
        }
        if (finding.wanted.kind == Kind::mx && finding.code == "mx_elsewhere") {
            return evidence.was_live ? Stage::leaving : Stage::elsewhere;
        }
    }
    return Stage::checking;
}

} // namespace hameau::mailrecords
