// Fields "key: value", in any order; the first of a doubled one counts, but for mx.
#include "modules/mail/mta_sts/policy.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/mta_sts/limits.hpp"

namespace hameau::mta_sts {

namespace {

bool is_pattern(std::string_view text) { return mailauth::is_plain_domain(text.starts_with("*.") ? text.substr(2) : text); }

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

} // namespace

std::optional<Policy> read_policy(std::string_view text) {
    Policy policy;
    std::string version;
    std::string mode;
    std::string age;
    for (const std::string_view whole : split(text, '\n')) {
        const std::string_view line = whole.substr(0, whole.size() - (whole.ends_with('\r') ? 1 : 0));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string_view key = trimmed(line.substr(0, colon));
        const std::string value = ascii_lower(trimmed(line.substr(colon + 1)));
        std::string* place = key == "version" ? &version : key == "mode" ? &mode : key == "max_age" ? &age : nullptr;
        if (key == "mx") {
            if (!is_pattern(value) || policy.patterns.size() == patterns_max) {
                return std::nullopt;
            }
            policy.patterns.push_back(value);
        } else if (place != nullptr && place->empty()) {
            *place = value;
        }
    }
    const auto [end, failed] = std::from_chars(age.data(), age.data() + age.size(), policy.max_age);
    if (version != "stsv1" || age.empty() || failed != std::errc() || end != age.data() + age.size() || policy.max_age < 0) {
        return std::nullopt;
    }
    policy.max_age = std::min(policy.max_age, max_age_max);
    if (mode != "none" && mode != "testing" && mode != "enforce") {
        return std::nullopt;
    }
    policy.mode = mode == "none" ? Mode::none : mode == "testing" ? Mode::testing : Mode::enforce;
    return policy.mode != Mode::none && policy.patterns.empty() ? std::nullopt : std::optional(policy);
}

std::string read_id(const std::vector<std::string>& texts) {
    std::string found;
    std::size_t records = 0;
    for (const std::string& text : texts) {
        const auto fields = split(text, ';');
        if (trimmed(fields.front()) != "v=STSv1") {
            continue;
        }
        ++records;
        for (const std::string_view field : fields) {
            const std::string_view tag = trimmed(field);
            if (tag.starts_with("id=") && is_id(tag.substr(3))) {
                found = tag.substr(3);
            }
        }
    }
    return records == 1 ? found : std::string();
}

std::string postfix_value(const Policy& policy) {
    if (policy.mode != Mode::enforce) {
        return {};
    }
    std::string value = "secure match=";
    for (const std::string& pattern : policy.patterns) {
        // ".example.org" of Postfix: any name below. RFC 8461 §4.1 means one label; the certificate is still one of the domain.
        value += (value.ends_with('=') ? "" : ":") + (pattern.starts_with("*.") ? pattern.substr(1) : pattern);
    }
    return value + " servername=hostname";
}

} // namespace hameau::mta_sts
