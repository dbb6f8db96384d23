// The formats that a pad can be exported to, and the one entry to their writers. Called by api_pads and archive_parts.
#include "modules/pads/export/export.hpp"

#include <array>

#include "modules/pads/export/render.hpp"

namespace hameau::pads {

namespace {
constexpr std::array formats = {
    ExportFormat{"text", "text/plain; charset=utf-8", ".txt"},
    ExportFormat{"html", "text/html; charset=utf-8", ".html"},
    ExportFormat{"markdown", "text/markdown; charset=utf-8", ".md"},
    ExportFormat{"odt", "application/vnd.oasis.opendocument.text", ".odt"},
    ExportFormat{"yjs", "application/octet-stream", ".yjs"},
};
} // namespace

const std::string_view export_formats = "text, html, markdown, odt, yjs";

std::optional<ExportFormat> export_format(std::string_view name) {
    for (const ExportFormat& format : formats) {
        if (format.name == name) {
            return format;
        }
    }
    return std::nullopt;
}

Result<std::string> export_document(const ExportFormat& format, crdt::View state, std::string_view title, bool english,
                                    const ImageSource& images) {
    if (format.name == "yjs") {
        return std::string(reinterpret_cast<const char*>(state.data()), state.size());
    }
    const auto events = read_content(state);
    if (!events) {
        return fail(events.error());
    }
    if (format.name == "text") {
        return render_text(*events);
    }
    if (format.name == "markdown") {
        return render_markdown(*events, images);
    }
    if (format.name == "odt") {
        return render_odt(*events, title, english, images);
    }
    return render_html(*events, title, english, images);
}

} // namespace hameau::pads
