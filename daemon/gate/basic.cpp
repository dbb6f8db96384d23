// The other direction of base64 stands in daemon/base/text.hpp; this is the only reader of it.
#include "daemon/gate/basic.hpp"

#include <cstdint>

#include "daemon/contract/site_names.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

namespace {

std::optional<std::string> base64_decode(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string out;
    std::uint32_t group = 0;
    std::size_t letters = 0;
    for (const char c : text.substr(0, text.size() - padding)) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        group = group << 6 | static_cast<std::uint32_t>(value);
        ++letters;
        if (letters % 4 != 1) {
            const std::size_t extra_bits = 6 - 2 * ((letters - 1) % 4);
            out += static_cast<char>(group >> extra_bits & 255);
        }
    }
    return out;
}

} // namespace

std::optional<BasicCredentials> parse_basic(std::string_view field) {
    constexpr std::string_view scheme = "basic ";
    if (field.size() <= scheme.size() || !equals(field.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    const auto text = base64_decode(field.substr(scheme.size()));
    const std::size_t colon = text ? text->find(':') : std::string::npos;
    // people reads JSON, which is UTF-8.
    if (colon == std::string::npos || !sites::is_utf8(*text)) {
        return std::nullopt;
    }
    return BasicCredentials{text->substr(0, colon), text->substr(colon + 1)};
}

std::string parse_bearer(std::string_view field) {
    constexpr std::string_view scheme = "bearer ";
    if (field.size() <= scheme.size() || !equals(field.substr(0, scheme.size()), scheme)) {
        return {};
    }
    const std::string_view token = field.substr(scheme.size());
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    const bool plain = token.size() <= session_token_bytes_max && token.find_first_not_of(letters) == std::string_view::npos;
    return plain ? std::string(token) : std::string();
}

} // namespace hameau::gate
