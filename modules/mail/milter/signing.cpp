// What would break on the way is not signed: too many fields to hold, lines that Postfix has to cut.
#include "modules/mail/milter/signing.hpp"

#include <algorithm>

#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/tags.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

using namespace mailauth;

void Signing::begin() {
    fields_.clear();
    body_ = BodyHashes();
    body_.want(Form::relaxed, std::nullopt);
    octets_ = line_octets_ = 0;
    unfit_ = headers_over_ = false;
    chain_.reset();
}

void Signing::add_header(std::string_view name, std::string_view value) {
    octets_ += name.size() + value.size();
    unfit_ = unfit_ || fields_.size() >= fields_max || octets_ > header_octets_max;
    if (!unfit_) {
        fields_.push_back(make_field(name, value));
    }
}

/// Which hash the chain of ARC needs is known once all fields are here.
void Signing::end_headers() {
    headers_over_ = true;
    want_arc_hash(fields_, body_);
}

void Signing::add_body(std::string_view octets) {
    if (!headers_over_) {
        end_headers();
    }
    for (const char c : octets) {
        line_octets_ = c == '\n' ? 0 : line_octets_ + 1;
        unfit_ = unfit_ || line_octets_ > signed_line_octets_max;
    }
    if (!unfit_) {
        body_.add(octets);
    }
}

/// Whether the record of this key is in DNS. A DNS that does not answer leaves it as it was.
Signing::Seen Signing::look(const std::string& domain, DomainKey& key) {
    const std::string name = key.selector + "._domainkey." + domain;
    const Answer* const answer = resolver_.ask_first(RecordType::txt, name);
    if (answer == nullptr) {
        return Seen::pending;
    }
    if (answer->status != Answer::Status::failed) {
        const bool seen = std::any_of(answer->records.begin(), answer->records.end(), [&key](const std::string& text) {
            const auto tags = parse_tags(text);
            return tags && without_space(tags->text("p")) == key.public_text && parse_key_record(text);
        });
        keys_.note_seen(domain, key, seen);
    }
    return key.seen ? Seen::yes : Seen::no;
}

/// The newest key whose record is seen. A null pointer: there is none. Nothing: an answer of DNS is missing.
std::optional<DomainKey*> Signing::usable_key(const std::string& domain) {
    for (DomainKey& key : keys_.of(domain)) {
        const Seen seen = look(domain, key);
        if (seen == Seen::pending) {
            return std::nullopt;
        }
        if (seen == Seen::yes) {
            return &key;
        }
    }
    return nullptr;
}

std::optional<std::string> Signing::sign(std::string domain, Reach reach) {
    if (!may_sign()) {
        return "";
    }
    auto key = usable_key(domain);
    while (reach == Reach::above && key && *key == nullptr && is_plain_domain(domain)) {
        domain.erase(0, domain.find('.') + 1);
        key = usable_key(domain);
    }
    if (!key) {
        return std::nullopt;
    }
    if (*key == nullptr) {
        return "";
    }
    const auto value = make_signature({domain, (*key)->selector, &(*key)->key}, fields_, body_.find(Form::relaxed, std::nullopt)->finish(), now_());
    return value ? *value : "";
}

std::optional<Signing::Headers> Signing::seal(const std::string& domain, const std::string& host, const std::string& results) {
    if (!may_sign()) {
        return Headers();
    }
    if (!headers_over_) {
        end_headers();
    }
    // Both ask for what they need before the first answer is waited for.
    const auto key = usable_key(domain);
    if (!chain_) {
        chain_ = check_arc(fields_, body_, resolver_);
    }
    if (!key || !chain_) {
        return std::nullopt;
    }
    // A chain that DNS hides now may be good: calling it failed would spoil it for everybody behind us (RFC 8617 §5.1).
    if (*key == nullptr || chain_->unsure) {
        return Headers();
    }
    std::vector<std::string> names = names_to_sign(fields_);
    const auto signatures = std::count_if(fields_.begin(), fields_.end(), [](const Field& field) { return field.key == "dkim-signature"; });
    names.insert(names.end(), static_cast<std::size_t>(signatures), "dkim-signature");  // §4.1.2
    const auto set = make_seal({domain, (*key)->selector, &(*key)->key}, fields_, *chain_, host, results, names,
                               body_.find(Form::relaxed, std::nullopt)->finish(), now_());
    if (!set) {
        return Headers();  // the chain is full, or was called failed by somebody before us
    }
    return Headers{{"ARC-Authentication-Results", set->results}, {"ARC-Message-Signature", set->message_signature}, {"ARC-Seal", set->seal}};
}

} // namespace hameau::milter
