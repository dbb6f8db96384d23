// As much of CSS Syntax Level 3 as addresses need. Every step moves forward.
#include "modules/sites/unpack/scan_style.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "daemon/contract/site_names.hpp"

namespace hameau::sites {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c & 0x80) != 0;
}

class StyleReader {
public:
    explicit StyleReader(std::string_view css) : css_(css) {}

    /// Goes to the next word, "@word", string or single sign; false at the end.
    bool next() {
        skip_blank();
        if (at_ >= css_.size()) {
            return false;
        }
        const std::size_t start = at_;
        is_string = css_[at_] == '"' || css_[at_] == '\'';
        if (is_string) {
            token = take_string();
            return true;
        }
        at_ += css_[at_] == '@' ? 1 : 0;
        while (at_ < css_.size() && is_name(css_[at_])) {
            ++at_;
        }
        at_ = std::max(at_, start + 1);
        token = css_.substr(start, at_ - start);
        return true;
    }

    /// After the word "url": the address in the brackets. False when none follow.
    bool address(std::string_view& out) {
        if (at_ >= css_.size() || css_[at_] != '(') {
            return false;
        }
        ++at_;
        while (at_ < css_.size() && is_space(css_[at_])) {
            ++at_;
        }
        if (at_ < css_.size() && (css_[at_] == '"' || css_[at_] == '\'')) {
            out = take_string();
            return true;
        }
        const std::size_t end = std::min(css_.find_first_of(") \t\n\r\f", at_), css_.size());
        out = css_.substr(at_, end - at_);
        at_ = end;
        return true;
    }

    std::string_view token;
    bool is_string = false;

private:
    void skip_blank() {
        while (at_ < css_.size()) {
            if (is_space(css_[at_])) {
                ++at_;
            } else if (css_.substr(at_).starts_with("/*")) {
                const std::size_t end = css_.find("*/", at_ + 2);
                at_ = end == std::string_view::npos ? css_.size() : end + 2;
            } else {
                return;
            }
        }
    }

    std::string_view take_string() {
        const char quote = css_[at_++];
        const std::size_t start = at_;
        while (at_ < css_.size() && css_[at_] != quote && css_[at_] != '\n') {
            at_ += css_[at_] == '\\' ? 2 : 1;
        }
        at_ = std::min(at_, css_.size());
        const std::string_view text = css_.substr(start, at_ - start);
        at_ = std::min(at_ + 1, css_.size());
        return text;
    }

    std::string_view css_;
    std::size_t at_ = 0;
};

/// How gladly a browser takes this form of a font; 0: not at all.
int font_rank(std::string_view address) {
    const std::string lower = ascii_lower(address.substr(0, address.find_first_of("?#")));
    if (lower.ends_with(".eot") || lower.ends_with(".svg")) {
        return 0;
    }
    return lower.ends_with(".woff2") ? 3 : lower.ends_with(".woff") ? 2 : 1;
}

/// The block of @font-face: one of its forms is loaded.
void take_font(StyleReader& reader, std::vector<std::string>& parts) {
    std::string_view best;
    int rank = 0;
    int depth = 0;
    while (reader.next()) {
        depth += !reader.is_string && reader.token == "{" ? 1 : 0;
        depth -= !reader.is_string && reader.token == "}" ? 1 : 0;
        if (depth <= 0 && (reader.token == "}" || reader.token == ";")) {
            break;
        }
        std::string_view address;
        if (!reader.is_string && ascii_lower(reader.token) == "url" && reader.address(address) && font_rank(address) > rank) {
            rank = font_rank(address);
            best = address;
        }
    }
    if (rank > 0) {
        parts.emplace_back(best);
    }
}

} // namespace

std::vector<std::string> scan_style(std::string_view css) {
    std::vector<std::string> parts;
    if (css.empty()) {
        return parts;
    }
    StyleReader reader(css.substr(0, style_bytes_max));
    bool imports = false;  // "@import" was the last word
    while (parts.size() < style_parts_max && reader.next()) {
        const std::string word = reader.is_string ? std::string() : ascii_lower(reader.token.substr(0, 20));
        std::string_view address;
        if (imports && reader.is_string) {
            parts.emplace_back(reader.token);
        } else if (word == "url" && reader.address(address)) {
            parts.emplace_back(address);
        } else if (word == "@font-face") {
            take_font(reader, parts);
        }
        imports = word == "@import";
    }
    return parts;
}

} // namespace hameau::sites
