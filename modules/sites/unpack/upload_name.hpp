// A name out of an archive -> a path of the site, or the reason against it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hameau::sites {

struct UploadName {
    enum class Verdict { keep, folder, junk, hidden, refuse };
    Verdict verdict = Verdict::refuse;
    std::string path;          ///< for keep: is_entry_path, NFC
    std::string_view code;     ///< for refuse: absolute_name, parent_name, backslash_name, name_too_long, too_deep, bad_name
    bool guessed = false;      ///< was not UTF-8: read as the code page of old Windows archives
};

UploadName read_upload_name(std::string_view raw);
/// A name for a report: valid UTF-8 without control characters, at most 200 bytes.
std::string printable_name(std::string_view raw);

} // namespace hameau::sites
