// Images of pads as files: images/ASSOCIATION/HASH, and HASH.webp, the form that browsers are shown. Named by what is in
// them, never by a name that somebody sent. Slow: runs on the worker thread.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::pads {

inline constexpr std::size_t image_hash_size = 64;

/// 64 lower-case hexadecimal digits.
bool is_image_hash(std::string_view text);

/// Calls visit(hash) for each address ".../images/HASH" in the text (the bytes of an update, say).
template <class Visit>
void each_image_hash(std::string_view text, Visit&& visit) {
    constexpr std::string_view before = "/images/";
    for (std::size_t at = text.find(before); at != std::string_view::npos; at = text.find(before, at + 1)) {
        const std::string_view hash = text.substr(at + before.size(), image_hash_size);
        if (is_image_hash(hash)) {
            visit(hash);
        }
    }
}

/// The hash at the end of an address of ours, or nothing.
std::string_view image_hash_of(std::string_view address);

enum class ImageForm { original, webp };

class ImageFiles {
public:
    /// `folder`: the module's own.
    explicit ImageFiles(std::string folder) : folder_(std::move(folder)) {}

    /// The name that this content has.
    static std::string hash_of(std::string_view bytes);
    /// Durable when it returns; a file that is there already is the same one.
    Status keep(const std::string& association, const std::string& hash, std::string_view image, std::string_view webp);
    Result<Fd> open(const std::string& association, const std::string& hash, ImageForm form) const;
    Result<std::string> read(const std::string& association, const std::string& hash, ImageForm form) const;
    /// What is not there is gone.
    void remove(const std::string& association, const std::string& hash);
    void remove_association(const std::string& association);

private:
    std::string path(const std::string& association, const std::string& hash, ImageForm form) const;

    std::string folder_;
};

} // namespace hameau::pads
