// Names are judged before they are cleaned: what looks like an attack is refused, never repaired.
#include "modules/sites/unpack/upload_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/contract/site_names.hpp"

namespace hameau::sites {

namespace {

constexpr std::array<std::uint16_t, 128> code_page_850 = {
#include "modules/sites/unpack/cp850.inc"
};

std::string from_code_page(std::string_view raw) {
    std::string out;
    for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
            continue;
        }
        const unsigned point = code_page_850[byte - 0x80u];
        if (point >= 0x800) {
            out += static_cast<char>(0xe0 | point >> 12);
            out += static_cast<char>(0x80 | (point >> 6 & 63));
        } else {
            out += static_cast<char>(0xc0 | point >> 6);
        }
        out += static_cast<char>(0x80 | (point & 63));
    }
    return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// macOS ends the name of a folder's own icon with a carriage return; it is left over, not an attack.
bool is_control_allowed(std::string_view raw, std::size_t at) {
    const std::size_t start = raw.rfind('/', at) + 1;
    const std::size_t end = std::min(raw.find('/', at), raw.size());
    return name_kind(raw.substr(start, end - start)) == NameKind::left_over;
}

bool has_bad_control(std::string_view raw) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto byte = static_cast<unsigned char>(raw[i]);
        if ((byte < 0x20 || byte == 0x7f) && !is_control_allowed(raw, i)) {
            return true;
        }
    }
    return false;
}

UploadName refuse(std::string_view code) { return UploadName{UploadName::Verdict::refuse, {}, code, false}; }

} // namespace

UploadName read_upload_name(std::string_view raw) {
    using Verdict = UploadName::Verdict;
    if (raw.empty()) {
        return refuse("bad_name");
    }
    if (raw.size() > path_bytes_max) {
        return refuse("name_too_long");
    }
    if (has_bad_control(raw)) {
        return refuse("bad_name");
    }
    if (raw[0] == '/' || (raw.size() > 1 && is_letter(raw[0]) && raw[1] == ':')) {
        return refuse("absolute_name");
    }
    if (raw.find('\\') != std::string_view::npos) {
        return refuse("backslash_name");
    }
    UploadName name;
    name.guessed = !is_utf8(raw);
    const auto text = to_nfc(name.guessed ? from_code_page(raw) : std::string(raw));
    if (!text) {
        return refuse("bad_name");
    }
    bool junk = false;
    bool hidden = false;
    for (std::size_t start = 0; start < text->size();) {
        const std::size_t end = std::min(text->find('/', start), text->size());
        const std::string_view segment = std::string_view(*text).substr(start, end - start);
        start = end + 1;
        if (segment == "..") {
            return refuse("parent_name");
        }
        if (segment.empty() || segment == ".") {
            continue;  // "./index.html" is what `tar c .` writes
        }
        const NameKind kind = name_kind(segment);
        junk = junk || kind == NameKind::left_over;
        hidden = hidden || kind == NameKind::hidden;
        name.path.append(name.path.empty() ? "" : "/").append(segment);
    }
    if (static_cast<std::size_t>(std::count(name.path.begin(), name.path.end(), '/')) >= path_depth_max) {
        return refuse("too_deep");
    }
    if (name.path.size() > path_bytes_max) {
        return refuse("name_too_long");
    }
    name.verdict = text->ends_with('/') || name.path.empty() ? Verdict::folder
                   : junk                                     ? Verdict::junk
                   : hidden                                   ? Verdict::hidden
                                                              : Verdict::keep;
    return name;
}

std::string printable_name(std::string_view raw) {
    std::string text = is_utf8(raw) ? std::string(raw) : from_code_page(raw.substr(0, 400));
    std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
                    '?');
    if (text.size() > 200) {
        text.resize(197);
        while (!is_utf8(text)) {
            text.pop_back();
        }
        text += "...";
    }
    return text;
}

} // namespace hameau::sites
