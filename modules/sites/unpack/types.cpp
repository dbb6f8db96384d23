// The table of endings (IANA media types; RFC 9239 for JavaScript).
#include "modules/sites/unpack/types.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "daemon/contract/site_names.hpp"

namespace hameau::sites {

namespace {

struct Known {
    std::string_view ending;
    FileType type;
};

constexpr FileType text(std::string_view type) { return FileType{type, true, true}; }
constexpr FileType packed(std::string_view type) { return FileType{type, true, false}; }
constexpr FileType binary(std::string_view type) { return FileType{type, false, false}; }

/// Sorted by ending.
constexpr std::array known_types = {
    Known{"7z", binary("application/x-7z-compressed")},
    Known{"aac", binary("audio/aac")},
    Known{"apk", binary("application/vnd.android.package-archive")},
    Known{"atom", packed("application/atom+xml")},
    Known{"avif", binary("image/avif")},
    Known{"bmp", packed("image/bmp")},
    Known{"br", binary("application/octet-stream")},
    Known{"bz2", binary("application/x-bzip2")},
    Known{"css", text("text/css")},
    Known{"csv", text("text/csv")},
    Known{"doc", binary("application/msword")},
    Known{"docx", binary("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
    Known{"epub", binary("application/epub+zip")},
    Known{"flac", binary("audio/flac")},
    Known{"geojson", packed("application/geo+json")},
    Known{"gif", binary("image/gif")},
    Known{"gpx", packed("application/gpx+xml")},
    Known{"gz", binary("application/gzip")},
    Known{"htm", text("text/html")},
    Known{"html", text("text/html")},
    Known{"ico", packed("image/vnd.microsoft.icon")},
    Known{"ics", text("text/calendar")},
    Known{"jpeg", binary("image/jpeg")},
    Known{"jpg", binary("image/jpeg")},
    Known{"js", text("text/javascript")},
    Known{"json", packed("application/json")},
    Known{"jsonld", packed("application/ld+json")},
    Known{"jxl", binary("image/jxl")},
    Known{"kml", packed("application/vnd.google-earth.kml+xml")},
    Known{"m4a", binary("audio/mp4")},
    Known{"m4v", binary("video/mp4")},
    Known{"map", packed("application/json")},
    Known{"md", text("text/markdown")},
    Known{"mid", binary("audio/midi")},
    Known{"mjs", text("text/javascript")},
    Known{"mov", binary("video/quicktime")},
    Known{"mp3", binary("audio/mpeg")},
    Known{"mp4", binary("video/mp4")},
    Known{"mpeg", binary("video/mpeg")},
    Known{"odp", binary("application/vnd.oasis.opendocument.presentation")},
    Known{"ods", binary("application/vnd.oasis.opendocument.spreadsheet")},
    Known{"odt", binary("application/vnd.oasis.opendocument.text")},
    Known{"oga", binary("audio/ogg")},
    Known{"ogg", binary("audio/ogg")},
    Known{"ogv", binary("video/ogg")},
    Known{"opus", binary("audio/ogg")},
    Known{"otf", packed("font/otf")},
    Known{"pdf", binary("application/pdf")},
    Known{"png", binary("image/png")},
    Known{"ppt", binary("application/vnd.ms-powerpoint")},
    Known{"pptx", binary("application/vnd.openxmlformats-officedocument.presentationml.presentation")},
    Known{"rar", binary("application/vnd.rar")},
    Known{"rss", packed("application/rss+xml")},
    Known{"rtf", packed("application/rtf")},
    Known{"svg", packed("image/svg+xml")},
    Known{"svgz", binary("application/gzip")},
    Known{"tar", binary("application/x-tar")},
    Known{"tif", binary("image/tiff")},
    Known{"tiff", binary("image/tiff")},
    Known{"ttf", packed("font/ttf")},
    Known{"txt", text("text/plain")},
    Known{"vcf", text("text/vcard")},
    Known{"vtt", text("text/vtt")},
    Known{"wasm", packed("application/wasm")},
    Known{"wav", binary("audio/wav")},
    Known{"weba", binary("audio/webm")},
    Known{"webm", binary("video/webm")},
    Known{"webmanifest", packed("application/manifest+json")},
    Known{"webp", binary("image/webp")},
    Known{"woff", binary("font/woff")},
    Known{"woff2", binary("font/woff2")},
    Known{"xhtml", text("application/xhtml+xml")},
    Known{"xls", binary("application/vnd.ms-excel")},
    Known{"xlsx", binary("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    Known{"xml", packed("application/xml")},
    Known{"xsl", packed("application/xml")},
    Known{"yaml", packed("application/yaml")},
    Known{"yml", packed("application/yaml")},
    Known{"zip", binary("application/zip")},
    Known{"zst", binary("application/zstd")},
};

std::string ending_of(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? std::string() : lower_ascii(name.substr(dot + 1));
}

} // namespace

FileType type_of(std::string_view path) {
    const std::string ending = ending_of(path);
    const auto at = std::lower_bound(known_types.begin(), known_types.end(), ending,
                                     [](const Known& known, const std::string& wanted) { return known.ending < wanted; });
    return at != known_types.end() && at->ending == ending ? at->type : binary("application/octet-stream");
}

bool is_html(std::string_view path) {
    const std::string ending = ending_of(path);
    return ending == "html" || ending == "htm" || ending == "xhtml";
}

} // namespace hameau::sites
