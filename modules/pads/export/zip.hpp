// ZipWriter: a ZIP archive in memory (APPNOTE 6.3.x, no ZIP64), for documents that are archives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hameau::pads {

class ZipWriter {
public:
    enum class Packing { stored, deflated };
    /// Adds one file; the whole archive must stay below 4 GiB.
    void add(std::string_view name, std::string_view content, Packing packing);
    std::string finish();

private:
    std::string out_;
    std::string directory_;
    std::uint16_t count_ = 0;
};

} // namespace hameau::pads
