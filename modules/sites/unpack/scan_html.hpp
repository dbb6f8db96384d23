// A simple look at one HTML page: its links, its parts, what a reader with a screen reader would miss.
// One pass, no tree, bounded; an approximation on purpose. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/sites/limits.hpp"

namespace hameau::sites {

enum class LinkKind {
    link,       ///< a href: leads somewhere
    part,       ///< loaded with the page: script, style sheet, image, icon
    frame       ///< iframe: loaded too, but its weight is its own
};

struct PageLink {
    std::string target;  ///< with character references decoded, as written
    LinkKind kind = LinkKind::link;
    std::uint32_t choice = 0;  ///< 0: loaded for itself; else a browser loads one of the parts that have this number
};

struct PageFacts {
    std::vector<PageLink> links;
    std::uint64_t elements = 0;
    std::uint64_t images_without_alt = 0;
    std::uint64_t frames_without_title = 0;
    bool has_language = false;
    bool has_title = false;
    bool redirects = false;  ///< <meta http-equiv=refresh>: not a page to read
};

PageFacts scan_page(std::string_view html);

/// The addresses of a `srcset`, without what is said of their sizes (HTML §2.5.4).
std::vector<std::string_view> srcset_addresses(std::string_view srcset);

/// Where a link of the page at `page` leads inside the site: a path (maybe with a trailing slash, maybe empty), or
/// nothing for another host, a scheme, a mere fragment, or something unreadable.
bool resolve_link(std::string_view page, std::string_view target, std::string& path);
/// The host of a link to elsewhere ("fonts.googleapis.com"), or empty.
std::string outside_host(std::string_view target);

} // namespace hameau::sites
