// What hameau-unpack and its report make of hostile text: names, pages, links, report lines.
#include <cstdint>
#include <string>

#include "modules/sites/report.hpp"
#include "modules/sites/unpack/scan_html.hpp"
#include "modules/sites/unpack/upload_name.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hameau::sites;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const UploadName name = read_upload_name(text);
    if (name.verdict == UploadName::Verdict::keep && !is_entry_path(name.path)) {
        __builtin_trap();
    }
    if (!is_utf8(printable_name(text))) {
        __builtin_trap();
    }
    std::string path;
    for (const PageLink& link : scan_page(text).links) {
        if (resolve_link("a/b/page.html", link.target, path) && path.find("..") == 0 && path.size() == 2) {
            __builtin_trap();
        }
        (void)outside_host(link.target);
    }
    ReportReader reader;
    if (reader.feed(text.substr(0, size / 2)) && reader.feed(text.substr(size / 2))) {
        (void)reader.finish();
    }
    return 0;
}
