// Making a signature.
#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/dkim.hpp"

namespace hameau::mailauth {

namespace {

constexpr std::size_t fold_octets = 72;

/// Signed once more than they are there: a second From, Subject ... added on the way breaks the signature.
constexpr std::array<std::string_view, 12> closed = {"from", "to", "cc", "subject", "date", "message-id", "reply-to", "sender", "mime-version",
                                                     "content-type", "content-transfer-encoding", "in-reply-to"};
/// Signed where they are. RFC 8058 §4 wants both List-Unsubscribe fields signed.
constexpr std::array<std::string_view, 8> open = {"references", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-post",
                                                  "auto-submitted", "resent-from", "resent-date"};

std::string fold_names(const std::vector<std::string>& names) {
    std::string out;
    std::size_t line = 4;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string one = names[i] + (i + 1 < names.size() ? ":" : "");
        if (line + one.size() > fold_octets) {
            out += "\r\n\t";
            line = 1;
        }
        out += one;
        line += one.size();
    }
    return out;
}

} // namespace

std::string fold_base64(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += fold_octets) {
        out += "\r\n\t";
        out += text.substr(at, fold_octets);
    }
    return out;
}

std::vector<std::string> names_to_sign(const std::vector<Field>& fields) {
    std::vector<std::string> names;
    const auto add = [&](std::string_view name, std::size_t more) {
        const auto there = std::count_if(fields.begin(), fields.end(), [name](const Field& field) { return field.key == name; });
        names.insert(names.end(), static_cast<std::size_t>(there) + more, std::string(name));
    };
    std::for_each(closed.begin(), closed.end(), [&add](std::string_view name) { add(name, 1); });
    std::for_each(open.begin(), open.end(), [&add](std::string_view name) { add(name, 0); });
    return names;
}

Result<std::string> make_signature(const Signer& signer, const std::vector<Field>& fields, const std::string& body_hash, long now_seconds) {
    const std::vector<std::string> names = names_to_sign(fields);
    std::string value = std::string(" v=1; a=") + name_of(signer.key->algorithm) + "; c=relaxed/relaxed; d=" + signer.domain +
                        ";\r\n\ts=" + signer.selector + "; t=" + std::to_string(now_seconds) + ";\r\n\th=" + fold_names(names) + ";\r\n\tbh=" +
                        base64(std::string_view(body_hash)) + ";\r\n\tb=";
    const std::string data = signed_fields(fields, names, Form::relaxed) + canonical_field(make_field("DKIM-Signature", value), Form::relaxed);
    auto octets = sign(*signer.key, data);
    if (!octets) {
        return fail(octets.error());
    }
    return value + fold_base64(base64(std::string_view(*octets)));
}

} // namespace hameau::mailauth
