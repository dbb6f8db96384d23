// Writing archives with libarchive, piece by piece; a file's size is known before, so ZIP and tar both flow.
#include "modules/sites/unpack/pack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <charconv>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <vector>

#include "daemon/base/fd.hpp"
#include "modules/sites/limits.hpp"
#include "modules/sites/report.hpp"
#include "modules/sites/unpack/types.hpp"

namespace hameau::sites {

namespace {

struct PackedFile {
    std::string path;
    std::string hash;
    std::uint64_t size = 0;
    std::int64_t mtime_ms = 0;
};

bool read_packed_file(std::string_view line, PackedFile& file) {
    const auto fields = split_report_line(line);
    if (!fields || fields->size() != 4 || !is_entry_path((*fields)[0]) || !hash_from_hex((*fields)[1])) {
        return false;
    }
    const auto number = [](const std::string& text, auto& value) {
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        return failed == std::errc{} && end == text.data() + text.size();
    };
    file.path = (*fields)[0];
    file.hash = (*fields)[1];
    return number((*fields)[2], file.size) && number((*fields)[3], file.mtime_ms);
}

Status write_file(archive* writer, archive_entry* entry, const PackedFile& file, int folder, std::string& piece) {
    const std::string name = file.hash.substr(0, 2) + "/" + file.hash;
    const Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) {
        return fail_errno("reading " + name);
    }
    archive_entry_clear(entry);
    archive_entry_set_pathname(entry, file.path.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(file.size));
    archive_entry_set_mtime(entry, static_cast<time_t>(file.mtime_ms / 1000), 0);
    if (archive_write_header(writer, entry) < ARCHIVE_WARN) {
        return fail(ErrorKind::io, "writing the archive");
    }
    std::uint64_t left = file.size;
    while (left > 0) {
        const ssize_t n = ::read(fd.get(), piece.data(), std::min<std::uint64_t>(piece.size(), left));
        if (n <= 0) {
            return fail(ErrorKind::corrupt, "a blob is shorter than its manifest says: " + name);
        }
        if (archive_write_data(writer, piece.data(), static_cast<std::size_t>(n)) != n) {
            return fail(ErrorKind::io, "writing the archive");
        }
        left -= static_cast<std::uint64_t>(n);
    }
    return {};
}

struct FreeWriter {
    void operator()(archive* writer) const { archive_write_free(writer); }
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

} // namespace

Status pack(std::string_view list, int folder, int output, PackForm form) {
    const std::unique_ptr<archive, FreeWriter> writer(archive_write_new());
    const std::unique_ptr<archive_entry, FreeWriter> entry(archive_entry_new());
    int ready = ARCHIVE_OK;
    if (form == PackForm::zip) {
        ready = archive_write_set_format_zip(writer.get());
        archive_write_set_format_option(writer.get(), "zip", "hdrcharset", "UTF-8");
    } else {
        ready = archive_write_set_format_pax_restricted(writer.get());
        archive_write_add_filter_gzip(writer.get());
    }
    archive_write_set_bytes_in_last_block(writer.get(), 1);
    if (ready < ARCHIVE_WARN || archive_write_open_fd(writer.get(), output) != ARCHIVE_OK) {
        return fail(ErrorKind::io, "opening the archive");
    }
    std::string piece(unpack_piece_bytes, '\0');
    while (!list.empty()) {
        const std::size_t end = std::min(list.find('\n'), list.size());
        PackedFile file;
        if (!read_packed_file(list.substr(0, end), file)) {
            return fail(ErrorKind::invalid, "the list of files is malformed");
        }
        list.remove_prefix(std::min(end + 1, list.size()));
        if (auto written = write_file(writer.get(), entry.get(), file, folder, piece); !written) {
            return written;
        }
    }
    if (archive_write_close(writer.get()) != ARCHIVE_OK) {
        return fail(ErrorKind::io, "closing the archive");
    }
    return {};
}

} // namespace hameau::sites
