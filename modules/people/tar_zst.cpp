// tar through zstd, nothing held back but the sums.
#include "modules/people/tar_zst.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/tar_format.hpp"
#include "modules/people/limits.hpp"

namespace hameau::people {

namespace {

constexpr int zstd_level = 3;

Status zstd_failed(std::size_t code) { return fail(ErrorKind::io, std::string("compressing the archive: ") + ZSTD_getErrorName(code)); }

} // namespace

Result<std::unique_ptr<TarZst>> TarZst::open(const std::string& folder) {
    Fd sums(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!sums) {
        return fail_errno("making room for an archive");
    }
    std::unique_ptr<TarZst> archive(new TarZst(std::move(sums)));
    archive->context_.reset(ZSTD_createCCtx());
    if (!archive->context_) {
        return fail(ErrorKind::io, "there is no memory to compress an archive");
    }
    ZSTD_CCtx_setParameter(archive->context_.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(archive->context_.get(), ZSTD_c_checksumFlag, 1);
    return archive;
}

Status TarZst::compress(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
        const std::size_t before = out_.size();
        out_.resize(before + zstd_slice_bytes);
        ZSTD_outBuffer out{out_.data() + before, zstd_slice_bytes, 0};
        const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, directive);
        out_.resize(before + out.pos);
        if (ZSTD_isError(left) != 0) {
            return zstd_failed(left);
        }
        if (directive == ZSTD_e_continue ? in.pos == in.size : left == 0) {
            return {};
        }
    }
}

Status TarZst::begin(const Part& part) {
    part_ = part;
    crypto_hash_sha256_init(&hash_);
    return compress(tar_header(part.path, part.size_bytes, part.mtime_s), ZSTD_e_continue);
}

Status TarZst::content(std::string_view bytes) {
    crypto_hash_sha256_update(&hash_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return compress(bytes, ZSTD_e_continue);
}

Status TarZst::end() {
    std::array<unsigned char, crypto_hash_sha256_BYTES> sum{};
    crypto_hash_sha256_final(&hash_, sum.data());
    ++files_;
    bytes_ += part_.size_bytes;
    if (auto padded = compress(std::string(tar_padding(part_.size_bytes), '\0'), ZSTD_e_continue); !padded) {
        return padded;
    }
    // sha256sum escapes a backslash in a name by a backslash before the line and one before the sign.
    const bool escaped = part_.path.find('\\') != std::string::npos;
    std::string line = (escaped ? "\\" : "") + to_hex(sum) + "  ";
    for (const char c : part_.path) {
        line += c == '\\' ? "\\\\" : std::string(1, c);
    }
    return write_all(sums_.get(), line + "\n");
}

Status TarZst::whole(std::string_view path, std::string_view text, std::int64_t mtime_s) {
    Part part;
    part.path = path;
    part.size_bytes = text.size();
    part.mtime_s = mtime_s;
    Status done = begin(part);
    done = done ? content(text) : done;
    return done ? end() : done;
}

Status TarZst::finish(std::int64_t mtime_s) {
    const std::string closing = "hameau-archive " + std::to_string(archive_format) + "\nfiles " + std::to_string(files_) + "\nbytes " + std::to_string(bytes_) + "\n";
    const off_t size = ::lseek(sums_.get(), 0, SEEK_CUR);
    if (size < 0 || ::lseek(sums_.get(), 0, SEEK_SET) != 0) {
        return fail_errno("reading the sums of an archive");
    }
    Status done = compress(tar_header("SHA256SUMS", static_cast<std::uint64_t>(size), mtime_s), ZSTD_e_continue);
    std::string slice(zstd_slice_bytes, '\0');
    for (off_t left = size; done && left > 0;) {
        const ssize_t n = ::read(sums_.get(), slice.data(), slice.size());
        done = n > 0 ? compress(std::string_view(slice.data(), static_cast<std::size_t>(n)), ZSTD_e_continue) : fail_errno("reading the sums of an archive");
        left -= std::max<ssize_t>(n, 0);
    }
    std::string tail(tar_padding(static_cast<std::uint64_t>(size)), '\0');
    tail += tar_header("END", closing.size(), mtime_s) + closing;
    tail.append(tar_padding(closing.size()) + 2 * tar_block_bytes, '\0');
    return done ? compress(tail, ZSTD_e_end) : done;
}

} // namespace hameau::people
