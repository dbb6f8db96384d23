// Finding data: addresses in HTML and Markdown, and what they hold.
#include "modules/pads/documents/inline_images.hpp"

#include <algorithm>

#include <sodium.h>

namespace hameau::pads {

namespace {

constexpr std::string_view blanks = " \t\n\r\f";

bool is_blank(char c) { return blanks.find(c) != std::string_view::npos; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Whether `word`, which is in lower case, stands at this place.
bool stands_at(std::string_view text, std::size_t at, std::string_view word) {
    if (text.size() < at + word.size()) {
        return false;
    }
    return std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(at), [](char a, char b) { return a == lower(b); });
}

std::size_t skip_blanks(std::string_view text, std::size_t at) { return std::min(text.find_first_not_of(blanks, at), text.size()); }

/// Reads the attributes of a tag from behind its name on (HTML Living Standard §13.2.5.32 to 39); returns the place behind it.
std::size_t read_tag(std::string_view text, std::size_t at, std::vector<InlineImage>& found) {
    while ((at = skip_blanks(text, at)) < text.size() && text[at] != '>') {
        const std::size_t name = at;
        at = std::min(text.find_first_of(" \t\n\r\f=>", at), text.size());
        const bool source = at - name == 3 && stands_at(text, name, "src");
        const std::size_t equals = skip_blanks(text, at);
        if (equals == text.size() || text[equals] != '=') {
            at = at == name ? at + 1 : at;
            continue;
        }
        std::size_t value = skip_blanks(text, equals + 1);
        std::size_t end = value;
        if (value < text.size() && (text[value] == '"' || text[value] == '\'')) {
            end = std::min(text.find(text[value], value + 1), text.size());
            at = std::min(end + 1, text.size());
            ++value;
        } else {
            end = std::min(text.find_first_of(" \t\n\r\f>", value), text.size());
            at = end;
        }
        value = std::min(skip_blanks(text, value), end);
        if (source && stands_at(text, value, "data:image/")) {
            found.push_back({value, end - value});
        }
    }
    return std::min(at + 1, text.size());
}

std::vector<InlineImage> in_tags(std::string_view html) {
    std::vector<InlineImage> found;
    for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
        if (stands_at(html, at, "<!--")) {
            const std::size_t end = html.find("-->", at);
            at = end == std::string_view::npos ? html.size() : end;
        } else if (stands_at(html, at, "<img") && at + 4 < html.size() && (is_blank(html[at + 4]) || html[at + 4] == '/')) {
            at = read_tag(html, at + 5, found);
        } else {
            ++at;
        }
    }
    return found;
}

/// CommonMark 0.31 §4.5; in quotes and items too.
std::vector<InlineImage> fences(std::string_view markdown) {
    std::vector<InlineImage> found;
    char sign = 0;
    std::size_t length = 0;
    for (std::size_t at = 0; at < markdown.size();) {
        const std::size_t end = std::min(markdown.find('\n', at), markdown.size());
        const std::string_view line = markdown.substr(at, end - at);
        const std::size_t first = std::min(line.find_first_not_of(" \t>-*+0123456789.)"), line.size());
        const char here = first < line.size() ? line[first] : '\0';
        const std::size_t run = here == '`' || here == '~' ? std::min(line.find_first_not_of(here, first), line.size()) - first : 0;
        const bool rest_blank = line.find_first_not_of(" \t\r", first + run) == std::string_view::npos;
        if (sign == 0 && run >= 3 && (here == '~' || line.find('`', first + run) == std::string_view::npos)) {
            sign = here;
            length = run;
            found.push_back({at, markdown.size() - at});
        } else if (sign != 0 && here == sign && run >= length && rest_blank) {
            sign = 0;
            found.back().size = end - found.back().begin;
        }
        at = end + 1;
    }
    return found;
}

std::vector<InlineImage> in_targets(std::string_view markdown) {
    std::vector<InlineImage> found;
    constexpr std::string_view scheme = "data:image/";
    for (std::size_t at = markdown.find(scheme); at != std::string_view::npos; at = markdown.find(scheme, at + 1)) {
        std::string_view before = markdown.substr(0, at);
        before.remove_suffix(before.ends_with('<') ? 1 : 0);
        if (before.ends_with("](") || before.ends_with("]:") || before.ends_with("]: ")) {
            const std::size_t end = std::min(markdown.find_first_of(" \t\r\n)>\"<", at), markdown.size());
            found.push_back({at, end - at});
            at = end - 1;
        }
    }
    return found;
}

int hexadecimal(char c) {
    const char low = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// RFC 3986 §2.1; blanks and line ends are left out, as browsers do.
std::string plain(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '%' && i + 2 < text.size() && hexadecimal(text[i + 1]) >= 0 && hexadecimal(text[i + 2]) >= 0;
        if (escaped) {
            out += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
            i += 2;
        } else if (!is_blank(text[i])) {
            out += text[i];
        }
    }
    return out;
}

} // namespace

std::vector<InlineImage> find_inline_images(std::string_view document, bool markdown) {
    std::vector<InlineImage> found = in_tags(document);
    if (!markdown) {
        return found;
    }
    const std::vector<InlineImage> more = in_targets(document);
    found.insert(found.end(), more.begin(), more.end());
    std::sort(found.begin(), found.end(), [](const InlineImage& a, const InlineImage& b) { return a.begin < b.begin; });
    const std::vector<InlineImage> code = fences(document);
    std::vector<InlineImage> outside;
    auto fence = code.begin();
    for (const InlineImage& image : found) {
        while (fence != code.end() && fence->begin + fence->size <= image.begin) {
            ++fence;
        }
        const bool in_code = fence != code.end() && fence->begin <= image.begin;
        const bool again = !outside.empty() && image.begin < outside.back().begin + outside.back().size;
        if (!in_code && !again) {
            outside.push_back(image);
        }
    }
    return outside;
}

std::optional<std::string> read_inline_image(std::string_view address) {
    const std::size_t comma = address.find(',');
    if (comma == std::string_view::npos || address.substr(0, comma).find(";base64") == std::string_view::npos) {
        return std::nullopt;
    }
    std::string text = plain(address.substr(comma + 1));
    text.erase(text.find_last_not_of('=') + 1);
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    const int read = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr,
                                       sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    if (read != 0 || size == 0) {
        return std::nullopt;
    }
    bytes.resize(size);
    return bytes;
}

std::string with_addresses(std::string_view document, const std::vector<InlineImage>& images, const std::vector<std::string>& addresses) {
    std::string out;
    std::size_t at = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        out.append(document.substr(at, images[i].begin - at)).append(i < addresses.size() ? std::string_view(addresses[i]) : no_inline_image);
        at = images[i].begin + images[i].size;
    }
    return out.append(document.substr(std::min(at, document.size())));
}

} // namespace hameau::pads
