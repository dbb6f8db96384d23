// The formats.
#include "modules/pads/export.hpp"

#include <array>

namespace hameau::pads {

namespace {
constexpr std::array formats = {
    ExportFormat{"yjs", "application/octet-stream", ".yjs"},
};
} // namespace

const std::string_view export_formats = "yjs";

std::optional<ExportFormat> export_format(std::string_view name) {
    for (const ExportFormat& format : formats) {
        if (format.name == name) {
            return format;
        }
    }
    return std::nullopt;
}

Result<std::string> export_document(const ExportFormat& format, crdt::View state, std::string_view title, bool english) {
    (void)format, (void)title, (void)english;
    return std::string(reinterpret_cast<const char*>(state.data()), state.size());
}

} // namespace hameau::pads
