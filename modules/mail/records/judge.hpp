// What DNS says of a domain, beside what is wanted: right, wrong, not seen yet, or nobody can know. Pure: from the answers of one look.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/mail/records/wanted.hpp"

namespace hameau::mailrecords {

using Replies = std::map<Question, Reply>;

/// The answers of one look at a domain. Kept as they came, and judged anew each time they are shown: what the house wants may have changed.
struct Evidence {
    std::int64_t at_ms = 0;  ///< UTC, since 1970; 0: never looked
    std::string zone;        ///< in which the domain's records stand; empty: not known
    struct Source {
        std::string address;  ///< of a resolver
        Replies replies;
    };
    std::vector<Source> resolvers;
    std::string authority;   ///< name of the zone's server that answered; empty: none did
    Replies of_authority;
    Replies unchecked;       ///< what came only when DNSSEC was not checked
    bool was_live = false;   ///< at an earlier look mail came here

    /// The first resolver's answer that says something; null: none does.
    const Reply* known(const Question& question) const;
    /// What is written now: the authority's answer, or else the same as known().
    const Reply* newest(const Question& question) const;
};

enum class State {
    unchecked,  ///< nobody asked yet
    right,
    wrong,      ///< something else stands there
    unseen,     ///< not there, or not everywhere yet
    unknown,    ///< cannot be known: no answer, or the house itself lacks something
};
const char* word_of(State state);

struct Finding {
    Wanted wanted;  ///< `value` may differ from the list's: an SPF record keeps what else it permits
    State state = State::unchecked;
    std::string code;               ///< of the sentence: records_CODE of the catalogue
    std::vector<std::string> seen;  ///< what stands there; text of strangers
    std::vector<std::pair<std::string_view, std::string>> values;  ///< for the sentence, beside {seen}, {wanted}, {name}
};

enum class Stage {
    checking,   ///< nobody knows yet where its mail goes
    live,       ///< its mail comes here
    partly,     ///< it comes here and goes to another server, as the sender likes
    elsewhere,  ///< its mail goes to another server: not moved yet
    leaving,    ///< its mail came here once and goes to another server now
};
const char* word_of(Stage stage);

/// What the house's own name leads to, by this look.
std::vector<std::string> house_addresses(const std::string& host, const Evidence& evidence);
/// The questions of the first round: all that can be asked without an answer.
std::vector<Question> first_questions(const std::string& domain, const std::vector<Wanted>& wanted, const std::string& host);
/// What the authority is asked: the domain's own records.
std::vector<Question> zone_questions(const std::string& domain, const std::string& zone, const std::vector<Wanted>& wanted);
/// Names and PTR that the first answers lead to.
std::vector<Question> second_questions(const std::string& domain, const std::vector<Wanted>& wanted, const Evidence& evidence);
/// What judging SPF still lacks; empty: nothing.
std::vector<Question> spf_questions(const std::string& domain, const HouseFacts& facts, const Evidence& evidence);

/// One a wanted record, in the same order. `facts.addresses` are those of this evidence.
std::vector<Finding> judge(const std::string& domain, const std::vector<Wanted>& wanted, const HouseFacts& facts, const Evidence& evidence);
Stage stage_of(const std::vector<Finding>& findings, const Evidence& evidence);

} // namespace hameau::mailrecords
