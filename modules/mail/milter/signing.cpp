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
    unfit_ = false;
}

void Signing::add_header(std::string_view name, std::string_view value) {
    octets_ += name.size() + value.size();
    unfit_ = unfit_ || fields_.size() >= fields_max || octets_ > header_octets_max;
    if (!unfit_) {
        fields_.push_back(make_field(name, value));
    }
}

void Signing::add_body(std::string_view octets) {
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

std::optional<std::string> Signing::sign(const std::string& domain) {
    const long now = now_();
    if (unfit_ || now < signing_clock_least) {
        return "";
    }
    for (DomainKey& key : keys_.of(domain)) {
        const Seen seen = look(domain, key);
        if (seen == Seen::pending) {
            return std::nullopt;
        }
        if (seen == Seen::yes) {
            const auto value = make_signature({domain, key.selector, &key.key}, fields_, body_.find(Form::relaxed, std::nullopt)->finish(), now);
            return value ? *value : "";
        }
    }
    return "";
}

} // namespace hameau::milter
