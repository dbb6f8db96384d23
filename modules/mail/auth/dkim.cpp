// Reading a signature, and verifying it.
#include "modules/mail/auth/dkim.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/tags.hpp"

namespace hameau::mailauth {

namespace {

tl::unexpected<Error> wrong(const char* reason) { return fail(ErrorKind::invalid, reason); }

std::optional<Form> read_form(std::string_view text) {
    return text == "relaxed" ? std::optional(Form::relaxed) : text == "simple" ? std::optional(Form::simple) : std::nullopt;
}

Status read_forms(const TagList& tags, Signature& out) {
    const std::string text = ascii_lower(tags.text("c", "simple/simple"));
    const std::size_t slash = text.find('/');
    const auto header = read_form(text.substr(0, slash));
    const auto body = slash == std::string::npos ? Form::simple : read_form(text.substr(slash + 1));
    if (!header || !body) {
        return wrong("c= is not known");
    }
    out.header_form = *header;
    out.body_form = *body;
    return {};
}

Status read_fields(const TagList& tags, Signature& out, SignatureKind kind) {
    out.fields = colon_list(tags.text("h"));
    bool from = false;
    for (const std::string& name : out.fields) {
        const std::string key = ascii_lower(name);
        from = from || key == "from";
        // RFC 8617 §4.1.2: a seal signs them, a message signature does not.
        if (name.empty() || (kind == SignatureKind::arc && key == "arc-seal")) {
            return wrong("h= names what must not be signed");
        }
    }
    if (!from || out.fields.size() > signed_fields_max) {
        return wrong("h= does not name From");
    }
    return {};
}

/// i= is in d=, or below it (RFC 6376 §3.5).
Status read_identity(const TagList& tags, Signature& out) {
    out.identity = without_space(tags.text("i", "@" + out.domain));
    const std::size_t at = out.identity.rfind('@');
    if (at == std::string::npos || !is_at_or_below(ascii_lower(out.identity.substr(at + 1)), out.domain)) {
        return wrong("i= is not in d=");
    }
    return {};
}

Status read_times(const TagList& tags, Signature& out) {
    for (const auto& [name, place] : {std::pair("t", &out.made), std::pair("x", &out.ends)}) {
        if (const std::string* const value = tags.find(name)) {
            *place = read_number(*value);
            if (!*place) {
                return wrong("t= or x= is not a number");
            }
        }
    }
    if (out.made && out.ends && *out.ends < *out.made) {
        return wrong("it ended before it was made");
    }
    if (const std::string* const value = tags.find("l")) {
        const auto length = read_number(*value);
        if (!length) {
            return wrong("l= is not a number");
        }
        out.length = static_cast<std::uint64_t>(*length);
    }
    return {};
}

DkimVerdict verdict_of(const Signature& signature, DkimResult result, std::string reason) {
    return {result, std::move(reason), signature.domain, signature.selector, signature.identity, signature.beginning};
}

} // namespace

const char* word_of(DkimResult result) {
    constexpr std::array words = {"none", "pass", "fail", "policy", "neutral", "temperror", "permerror"};
    return words[static_cast<std::size_t>(result)];
}

Result<Signature> parse_signature(std::string_view value, SignatureKind kind) {
    const auto tags = parse_tags(value);
    if (!tags) {
        return wrong("it cannot be read");
    }
    for (const char* needed : {"a", "b", "bh", "d", "h", "s"}) {
        if (!tags->has(needed)) {
            return wrong("a tag is missing");
        }
    }
    const bool dkim = kind == SignatureKind::dkim;
    if (dkim && tags->text("v") != "1") {
        return wrong("v= is not 1");
    }
    Signature out;
    const std::string algorithm = ascii_lower(tags->text("a"));
    if (algorithm != "rsa-sha256" && algorithm != "ed25519-sha256") {
        return wrong("the algorithm is not taken");  // RFC 8301 §3.1: SHA-1 is none any more
    }
    out.algorithm = algorithm == "rsa-sha256" ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256;
    out.domain = ascii_lower(without_space(tags->text("d")));
    out.selector = without_space(tags->text("s"));
    if (!is_plain_domain(out.domain) || !is_domain(out.selector + "._domainkey." + out.domain)) {
        return wrong("d= or s= is not a name");
    }
    const auto hash = decode_base64(tags->text("bh"));
    const auto octets = decode_base64(tags->text("b"));
    if (!hash || !octets) {
        return wrong("b= or bh= is not base64");
    }
    out.body_hash = *hash;
    out.signature = *octets;
    out.beginning = without_space(tags->text("b")).substr(0, 8);
    const auto methods = colon_list(ascii_lower(tags->text("q", "dns/txt")));
    if (dkim && std::find(methods.begin(), methods.end(), "dns/txt") == methods.end()) {
        return wrong("the key is not in DNS");
    }
    Status read = read_forms(*tags, out);
    read = read ? read_fields(*tags, out, kind) : read;
    read = read ? read_times(*tags, out) : read;
    read = read && dkim ? read_identity(*tags, out) : read;
    if (!read) {
        return fail(read.error());
    }
    return out;
}

std::optional<Result<PublicKey>> find_key(const std::string& domain, const std::string& selector, Resolver& resolver) {
    const Answer* const answer = resolver.ask(RecordType::txt, ascii_lower(selector) + "._domainkey." + domain);
    if (answer == nullptr) {
        return std::nullopt;
    }
    if (answer->status == Answer::Status::failed) {
        return fail(ErrorKind::unavailable, "the key could not be asked for");
    }
    Result<PublicKey> key = fail(ErrorKind::invalid, "there is no key");
    // §3.6.2.2: what several records mean is not defined. The first one that is a key counts.
    for (std::size_t i = 0; i < answer->records.size() && i < 4 && !key; ++i) {
        key = parse_key_record(answer->records[i]);
    }
    return key;
}

std::optional<DkimVerdict> verify_signature(const Signature& signature, const Field& own, const std::vector<Field>& fields, BodyHash& hash,
                                            Resolver& resolver, VerifyTime time) {
    // A t= that lies ahead is not looked at (RFC 6376 §3.5: a verifier MAY): a clock of ours that is slow would refuse all fresh mail.
    if (signature.ends && *signature.ends < time.now_seconds) {
        return time.sure ? verdict_of(signature, DkimResult::fail, "expired")
                         : verdict_of(signature, DkimResult::temperror, "expired, if our clock is right");
    }
    const auto found = find_key(signature.domain, signature.selector, resolver);
    if (!found) {
        return std::nullopt;
    }
    const Result<PublicKey>& key = *found;
    if (!key) {
        const bool later = key.error().kind == ErrorKind::unavailable;
        return verdict_of(signature, later ? DkimResult::temperror : DkimResult::permerror, key.error().message);
    }
    if (key->algorithm != signature.algorithm) {
        return verdict_of(signature, DkimResult::permerror, "the key is of another kind");
    }
    if (key->same_domain && ascii_lower(signature.identity.substr(signature.identity.rfind('@') + 1)) != signature.domain) {
        return verdict_of(signature, DkimResult::permerror, "the key is for d= itself only");
    }
    if (hash.finish() != signature.body_hash || (signature.length && *signature.length > hash.size())) {
        return verdict_of(signature, DkimResult::fail, "body hash did not verify");
    }
    const std::string data = signed_fields(fields, signature.fields, signature.header_form) +
                             canonical_field(without_signature(own), signature.header_form);
    if (!verify(*key, data, signature.signature)) {
        return verdict_of(signature, DkimResult::fail, "signature did not verify");
    }
    // §8.2: anybody could have added the rest of the body.
    if (signature.length && *signature.length < hash.size()) {
        return verdict_of(signature, DkimResult::policy, "a part of the body is not signed");
    }
    return verdict_of(signature, DkimResult::pass, "");
}

} // namespace hameau::mailauth
