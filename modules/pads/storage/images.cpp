// The files of images below pads/images, named by their hash; written by rename. It never reads what is in them.
#include "modules/pads/storage/images.hpp"

#include <array>
#include <fcntl.h>
#include <filesystem>

#include <sodium/crypto_hash_sha256.h>

#include "daemon/base/io.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

std::string ImageFiles::hash_of(std::string_view bytes) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return to_hex(hash);
}

std::string ImageFiles::path(const std::string& association, const std::string& hash, ImageForm form) const {
    return folder_ + "/images/" + association + "/" + hash + (form == ImageForm::webp ? ".webp" : "");
}

Status ImageFiles::keep(const std::string& association, const std::string& hash, std::string_view image, std::string_view webp) {
    if (auto made = make_folder(folder_ + "/images", 0700); !made) {
        return made;
    }
    if (auto made = make_folder(folder_ + "/images/" + association, 0700); !made) {
        return made;
    }
    std::error_code failed;
    if (!webp.empty()) {
        if (auto written = write_file_atomically(path(association, hash, ImageForm::webp), webp); !written) {
            return written;
        }
    }
    const std::string original = path(association, hash, ImageForm::original);
    if (std::filesystem::file_size(original, failed) == image.size() && !failed) {
        return {};
    }
    return write_file_atomically(original, image);
}

Result<Fd> ImageFiles::open(const std::string& association, const std::string& hash, ImageForm form) const {
    Fd fd(::open(path(association, hash, form).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) {
        return fail_errno("the image");
    }
    return fd;
}

Result<std::string> ImageFiles::read(const std::string& association, const std::string& hash, ImageForm form) const {
    return read_file(path(association, hash, form), stored_image_bytes_max);
}

void ImageFiles::remove(const std::string& association, const std::string& hash) {
    std::error_code ignored;
    std::filesystem::remove(path(association, hash, ImageForm::original), ignored);
    std::filesystem::remove(path(association, hash, ImageForm::webp), ignored);
}

void ImageFiles::remove_association(const std::string& association) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_ + "/images/" + association, ignored);
}

} // namespace hameau::pads
