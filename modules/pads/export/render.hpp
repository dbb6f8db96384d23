// The renderers: from events to one format each. Pure; every text and every value is escaped for its place.
#pragma once

#include <span>
#include <string>

#include "modules/pads/export/content.hpp"
#include "modules/pads/export/image_source.hpp"
#include "modules/pads/export/limits.hpp"

namespace hameau::pads {

/// Lines; lists with markers, the cells of a row separated by tabs.
std::string render_text(std::span<const Event> events);
/// A whole page without scripts or outside parts.
std::string render_html(std::span<const Event> events, std::string_view title, bool english, const ImageSource& images = {});
/// The content only, for a page of a site.
std::string render_html_fragment(std::span<const Event> events, const ImageSource& images = {});
/// CommonMark with tables, task lists and strike-through (GFM). Images stay where they are; `images` says how large they are
/// by themselves, which is then not written.
std::string render_markdown(std::span<const Event> events, const ImageSource& images = {});
/// OpenDocument Text 1.2.
std::string render_odt(std::span<const Event> events, std::string_view title, bool english, const ImageSource& images = {});
/// The editor's own JSON; of a document with groups, each block that is a line has the attributes `line` (its marker's client and clock, or
/// "0") and `group` (the marker's), each stretch of text the mark `stretch` with its `group`. Errors: too_large when it would be longer; no more than a little beyond is made of it.
Result<std::string> render_prosemirror(const crdt::Document& document, std::size_t bytes_max = prosemirror_bytes_max);

/// The declarations of CSS that a colour, a highlight stand for: "color:#c00;font-size:14pt".
std::string css_of(const Mark& mark);
/// & < > and both quotes; control characters that XML cannot hold are dropped.
void escape_xml(std::string_view text, std::string& out);

} // namespace hameau::pads
