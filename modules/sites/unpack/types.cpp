// The table of endings (IANA media types; RFC 9239 for JavaScript).
#include "modules/sites/unpack/types.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "daemon/base/text.hpp"
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
    Known{"3gp", binary("video/3gpp")},
    Known{"7z", binary("application/x-7z-compressed")},
    Known{"aac", binary("audio/aac")},
    Known{"aif", binary("audio/aiff")},
    Known{"aiff", binary("audio/aiff")},
    Known{"apk", binary("application/vnd.android.package-archive")},
    Known{"apng", binary("image/apng")},
    Known{"asc", text("text/plain")},
    Known{"atom", packed("application/atom+xml")},
    Known{"avi", binary("video/x-msvideo")},
    Known{"avif", binary("image/avif")},
    Known{"bib", text("text/plain")},
    Known{"bmp", packed("image/bmp")},
    Known{"br", binary("application/octet-stream")},
    Known{"bz2", binary("application/x-bzip2")},
    Known{"cjs", text("text/javascript")},
    Known{"conf", text("text/plain")},
    Known{"css", text("text/css")},
    Known{"csv", text("text/csv")},
    Known{"doc", binary("application/msword")},
    Known{"docx", binary("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
    Known{"eot", packed("application/vnd.ms-fontobject")},
    Known{"eps", packed("application/postscript")},
    Known{"epub", binary("application/epub+zip")},
    Known{"flac", binary("audio/flac")},
    Known{"geojson", packed("application/geo+json")},
    Known{"gif", binary("image/gif")},
    Known{"gpx", packed("application/gpx+xml")},
    Known{"gz", binary("application/gzip")},
    Known{"heic", binary("image/heic")},
    Known{"heif", binary("image/heif")},
    Known{"htm", text("text/html")},
    Known{"html", text("text/html")},
    Known{"ico", packed("image/vnd.microsoft.icon")},
    Known{"ics", text("text/calendar")},
    Known{"ini", text("text/plain")},
    Known{"jfif", binary("image/jpeg")},
    Known{"jpe", binary("image/jpeg")},
    Known{"jpeg", binary("image/jpeg")},
    Known{"jpg", binary("image/jpeg")},
    Known{"js", text("text/javascript")},
    Known{"json", packed("application/json")},
    Known{"jsonld", packed("application/ld+json")},
    Known{"jxl", binary("image/jxl")},
    Known{"kml", packed("application/vnd.google-earth.kml+xml")},
    Known{"kmz", binary("application/vnd.google-earth.kmz")},
    Known{"log", text("text/plain")},
    Known{"m3u", text("audio/x-mpegurl")},
    Known{"m3u8", packed("application/vnd.apple.mpegurl")},
    Known{"m4a", binary("audio/mp4")},
    Known{"m4v", binary("video/mp4")},
    Known{"map", packed("application/json")},
    Known{"markdown", text("text/markdown")},
    Known{"md", text("text/markdown")},
    Known{"mid", binary("audio/midi")},
    Known{"mjs", text("text/javascript")},
    Known{"mka", binary("audio/matroska")},
    Known{"mkv", binary("video/matroska")},
    Known{"mov", binary("video/quicktime")},
    Known{"mp3", binary("audio/mpeg")},
    Known{"mp4", binary("video/mp4")},
    Known{"mpeg", binary("video/mpeg")},
    Known{"mpg", binary("video/mpeg")},
    Known{"odf", binary("application/vnd.oasis.opendocument.formula")},
    Known{"odg", binary("application/vnd.oasis.opendocument.graphics")},
    Known{"odp", binary("application/vnd.oasis.opendocument.presentation")},
    Known{"ods", binary("application/vnd.oasis.opendocument.spreadsheet")},
    Known{"odt", binary("application/vnd.oasis.opendocument.text")},
    Known{"oga", binary("audio/ogg")},
    Known{"ogg", binary("audio/ogg")},
    Known{"ogv", binary("video/ogg")},
    Known{"opml", packed("text/x-opml")},
    Known{"opus", binary("audio/ogg")},
    Known{"otf", packed("font/otf")},
    Known{"ots", binary("application/vnd.oasis.opendocument.spreadsheet-template")},
    Known{"ott", binary("application/vnd.oasis.opendocument.text-template")},
    Known{"pdf", binary("application/pdf")},
    Known{"png", binary("image/png")},
    Known{"ppt", binary("application/vnd.ms-powerpoint")},
    Known{"pptx", binary("application/vnd.openxmlformats-officedocument.presentationml.presentation")},
    Known{"ps", packed("application/postscript")},
    Known{"psd", binary("image/vnd.adobe.photoshop")},
    Known{"rar", binary("application/vnd.rar")},
    Known{"rdf", packed("application/rdf+xml")},
    Known{"rss", packed("application/rss+xml")},
    Known{"rtf", packed("application/rtf")},
    Known{"shtml", text("text/html")},
    Known{"sig", binary("application/pgp-signature")},
    Known{"srt", text("application/x-subrip")},
    Known{"svg", packed("image/svg+xml")},
    Known{"svgz", binary("image/svg+xml")},
    Known{"tar", binary("application/x-tar")},
    Known{"tex", text("text/plain")},
    Known{"tgz", binary("application/gzip")},
    Known{"tif", binary("image/tiff")},
    Known{"tiff", binary("image/tiff")},
    Known{"toml", packed("application/toml")},
    Known{"topojson", packed("application/json")},
    Known{"tsv", text("text/tab-separated-values")},
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
    Known{"wma", binary("audio/x-ms-wma")},
    Known{"wmv", binary("video/x-ms-wmv")},
    Known{"woff", binary("font/woff")},
    Known{"woff2", binary("font/woff2")},
    Known{"xhtml", text("application/xhtml+xml")},
    Known{"xls", binary("application/vnd.ms-excel")},
    Known{"xlsx", binary("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    Known{"xml", packed("application/xml")},
    Known{"xsd", packed("application/xml")},
    Known{"xsl", packed("application/xml")},
    Known{"xz", binary("application/x-xz")},
    Known{"yaml", packed("application/yaml")},
    Known{"yml", packed("application/yaml")},
    Known{"zip", binary("application/zip")},
    Known{"zst", binary("application/zstd")},
};

/// Files whose name alone tells the type: RFC 8615 names, and what programs put beside a site.
constexpr std::array known_names = {
    Known{".well-known/apple-app-site-association", packed("application/json")},
    Known{".well-known/host-meta", packed("application/xrd+xml")},
    Known{".well-known/matrix/client", packed("application/json")},
    Known{".well-known/matrix/server", packed("application/json")},
    Known{".well-known/nodeinfo", packed("application/json")},
    Known{".well-known/oauth-authorization-server", packed("application/json")},
    Known{".well-known/openid-configuration", packed("application/json")},
    Known{".well-known/security", text("text/plain")},
    Known{".well-known/webfinger", packed("application/jrd+json")},
    Known{"apple-app-site-association", packed("application/json")},
};
/// The same in any folder, in any case.
constexpr std::array<std::string_view, 9> text_names = {"authors", "changelog", "copying", "humans", "license",
                                                        "licence", "notice",    "readme",  "robots"};

std::optional<FileType> type_of_name(std::string_view path) {
    // RFC 8555 §8.3: the answer to a challenge of a certificate authority is a short text.
    if (path.starts_with(".well-known/acme-challenge/")) {
        return text("text/plain");
    }
    for (const Known& known : known_names) {
        if (known.ending == path) {
            return known.type;
        }
    }
    const std::string name = ascii_lower(path.substr(path.rfind('/') + 1));
    return std::find(text_names.begin(), text_names.end(), name) != text_names.end() ? std::optional(text("text/plain"))
                                                                                     : std::nullopt;
}

std::string ending_of(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? std::string() : ascii_lower(name.substr(dot + 1));
}

} // namespace

FileType type_of(std::string_view path) {
    if (const auto known = type_of_name(path)) {
        return *known;
    }
    const std::string ending = ending_of(path);
    const auto at = std::lower_bound(known_types.begin(), known_types.end(), ending,
                                     [](const Known& known, const std::string& wanted) { return known.ending < wanted; });
    return at != known_types.end() && at->ending == ending ? at->type : binary("application/octet-stream");
}

bool is_html(std::string_view path) {
    const std::string ending = ending_of(path);
    return ending == "html" || ending == "htm" || ending == "xhtml" || ending == "shtml";
}

} // namespace hameau::sites
