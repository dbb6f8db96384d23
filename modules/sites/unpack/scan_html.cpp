// A tag reader in the spirit of the HTML standard's tokenizer (§13.2.5), as far as links need it. Every step moves
// forward; each byte is looked at a bounded number of times.
#include "modules/sites/unpack/scan_html.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "daemon/contract/site_names.hpp"
#include "modules/sites/limits.hpp"
#include "modules/sites/unpack/scan_style.hpp"

namespace hameau::sites {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// The few references that stand in addresses; others stay as they are.
std::string decode_references(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, char>, 6> known = {{
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&#x2F;", '/'}}};
    std::string out;
    while (!text.empty()) {
        const auto found = text[0] != '&' ? known.end() : std::find_if(known.begin(), known.end(), [&](const auto& k) {
            return text.starts_with(k.first);
        });
        out += found == known.end() ? text[0] : found->second;
        text.remove_prefix(found == known.end() ? 1 : found->first.size());
    }
    return out;
}

struct Attribute {
    std::string name;
    std::string_view value;
};

/// Reads a page's tags one after the other.
class TagReader {
public:
    explicit TagReader(std::string_view html) : html_(html) {}

    std::string name;
    std::vector<Attribute> attributes;

    /// The next opening tag; false at the end.
    bool next() {
        for (;;) {
            at_ = html_.find('<', at_);
            if (at_ == std::string_view::npos || at_ + 1 >= html_.size()) {
                return false;
            }
            if (html_.substr(at_).starts_with("<!--")) {
                at_ = html_.find("-->", at_ + 4);
                continue;
            }
            if (!is_letter(html_[at_ + 1])) {
                ++at_;
                continue;
            }
            ++at_;
            read_tag();
            return true;
        }
    }

    /// After an opening tag: its raw content up to the closing tag of that name, which is skipped.
    std::string_view raw_content() {
        const std::size_t start = std::min(at_, html_.size());
        std::size_t end = start;
        for (;;) {
            end = html_.find("</", end);
            if (end == std::string_view::npos) {
                at_ = html_.size();
                return html_.substr(start);
            }
            if (ascii_lower(html_.substr(end + 2, name.size())) == name) {
                at_ = end;
                return html_.substr(start, end - start);
            }
            end += 2;
        }
    }

    std::string_view value(std::string_view wanted) const {
        const Attribute* found = find(wanted);
        return found == nullptr ? std::string_view() : found->value;
    }
    const Attribute* find(std::string_view wanted) const {
        const auto at = std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.name == wanted; });
        return at == attributes.end() ? nullptr : &*at;
    }

private:

    char here() const { return at_ < html_.size() ? html_[at_] : '>'; }

    std::string_view take_until(std::string_view stops) {
        const std::size_t end = std::min(html_.find_first_of(stops, at_), html_.size());
        const std::string_view taken = html_.substr(at_, end - at_);
        at_ = end;
        return taken;
    }

    void read_tag() {
        name = ascii_lower(take_until(" \t\n\r\f/>").substr(0, 40));
        attributes.clear();
        while (at_ < html_.size() && here() != '>') {
            if (is_space(here()) || here() == '/' || here() == '=') {
                ++at_;
                continue;
            }
            Attribute attribute;
            attribute.name = ascii_lower(take_until(" \t\n\r\f/>=").substr(0, 40));
            skip_spaces();
            if (here() == '=') {
                ++at_;
                skip_spaces();
                attribute.value = read_value();
            }
            if (attributes.size() < tag_attributes_max) {
                attributes.push_back(std::move(attribute));
            }
        }
        at_ = std::min(at_ + 1, html_.size());
    }

    std::string_view read_value() {
        const char quote = here();
        if (quote != '"' && quote != '\'') {
            return take_until(" \t\n\r\f>");
        }
        ++at_;
        const std::string_view value = take_until(quote == '"' ? "\"" : "'");
        at_ = std::min(at_ + 1, html_.size());
        return value;
    }

    void skip_spaces() {
        while (at_ < html_.size() && is_space(html_[at_])) {
            ++at_;
        }
    }

    std::string_view html_;
    std::size_t at_ = 0;
};

void add_link(PageFacts& facts, std::string_view target, LinkKind kind, std::uint32_t choice = 0) {
    target = trim(target);
    if (!target.empty() && target.size() <= 2048 && facts.links.size() < page_links_max) {
        facts.links.push_back(PageLink{decode_references(target), kind, choice});
    }
}

/// What a style in the page itself asks for.
void add_style(PageFacts& facts, std::string_view style) {
    for (const std::string& target : scan_style(style)) {
        add_link(facts, target, LinkKind::part);
    }
}

/// Which parts stand in each other's place: the forms of one picture, the forms of one video.
struct Choices {
    std::uint32_t last = 0;
    std::uint32_t picture = 0;    ///< within <picture>: the number of its forms
    bool picture_chosen = false;  ///< a form that every browser takes has been seen: what follows is not loaded
    std::uint32_t film = 0;       ///< after <video> or <audio> that loads by itself and names its file in a <source>
};

/// Image types that today's browsers show; a <source> of another type is passed over.
bool is_shown_image(std::string_view type) {
    constexpr std::array<std::string_view, 7> shown = {"", "image/avif", "image/webp", "image/jpeg", "image/png", "image/gif", "image/svg+xml"};
    return std::find(shown.begin(), shown.end(), ascii_lower(trim(type))) != shown.end();
}

void add_forms(PageFacts& facts, std::string_view srcset, std::uint32_t choice) {
    for (const std::string_view address : srcset_addresses(srcset)) {
        add_link(facts, address, LinkKind::part, choice);
    }
}

void take_image(PageFacts& facts, const TagReader& tag, Choices& choices) {
    const LinkKind kind = choices.picture_chosen ? LinkKind::link : LinkKind::part;
    const std::uint32_t choice = choices.picture != 0 ? choices.picture : ++choices.last;
    add_link(facts, tag.value("src"), kind, choice);
    if (kind == LinkKind::part) {
        add_forms(facts, tag.value("srcset"), choice);
    }
    choices.picture = 0;
    choices.picture_chosen = false;
    // An empty alt is right for decoration (HTML §4.8.4.4); a missing one never is.
    facts.images_without_alt += tag.find("alt") == nullptr ? 1 : 0;
}

void take_source(PageFacts& facts, const TagReader& tag, Choices& choices) {
    if (choices.picture != 0 && tag.find("srcset") != nullptr) {
        if (!choices.picture_chosen && is_shown_image(tag.value("type"))) {
            add_forms(facts, tag.value("srcset"), choices.picture);
            choices.picture_chosen = trim(tag.value("media")).empty();
        }
        return;
    }
    add_link(facts, tag.value("src"), choices.film != 0 ? LinkKind::part : LinkKind::link, choices.film);
    choices.film = 0;  // the first form is taken
}

void take_film(PageFacts& facts, const TagReader& tag, Choices& choices) {
    const bool loads = tag.find("autoplay") != nullptr || ascii_lower(tag.value("preload")) == "auto";
    add_link(facts, tag.value("poster"), LinkKind::part);
    add_link(facts, tag.value("src"), loads ? LinkKind::part : LinkKind::link);
    choices.film = loads && trim(tag.value("src")).empty() ? ++choices.last : 0;
}

void take_link_element(PageFacts& facts, const TagReader& tag) {
    const std::string relation = " " + ascii_lower(tag.value("rel")) + " ";
    const auto is = [&relation](std::string_view word) { return relation.find(word) != std::string::npos; };
    if (is(" stylesheet ") || is(" icon ") || is(" preload ") || is(" modulepreload ") || is(" manifest ")) {
        add_link(facts, tag.value("href"), LinkKind::part);
    } else if (!is("preconnect ") && !is("dns-prefetch ")) {
        add_link(facts, tag.value("href"), LinkKind::link);
    }
}

void take_tag(PageFacts& facts, TagReader& tag, Choices& choices) {
    ++facts.elements;
    add_style(facts, tag.value("style"));
    if (tag.name == "a" || tag.name == "area") {
        add_link(facts, tag.value("href"), LinkKind::link);
    } else if (tag.name == "link") {
        take_link_element(facts, tag);
    } else if (tag.name == "img") {
        take_image(facts, tag, choices);
    } else if (tag.name == "picture") {
        choices.picture = ++choices.last;
        choices.picture_chosen = false;
    } else if (tag.name == "source") {
        take_source(facts, tag, choices);
    } else if (tag.name == "video" || tag.name == "audio") {
        take_film(facts, tag, choices);
    } else if (tag.name == "embed") {
        add_link(facts, tag.value("src"), LinkKind::link);
    } else if (tag.name == "input" && ascii_lower(tag.value("type")) == "image") {
        add_link(facts, tag.value("src"), LinkKind::part);
    } else if (tag.name == "iframe") {
        add_link(facts, tag.value("src"), LinkKind::frame);
        facts.frames_without_title += trim(tag.value("title")).empty() ? 1 : 0;
    } else if (tag.name == "html") {
        facts.has_language = facts.has_language || !trim(tag.value("lang")).empty();
    } else if (tag.name == "meta") {
        facts.redirects = facts.redirects || ascii_lower(tag.value("http-equiv")) == "refresh";
    } else if (tag.name == "title") {
        facts.has_title = facts.has_title || !trim(tag.raw_content()).empty();
    } else if (tag.name == "script") {
        add_link(facts, tag.value("src"), LinkKind::part);
        (void)tag.raw_content();
    } else if (tag.name == "style") {
        add_style(facts, tag.raw_content());
    } else if (tag.name == "textarea") {
        (void)tag.raw_content();
    }
}

} // namespace

