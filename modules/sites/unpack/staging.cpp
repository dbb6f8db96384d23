// Writing by hash. Modes 0644: the gate reads blobs as another uid; the sites folder above keeps everyone else out.
#include "modules/sites/unpack/staging.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/base/io.hpp"

namespace hameau::sites {

namespace {
constexpr const char* passing_name = "part";
}

Result<StagedFile> StagedFile::create(int folder) {
    Fd fd(::openat(folder, passing_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) {
        return fail_errno("staging a file");
    }
    StagedFile file(folder, std::move(fd));
    crypto_generichash_init(&file.state_, nullptr, 0, Hash{}.size());
    return file;
}

Status StagedFile::write(std::string_view bytes) {
    size_ += bytes.size();
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return write_all(fd_.get(), bytes);
}

Result<Variant> StagedFile::finish() {
    Variant variant;
    variant.size_bytes = size_;
    crypto_generichash_final(&state_, variant.hash.data(), variant.hash.size());
    // The umask of whoever started us does not count.
    if (::fchmod(fd_.get(), 0644) != 0 || ::renameat(folder_, passing_name, folder_, to_hex(variant.hash).c_str()) != 0) {
        return fail_errno("staging a file");
    }
    fd_.reset();
    return variant;
}

Result<Variant> stage_bytes(int folder, std::string_view bytes) {
    auto file = StagedFile::create(folder);
    if (!file) {
        return fail(std::move(file.error()));
    }
    if (auto written = file->write(bytes); !written) {
        return fail(std::move(written.error()));
    }
    return file->finish();
}

Result<Fd> open_staged(const Shelf& shelf, const Hash& hash) {
    const std::string name = to_hex(hash);
    Fd fd(::openat(shelf.folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd && shelf.blobs >= 0) {
        fd.reset(::openat(shelf.blobs, (name.substr(0, 2) + "/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    }
    if (!fd) {
        return fail_errno("reading a staged file");
    }
    return fd;
}

Result<std::string> read_staged(const Shelf& shelf, const Hash& hash, std::size_t limit_bytes) {
    auto fd = open_staged(shelf, hash);
    if (!fd) {
        return fail(std::move(fd.error()));
    }
    return read_all(fd->get(), limit_bytes);
}

} // namespace hameau::sites
