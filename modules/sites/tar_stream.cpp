// The regular files of a folder, one after the other.
#include "modules/sites/tar_stream.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/base/tar_format.hpp"

namespace hameau::sites {

Result<TarStream> TarStream::of(const std::filesystem::path& folder, std::size_t files_max) {
    TarStream stream;
    std::error_code failed;
    std::filesystem::recursive_directory_iterator at(folder, failed);
    if (failed) {
        return fail(ErrorKind::not_found, folder.string() + ": " + failed.message(), failed);
    }
    for (; at != std::filesystem::recursive_directory_iterator(); at.increment(failed)) {
        if (failed) {
            break;
        }
        if (at->is_symlink() || !at->is_regular_file()) {
            continue;
        }
        if (stream.files_.size() >= files_max) {
            return fail(ErrorKind::too_large, "more than " + std::to_string(files_max) + " files");
        }
        stream.files_.push_back(File{at->path(), at->path().lexically_relative(folder).string()});
    }
    if (failed) {
        return fail(ErrorKind::io, folder.string() + ": " + failed.message(), failed);
    }
    std::sort(stream.files_.begin(), stream.files_.end(), [](const File& a, const File& b) { return a.name < b.name; });
    return stream;
}

Status TarStream::next_file() {
    if (index_ == files_.size()) {
        pending_.append(2 * tar_block_bytes, '\0');
        ended_ = true;
        return {};
    }
    const File& file = files_[index_++];
    fd_.reset(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts {};
    if (!fd_ || ::fstat(fd_.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return fail_errno(file.path.string());
    }
    left_ = static_cast<std::uint64_t>(facts.st_size);
    padding_ = tar_padding(left_);
    pending_ += tar_header(file.name, left_, facts.st_mtime);
    return {};
}

Result<std::size_t> TarStream::read_some(std::span<char> buffer) {
    for (;;) {
        if (!pending_.empty()) {
            const std::size_t size = std::min(pending_.size(), buffer.size());
            std::copy_n(pending_.begin(), size, buffer.begin());
            pending_.erase(0, size);
            return size;
        }
        if (left_ > 0) {
            const ssize_t n = ::read(fd_.get(), buffer.data(), std::min<std::uint64_t>(left_, buffer.size()));
            if (n <= 0) {
                return fail(ErrorKind::io, "a file changed while it was read");
            }
            left_ -= static_cast<std::uint64_t>(n);
            if (left_ == 0) {
                pending_.append(padding_, '\0');
            }
            return static_cast<std::size_t>(n);
        }
        if (ended_) {
            return std::size_t{0};
        }
        if (auto next = next_file(); !next) {
            return fail(std::move(next.error()));
        }
    }
}

} // namespace hameau::sites
