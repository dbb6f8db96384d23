// What both emitters share: versions, the smarthost, templates.
#include "provisioning/mail_model.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/settings/values.hpp"

namespace hameau::provisioning {

Result<DovecotLanguage> dovecot_language(std::string_view version) {
    if (version.starts_with("2.3.")) {
        return DovecotLanguage::v2_3;
    }
    if (version.starts_with("2.4.")) {
        return DovecotLanguage::v2_4;
    }
    return fail(ErrorKind::unavailable, "Dovecot " + std::string(version.substr(0, version.find_first_of(" \n"))) +
                                            " is installed; Hameau knows 2.3 and 2.4. Mail stays as it was.");
}

Result<std::string> parse_smarthost(std::string_view text) {
    const tl::unexpected<Error> refused = fail(
        ErrorKind::invalid, "mail.smarthost: expected HOST:PORT such as smtp.provider.example:587, got \"" +
                                std::string(text.substr(0, 80)) + "\"");
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return refused;
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    unsigned port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65535) {
        return refused;
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (host.empty() || host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
            return refused;
        }
        return "[ipv6:" + std::string(host) + "]:" + std::to_string(port);
    }
    const auto name = parse_host_name(host);
    if (!name) {
        return refused;
    }
    return "[" + *name + "]:" + std::to_string(port);
}

std::string fill_template(std::string_view text, const std::vector<std::pair<std::string, std::string>>& values) {
    std::string out;
    out.reserve(text.size() + 512);
    while (!text.empty()) {
        const std::size_t open = std::min(text.find('{'), text.size());
        out += text.substr(0, open);
        text.remove_prefix(open);
        if (text.empty()) {
            break;
        }
        const std::size_t close = text.find('}');
        const std::string_view name = close == std::string_view::npos ? std::string_view{} : text.substr(1, close - 1);
        const auto found = std::find_if(values.begin(), values.end(), [name](const auto& pair) { return pair.first == name; });
        if (found == values.end()) {
            out += '{';
            text.remove_prefix(1);
        } else {
            out += found->second;
            text.remove_prefix(close + 1);
        }
    }
    return out;
}

} // namespace hameau::provisioning
