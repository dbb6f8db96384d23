// POSIX.1-2001 pax: every file has an extended header with its path, so that length and letters do not matter.
#include "modules/sites/tar_stream.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace hameau::sites {

namespace {

constexpr std::size_t block_bytes = 512;

std::size_t padding_of(std::uint64_t size) { return static_cast<std::size_t>((block_bytes - size % block_bytes) % block_bytes); }

/// ustar header (IEEE 1003.1-2001, pax, "ustar Interchange Format").
std::string header(char kind, std::string_view name, std::uint64_t size, std::int64_t mtime) {
    std::string block(block_bytes, '\0');
    const auto put = [&block](std::size_t at, std::string_view text) { std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at)); };
    const auto octal = [&put](std::size_t at, int digits, std::uint64_t value) {
        char text[32];
        const int length = std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
        put(at, std::string_view(text, static_cast<std::size_t>(length)));
    };
    put(0, name.substr(0, 100));
    octal(100, 7, 0644);
    octal(108, 7, 0);
    octal(116, 7, 0);
    octal(124, 11, size);
    octal(136, 11, static_cast<std::uint64_t>(std::max<std::int64_t>(mtime, 0)));
    put(148, "        ");
    block[156] = kind;
    put(257, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    octal(148, 6, sum);
    block[154] = '\0';
    return block;
}

/// "LENGTH path=NAME\n", where LENGTH counts itself.
std::string pax_record(const std::string& name) {
    const std::size_t rest = std::strlen(" path=\n") + name.size();
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) {
        ++length;
    }
    return std::to_string(length) + " path=" + name + "\n";
}

} // namespace

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
        pending_.append(2 * block_bytes, '\0');
        ended_ = true;
        return {};
    }
    const File& file = files_[index_++];
    fd_.reset(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts {};
    if (!fd_ || ::fstat(fd_.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return fail_errno(file.path.string());
    }
    const std::string record = pax_record(file.name);
    pending_ += header('x', "pax", record.size(), 0) + record;
    pending_.append(padding_of(record.size()), '\0');
    left_ = static_cast<std::uint64_t>(facts.st_size);
    padding_ = padding_of(left_);
    pending_ += header('0', "file", left_, facts.st_mtime);
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