PageFacts scan_page(std::string_view html) {
    PageFacts facts;
    TagReader tag(html.substr(0, page_bytes_max));
    Choices choices;
    while (tag.next()) {
        take_tag(facts, tag, choices);
    }
    return facts;
}

std::vector<std::string_view> srcset_addresses(std::string_view srcset) {
    std::vector<std::string_view> addresses;
    while (addresses.size() < page_links_max) {
        while (!srcset.empty() && (is_space(srcset.front()) || srcset.front() == ',')) {
            srcset.remove_prefix(1);
        }
        if (srcset.empty()) {
            break;
        }
        const std::size_t end = std::min(srcset.find_first_of(" \t\n\r\f"), srcset.size());
        std::string_view address = srcset.substr(0, end);
        srcset.remove_prefix(end);
        const bool alone = address.ends_with(',');
        while (address.ends_with(',')) {
            address.remove_suffix(1);
        }
        addresses.push_back(address);
        if (!alone) {
            // Its width or density, up to the comma.
            srcset.remove_prefix(std::min(srcset.find(','), srcset.size()));
        }
    }
    return addresses;
}

bool resolve_link(std::string_view page, std::string_view target, std::string& path) {
    target = trim(target);
    target = target.substr(0, target.find_first_of("?#"));
    const std::size_t colon = target.find(':');
    if (target.empty() || target.starts_with("//") || (colon != std::string_view::npos && colon < target.find('/'))) {
        return false;
    }
    std::string joined;
    if (target[0] != '/') {
        joined = std::string(page.substr(0, page.rfind('/') == std::string_view::npos ? 0 : page.rfind('/') + 1));
    }
    joined += percent_decode_lenient(target);
    // RFC 3986 §5.2.4, on segments.
    std::vector<std::string_view> kept;
    const std::string_view all(joined);
    bool folder = false;
    for (std::size_t start = 0; start <= all.size();) {
        const std::size_t end = std::min(all.find('/', start), all.size());
        const std::string_view segment = all.substr(start, end - start);
        folder = segment.empty() || segment == "." || segment == "..";
        if (segment == ".." && !kept.empty()) {
            kept.pop_back();
        } else if (!folder) {
            kept.push_back(segment);
        }
        start = end + 1;
    }
    path.clear();
    for (const std::string_view segment : kept) {
        path.append(path.empty() ? "" : "/").append(segment);
    }
    path += folder && !path.empty() ? "/" : "";
    auto normal = to_nfc(path);
    if (!normal) {
        return false;
    }
    path = std::move(*normal);
    return true;
}

std::string outside_host(std::string_view target) {
    const std::string lower = ascii_lower(trim(target).substr(0, 300));
    std::string_view rest(lower);
    for (const std::string_view scheme : {"https://", "http://", "//"}) {
        if (rest.starts_with(scheme)) {
            rest.remove_prefix(scheme.size());
            rest = rest.substr(0, rest.find_first_of("/?#:"));
            rest.remove_prefix(rest.rfind('@') == std::string_view::npos ? 0 : rest.rfind('@') + 1);
            return std::string(rest);
        }
    }
    return {};
}

} // namespace hameau::sites
