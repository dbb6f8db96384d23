// A chain of sets i=1, 2, ...; each set is three fields.
#include "modules/mail/auth/arc.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/tags.hpp"

namespace hameau::mailauth {

namespace {

constexpr std::string_view results_key = "arc-authentication-results";
constexpr std::string_view message_key = "arc-message-signature";
constexpr std::string_view seal_key = "arc-seal";

struct Set {
    const Field* results = nullptr;
    const Field* message = nullptr;
    const Field* seal = nullptr;
};

ArcVerdict failed(std::string reason, unsigned sets, bool unsure = false) { return {ArcResult::fail, std::move(reason), sets, {}, unsure}; }

/// 1 to 50 without leading zeros; 0 for anything else.
unsigned read_instance(std::string_view text) {
    if (text.starts_with('0') || text.size() > 2) {
        return 0;
    }
    const auto number = read_number(text);
    return number && *number <= static_cast<long>(arc_sets_max) ? static_cast<unsigned>(*number) : 0;
}

unsigned instance_of(const Field& field) {
    if (field.key == results_key) {
        // What follows is no tag-list: only the first tag is read.
        const std::string_view first = std::string_view(field.value).substr(0, field.value.find(';'));
        const auto tags = parse_tags(first);
        return tags ? read_instance(tags->text("i")) : 0;
    }
    const auto tags = parse_tags(field.value);
    return tags ? read_instance(tags->text("i")) : 0;
}

bool is_arc(const Field& field) { return field.key == results_key || field.key == message_key || field.key == seal_key; }

/// False: the sets are not what §5.2 step 3 wants.
bool collect(const std::vector<Field>& fields, std::map<unsigned, Set>& sets) {
    for (const Field& field : fields) {
        if (!is_arc(field)) {
            continue;
        }
        const unsigned instance = instance_of(field);
        if (instance == 0) {
            return false;
        }
        Set& set = sets[instance];
        const Field*& place = field.key == results_key ? set.results : field.key == message_key ? set.message : set.seal;
        if (place != nullptr) {
            return false;
        }
        place = &field;
    }
    return std::all_of(sets.begin(), sets.end(), [](const auto& one) { return one.second.results && one.second.message && one.second.seal; }) &&
           (sets.empty() || sets.rbegin()->first == sets.size());
}

const Field* newest_message_signature(const std::vector<Field>& fields) {
    const Field* newest = nullptr;
    unsigned most = 0;
    for (const Field& field : fields) {
        const unsigned instance = field.key == message_key ? instance_of(field) : 0;
        if (instance > most) {
            most = instance;
            newest = &field;
        }
    }
    return newest;
}

struct Seal {
    std::string domain, selector, octets, chain;
    Algorithm algorithm = Algorithm::rsa_sha256;
};

std::optional<Seal> parse_seal(const Field& field) {
    const auto tags = parse_tags(field.value);
    if (!tags || tags->has("h")) {
        return std::nullopt;  // §4.1.3
    }
    for (const char* needed : {"a", "b", "cv", "d", "s"}) {
        if (!tags->has(needed)) {
            return std::nullopt;
        }
    }
    const std::string algorithm = ascii_lower(tags->text("a"));
    const auto octets = decode_base64(tags->text("b"));
    Seal seal{ascii_lower(tags->text("d")), tags->text("s"), octets.value_or(""), ascii_lower(tags->text("cv")),
              algorithm == "rsa-sha256" ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256};
    const bool good = octets && (algorithm == "rsa-sha256" || algorithm == "ed25519-sha256") && is_plain_domain(seal.domain) &&
                      is_domain(seal.selector + "._domainkey." + seal.domain) && (!tags->has("t") || read_number(tags->text("t")));
    return good ? std::optional(seal) : std::nullopt;
}

/// What the seal of the set `last` covers (§5.1.1).
std::string sealed_data(const std::map<unsigned, Set>& sets, unsigned last, unsigned first) {
    std::string data;
    for (unsigned i = first; i <= last; ++i) {
        const Set& set = sets.at(i);
        data += canonical_field(*set.results, Form::relaxed) + "\r\n" + canonical_field(*set.message, Form::relaxed) + "\r\n";
        data += i < last ? canonical_field(*set.seal, Form::relaxed) + "\r\n" : canonical_field(without_signature(*set.seal), Form::relaxed);
    }
    return data;
}

/// All seals, the newest first: "" when they hold, else what is wrong. Nothing: a key is not here yet.
/// Nothing is computed before all keys are here: this runs again for each answer of DNS.
/// `unsure`: what is wrong is that DNS did not answer.
std::optional<std::string> check_seals(const std::map<unsigned, Set>& sets, Resolver& resolver, bool& unsure) {
    std::vector<Seal> seals;
    std::vector<Result<PublicKey>> keys;
    bool pending = false;
    for (const auto& [instance, set] : sets) {
        const auto seal = parse_seal(*set.seal);
        if (!seal) {
            return "a seal cannot be read";
        }
        if (seal->chain != (instance == 1 ? "none" : "pass")) {
            return "a seal says that the chain before it failed";
        }
        auto key = find_key(seal->domain, seal->selector, resolver);
        pending = pending || !key;
        if (key && !*key) {
            unsure = key->error().kind == ErrorKind::unavailable;
            return key->error().message;
        }
        if (key) {
            seals.push_back(*seal);
            keys.push_back(std::move(*key));
        }
    }
    if (pending) {
        return std::nullopt;
    }
    // Each seal covers the sets before it too: their canonical text grows, and is made once.
    std::string before;
    for (const auto& [instance, set] : sets) {
        const std::string own = canonical_field(*set.results, Form::relaxed) + "\r\n" + canonical_field(*set.message, Form::relaxed) + "\r\n";
        const Result<PublicKey>& key = keys[instance - 1];
        before += own;
        if (key->algorithm != seals[instance - 1].algorithm ||
            !verify(*key, before + canonical_field(without_signature(*set.seal), Form::relaxed), seals[instance - 1].octets)) {
            return "a seal did not verify";
        }
        before += canonical_field(*set.seal, Form::relaxed) + "\r\n";
    }
    return "";
}

std::optional<std::string> check_message(const Field& field, const std::vector<Field>& fields, BodyHashes& hashes, Resolver& resolver, bool& unsure) {
    const auto signature = parse_signature(field.value, SignatureKind::arc);
    if (!signature) {
        return signature.error().message;
    }
    BodyHash* const hash = hashes.find(signature->body_form, signature->length);
    if (hash == nullptr) {
        return "the body was not hashed";
    }
    // Time: the newest signature may be as old as the message. So t= and x= do not count.
    Signature timeless = *signature;
    timeless.made = timeless.ends = std::nullopt;
    const auto verdict = verify_signature(timeless, field, fields, *hash, resolver, 0);
    if (!verdict) {
        return std::nullopt;
    }
    unsure = verdict->result == DkimResult::temperror;
    return verdict->result == DkimResult::pass ? "" : "the newest message signature: " + verdict->reason;
}

} // namespace

const char* word_of(ArcResult result) {
    constexpr std::array words = {"none", "pass", "fail"};
    return words[static_cast<std::size_t>(result)];
}

void want_arc_hash(const std::vector<Field>& fields, BodyHashes& hashes) {
    const Field* const field = newest_message_signature(fields);
    if (field == nullptr) {
        return;
    }
    if (const auto signature = parse_signature(field->value, SignatureKind::arc)) {
        hashes.want(signature->body_form, signature->length);
    }
}

std::optional<ArcVerdict> check_arc(const std::vector<Field>& fields, BodyHashes& hashes, Resolver& resolver) {
    std::map<unsigned, Set> sets;
    const bool whole = collect(fields, sets);
    const auto last = static_cast<unsigned>(sets.size());
    if (!whole) {
        return failed("the sets are not complete", last);
    }
    if (sets.empty()) {
        return ArcVerdict();
    }
    bool unsure = false;
    const auto message = check_message(*sets.at(last).message, fields, hashes, resolver, unsure);
    if (message && !message->empty()) {
        return failed(*message, last, unsure);
    }
    const auto seals = check_seals(sets, resolver, unsure);
    if (seals && !seals->empty()) {
        return failed(*seals, last, unsure);
    }
    if (!message || !seals) {
        return std::nullopt;
    }
    return ArcVerdict{ArcResult::pass, "", last, parse_seal(*sets.at(last).seal)->domain, false};
}

Result<ArcSeal> make_seal(const Signer& signer, const std::vector<Field>& fields, const ArcVerdict& verdict, const std::string& host,
                          const std::string& results, const std::vector<std::string>& names, const std::string& body_hash, long now_seconds) {
    std::map<unsigned, Set> sets;
    const bool whole = collect(fields, sets);
    unsigned instance = 1;
    for (const auto& [number, set] : sets) {
        instance = std::max(instance, number + 1);
        const auto seal = set.seal != nullptr ? parse_seal(*set.seal) : std::nullopt;
        if (seal && seal->chain == "fail") {
            return fail(ErrorKind::denied, "the chain failed before");  // §5.1: nobody goes on behind it
        }
    }
    if (instance > arc_sets_max) {
        return fail(ErrorKind::denied, "the chain is full");
    }
    const std::string i = "i=" + std::to_string(instance);
    const std::string who = "; d=" + signer.domain + "; s=" + signer.selector + "; t=" + std::to_string(now_seconds) + ";\r\n\t";
    const std::string a = std::string("; a=") + name_of(signer.key->algorithm);
    ArcSeal out;
    out.results = " " + i + "; " + host + ";\r\n\t" + results;
    std::string list;
    for (const std::string& name : names) {
        list += (list.empty() ? "" : ":\r\n\t ") + name;
    }
    out.message_signature = " " + i + a + "; c=relaxed/relaxed" + who + "h=" + list + ";\r\n\tbh=" + base64(std::string_view(body_hash)) + ";\r\n\tb=";
    const std::string message_data = signed_fields(fields, names, Form::relaxed) +
                                     canonical_field(make_field("ARC-Message-Signature", out.message_signature), Form::relaxed);
    const auto message = sign(*signer.key, message_data);
    if (!message) {
        return fail(message.error());
    }
    out.message_signature += fold_base64(base64(std::string_view(*message)));
    out.seal = " " + i + a + "; cv=" + word_of(verdict.result) + who + "b=";
    const std::array own = {make_field("ARC-Authentication-Results", out.results), make_field("ARC-Message-Signature", out.message_signature),
                            make_field("ARC-Seal", out.seal)};
    sets[instance] = {&own[0], &own[1], &own[2]};
    // §5.1.2: behind a chain that cannot be verified the seal covers its own set only.
    const bool alone = !whole || verdict.result == ArcResult::fail;
    const auto seal = sign(*signer.key, sealed_data(sets, instance, alone ? instance : 1));
    if (!seal) {
        return fail(seal.error());
    }
    out.seal += fold_base64(base64(std::string_view(*seal)));
    return out;
}

} // namespace hameau::mailauth
