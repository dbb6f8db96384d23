// Names of files in a site: one form for all (UTF-8, NFC, no leading slash), so that a request and an upload meet.
// Pure; used by the gate, the sites module and hameau-unpack. Never touches a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/contract/limits.hpp"

namespace hameau::sites {

/// The NFC form (macOS uploads NFD); nothing for bytes that are not UTF-8. ASCII is returned as it is, cheaply.
std::optional<std::string> to_nfc(std::string_view text);
bool is_utf8(std::string_view text);

/// A path as it stands in a manifest: 1 to 1024 bytes, no leading or trailing slash, no empty, "." or ".." segment,
/// no control character, no backslash. (That it is NFC is the writer's affair.)
bool is_entry_path(std::string_view path);

/// What the name of one file or folder says about its purpose.
enum class NameKind {
    plain,
    hidden,    ///< begins with a dot (".well-known" is plain, RFC 8615)
    left_over, ///< written by macOS, Windows or an office program for itself: .DS_Store, ._x, __MACOSX, Icon\r, Thumbs.db, ~$x.docx
};
/// In every spelling (ASCII case is ignored). `segment` holds no "/".
NameKind name_kind(std::string_view segment);

/// Bytes that may not stand in a URL path as %XX (RFC 3986 §3.3); "/" stays.
std::string percent_encode_path(std::string_view path);

/// app.3f2a9c1b.js, index-BxYz12ab.css: names that a build tool made from the content, so never reused.
bool looks_hashed(std::string_view path);

} // namespace hameau::sites
