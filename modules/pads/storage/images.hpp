// Images of pads as files: images/ASSOCIATION/HASH, and HASH.webp, the form that browsers are shown. Named by what is in
// them, never by a name that somebody sent. Slow: runs on the worker thread.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "modules/pads/documents/image_names.hpp"

namespace hameau::pads {

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
