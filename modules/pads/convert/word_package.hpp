// WordPackage: the parts of an Office Open XML package (ECMA-376 part 2), which is a ZIP archive that anybody may have made.
// Reads by the central directory (APPNOTE 6.3.x, no ZIP64); a part is unpacked only when it is asked for, up to a limit. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace hameau::pads {

/// Two names of one part are spelt alike here (ECMA-376 part 2 §6.2.2: names go by ASCII letters without their case).
std::string word_part_key(std::string_view name);

class WordPackage {
public:
    /// Views `archive`, which must outlive it. Errors: invalid, document_damaged (no archive, encrypted, two parts of one name).
    static Result<WordPackage> open(std::string_view archive);
    /// Names are as relationships resolve them: "word/document.xml"; case does not count (ECMA-376 part 2 §6.2.2.3).
    bool has(std::string_view name) const;
    /// Errors: invalid with document_damaged (not there, or not what the directory says), document_too_rich (more than `bytes_max`).
    Result<std::string> read(std::string_view name, std::size_t bytes_max) const;

private:
    struct Part {
        std::uint32_t offset = 0;
        std::uint32_t packed = 0;
        std::uint32_t unpacked = 0;
        std::uint32_t sum = 0;
        std::uint32_t method = 0;
    };

    std::string_view archive_;
    std::map<std::string, Part, std::less<>> parts_;
};

} // namespace hameau::pads
