// Export of a pad's content: formats, and the way from stored bytes to a document. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "modules/pads/crdt/lib0.hpp"
#include "modules/pads/export/image_source.hpp"

namespace hameau::pads {

struct ExportFormat {
    std::string_view name;
    std::string_view media_type;
    std::string_view extension;
};

/// What export_format() knows, as "a, b".
extern const std::string_view export_formats;
std::optional<ExportFormat> export_format(std::string_view name);

/// `state` is a v1 update of the whole pad. Errors: invalid, too_large when it cannot be read as a document.
Result<std::string> export_document(const ExportFormat& format, crdt::View state, std::string_view title, bool english,
                                    const ImageSource& images = {});

} // namespace hameau::pads
