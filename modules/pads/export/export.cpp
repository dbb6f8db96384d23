// The formats that a pad can be exported to, and the one entry to their writers. Called by api_pads and archive_parts.
#include "modules/pads/export/export.hpp"

#include <array>

#include "modules/pads/export/bare_links.hpp"
#include "modules/pads/export/docx.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/lines/signs.hpp"

namespace hameau::pads {

namespace {
constexpr std::array formats = {
    ExportFormat{"text", "text/plain; charset=utf-8", ".txt"},
    ExportFormat{"html", "text/html; charset=utf-8", ".html"},
    ExportFormat{"markdown", "text/markdown; charset=utf-8", ".md"},
    ExportFormat{"odt", "application/vnd.oasis.opendocument.text", ".odt"},
    ExportFormat{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    ExportFormat{"yjs", "application/octet-stream", ".yjs"},
};
} // namespace

const std::string_view export_formats = "text, html, markdown, odt, docx, yjs";

std::optional<ExportFormat> export_format(std::string_view name) {
    for (const ExportFormat& format : formats) {
        if (format.name == name) {
            return format;
        }
    }
    return std::nullopt;
}

namespace {

/// The title on top, as the text's first heading, unless that says it already.
void add_title(std::vector<Event>& events, std::string_view title) {
    const std::string words = clean_signs(title);
    if (words.empty()) {
        return;
    }
    std::string first;
    for (std::size_t i = 1; !events.empty() && events[0].block == Block::heading && i < events.size() && events[i].kind == Event::Kind::text; ++i) {
        first += events[i].text;
    }
    if (first == words) {
        return;
    }
    std::vector<Event> heading(3);
    heading[0].kind = Event::Kind::open;
    heading[2].kind = Event::Kind::close;
    heading[0].block = heading[2].block = Block::heading;
    heading[0].number = 1;
    heading[1].text = words;
    events.insert(events.begin(), heading.begin(), heading.end());
}

} // namespace

Result<std::string> export_document(const ExportFormat& format, crdt::View state, std::string_view title, bool english,
                                    const ImageSource& images) {
    if (format.name == "yjs") {
        return std::string(reinterpret_cast<const char*>(state.data()), state.size());
    }
    auto events = read_content(state);
    if (!events) {
        return fail(events.error());
    }
    add_title(*events, title);
    if (format.name == "text") {
        return render_text(*events);
    }
    if (format.name == "markdown") {
        return render_markdown(*events, images);
    }
    // Readers of text and Markdown find bare addresses themselves.
    link_bare_addresses(*events);
    if (format.name == "odt") {
        return render_odt(*events, title, english, images);
    }
    if (format.name == "docx") {
        return render_docx(*events, title, english, images);
    }
    return render_html(*events, title, english, images);
}

} // namespace hameau::pads
