// Small readers for what stands in header fields and TXT records.
#include "modules/mail/auth/tags.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"

namespace hameau::mailauth {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// tag-name = ALPHA *(ALPHA / DIGIT / "_")
bool is_tag_name(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

int base64_value(char c) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t at = letters.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

} // namespace

const std::string* TagList::find(std::string_view name) const {
    const auto found = std::find_if(tags_.begin(), tags_.end(), [name](const auto& tag) { return tag.first == name; });
    return found == tags_.end() ? nullptr : &found->second;
}

std::string TagList::text(std::string_view name, std::string_view otherwise) const {
    const std::string* const value = find(name);
    return value != nullptr ? *value : std::string(otherwise);
}

std::string_view strip_space(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::string without_space(std::string_view text) {
    std::string out(text);
    std::erase_if(out, is_space);
    return out;
}

Result<TagList> parse_tags(std::string_view text) {
    TagList list;
    auto parts = split(text, ';');
    if (!parts.empty() && strip_space(parts.back()).empty()) {
        parts.pop_back();  // one ";" may stand at the end
    }
    for (const std::string_view part : parts) {
        const std::size_t equals = part.find('=');
        const std::string_view name = equals == std::string_view::npos ? std::string_view() : strip_space(part.substr(0, equals));
        const std::string_view value = equals == std::string_view::npos ? std::string_view() : strip_space(part.substr(equals + 1));
        const bool readable = std::all_of(value.begin(), value.end(), [](char c) { return is_space(c) || (c > ' ' && c < 0x7f); });
        if (!is_tag_name(name) || !readable || list.has(name) || list.tags().size() == tags_max) {
            return fail(ErrorKind::invalid, "a tag cannot be read");
        }
        list.add(std::string(name), std::string(value));
    }
    return list;
}

std::optional<long> read_number(std::string_view text) {
    if (text.empty() || text.size() > 12 || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    return std::stol(std::string(text));
}

std::optional<std::string> decode_base64(std::string_view text) {
    const std::string packed = without_space(text);
    const std::size_t padding = packed.size() - std::min(packed.size(), packed.find_last_not_of('=') + 1);
    if (packed.empty() || packed.size() % 4 != 0 || padding > 2) {
        return std::nullopt;
    }
    std::string out;
    unsigned value = 0;
    int bits = 0;
    for (const char c : std::string_view(packed).substr(0, packed.size() - padding)) {
        const int one = base64_value(c);
        if (one < 0) {
            return std::nullopt;
        }
        value = (value << 6 | static_cast<unsigned>(one)) & 0xffffU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(value >> bits & 0xff);
        }
    }
    return out;
}

std::vector<std::string> colon_list(std::string_view text) {
    std::vector<std::string> out;
    for (const std::string_view part : split(text, ':')) {
        out.emplace_back(strip_space(part));
    }
    return out;
}

} // namespace hameau::mailauth
