// libarchive drives; every entry is judged before a byte of it is written.
#include "modules/sites/unpack/unpacker.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/kept_list.hpp"
#include "modules/sites/limits.hpp"
#include "modules/sites/unpack/home_page.hpp"
#include "modules/sites/unpack/staging.hpp"
#include "modules/sites/unpack/upload_name.hpp"
#include "modules/sites/unpack/zip_directory.hpp"

namespace hameau::sites {

namespace {

struct FreeReader {
    void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

ssize_t read_some(int fd, char* at, std::size_t size) {
    ssize_t n = 0;
    do {
        n = ::read(fd, at, size);
    } while (n < 0 && errno == EINTR);
    return n;
}

/// The zip family begins with a local header, or a marker of spanning before it (APPNOTE 4.3.6, 8.5.3).
bool is_zip(std::string_view head) {
    return head.starts_with(std::string_view("PK\3\4", 4)) || head.starts_with(std::string_view("PK\7\10", 4));
}

std::string_view refusal_of_kind(archive_entry* entry) {
    if (archive_entry_hardlink(entry) != nullptr) {
        return "hard_link";
    }
    const auto kind = archive_entry_filetype(entry);
    if (kind == AE_IFLNK || archive_entry_symlink(entry) != nullptr) {
        return "symbolic_link";
    }
    return kind == AE_IFREG || kind == AE_IFDIR || kind == 0 ? "" : "device";
}

/// RFC 9110 §8.8.2.1: a time in the future is not told to anyone.
std::int64_t mtime_ms_of(std::int64_t seconds) {
    return std::clamp<std::int64_t>(seconds, 0, static_cast<std::int64_t>(std::time(nullptr))) * 1000;
}

} // namespace

void Remarks::add(std::string_view code, std::string_view path, std::string_view detail) {
    std::string key(code);
    key.append("\n").append(path).append("\n").append(detail);
    if (remarks_.size() >= remarks_max) {
        ++count_;
    } else if (seen_.insert(std::move(key)).second) {
        ++count_;
        remarks_.push_back(Remark{std::string(code), std::string(path), std::string(detail)});
    }
}

std::string Remarks::lines(std::string_view kind) const {
    std::string out;
    for (const Remark& remark : remarks_) {
        ReportLine line(kind);
        line.add(remark.code).add(remark.path).add(remark.detail);
        out += std::move(line).end();
    }
    if (count_ > remarks_.size()) {
        ReportLine line(kind);
        line.add(std::string_view("more")).add(std::string_view()).add(std::uint64_t{count_ - remarks_.size()});
        out += std::move(line).end();
    }
    return out;
}

void Unpacker::stop(Upload& upload, std::string_view code, std::string_view path) {
    upload.refusals.add(code, path);
    upload.fatal = true;
}

bool Unpacker::over_budget(Upload& upload, std::uint64_t more) {
    const std::uint64_t total = upload.bytes + more;
    const std::uint64_t unpacked = total - kept_bytes_;
    if (unpacked > limits_.ratio_free_bytes && unpacked / limits_.ratio > packed_bytes_) {
        stop(upload, "bomb");
    } else if (total > limits_.total_bytes) {
        stop(upload, "over_quota");
    }
    return upload.fatal;
}

Status Unpacker::spool() {
    // ZIP keeps its truth (kinds, sizes, names) at the end: it is read from a file, never as it flows by.
    spooled_.reset(::openat(folder_, "archive", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!spooled_ || ::unlinkat(folder_, "archive", 0) != 0) {
        return fail_errno("keeping the archive");
    }
    std::string_view piece(head_);
    while (!piece.empty()) {
        packed_bytes_ += piece.size();
        if (packed_bytes_ > limits_.total_bytes) {
            return fail(ErrorKind::too_large, "archive");
        }
        if (auto written = write_all(spooled_.get(), piece); !written) {
            return written;
        }
        const ssize_t n = read_some(input_, buffer_.data(), buffer_.size());
        if (n < 0) {
            return fail_errno("reading the archive");
        }
        piece = std::string_view(buffer_.data(), static_cast<std::size_t>(n));
    }
    if (::lseek(spooled_.get(), 0, SEEK_SET) != 0) {
        return fail_errno("keeping the archive");
    }
    return {};
}

long Unpacker::read_more(archive* reader, void* self, const void** at) {
    auto* unpacker = static_cast<Unpacker*>(self);
    if (!unpacker->head_given_) {
        unpacker->head_given_ = true;
        *at = unpacker->head_.data();
        unpacker->packed_bytes_ += unpacker->head_.size();
        return static_cast<long>(unpacker->head_.size());
    }
    const ssize_t n = read_some(unpacker->input_, unpacker->buffer_.data(), unpacker->buffer_.size());
    if (n < 0) {
        archive_set_error(reader, errno, "reading failed");
        return ARCHIVE_FATAL;
    }
    *at = unpacker->buffer_.data();
    unpacker->packed_bytes_ += static_cast<std::uint64_t>(n);
    return n;
}

Status Unpacker::run(Upload& upload) {
    buffer_.resize(unpack_piece_bytes);
    while (head_.size() < archive_start_bytes) {
        const ssize_t n = read_some(input_, buffer_.data(), archive_start_bytes - head_.size());
        if (n < 0) {
            return fail_errno("reading the archive");
        }
        if (n == 0) {
            break;
        }
        head_.append(buffer_.data(), static_cast<std::size_t>(n));
    }
    // APPNOTE 4.3.16: an end record without anything before it is a ZIP of no files.
    if (head_.empty() || head_.starts_with(std::string_view("PK\5\6", 4))) {
        stop(upload, "empty_archive");
        return {};
    }
    const Reader reader(archive_read_new());
    int opened = ARCHIVE_OK;
    if (is_zip(head_)) {
        if (auto kept = spool(); !kept) {
            if (kept.error().kind == ErrorKind::too_large) {
                stop(upload, "over_quota");
                return {};
            }
            return kept;
        }
        for (const std::string& name : zip_backslash_names(spooled_.get(), remarks_max)) {
            upload.refusals.add("backslash_name", printable_name(name));
        }
        archive_read_support_format_zip_seekable(reader.get());
        opened = archive_read_open_fd(reader.get(), spooled_.get(), unpack_piece_bytes);
    } else {
        archive_read_support_format_tar(reader.get());
        archive_read_support_filter_gzip(reader.get());
        archive_read_support_filter_zstd(reader.get());
        opened = archive_read_open(reader.get(), this, nullptr, &Unpacker::read_more, nullptr);
    }
    if (opened != ARCHIVE_OK) {
        stop(upload, "unreadable_archive");
        return {};
    }
    auto done = read_entries(reader.get(), upload);
    // What stands behind the end of the archive (tar pads) is read too: whoever sends is not cut off.
    for (ssize_t n = 1; done && !upload.fatal && n > 0;) {
        n = read_some(input_, buffer_.data(), buffer_.size());
    }
    if (done && upload.files.empty() && upload.refusals.count() == 0) {
        stop(upload, "empty_archive");
    }
    return done;
}

Status Unpacker::read_entries(archive* reader, Upload& upload) {
    for (;;) {
        archive_entry* entry = nullptr;
        const int result = archive_read_next_header(reader, &entry);
        if (result == ARCHIVE_EOF) {
            return {};
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            stop(upload, "unreadable_archive");
            return {};
        }
        if (++entries_seen_ > limits_.files * 2 || upload.files.size() >= limits_.files) {
            stop(upload, "too_many_files");
            return {};
        }
        if (auto taken = take_entry(reader, entry, upload); !taken || upload.fatal) {
            return taken;
        }
    }
}

bool Unpacker::admit(const UploadName& name, Upload& upload) {
    using Verdict = UploadName::Verdict;
    if (name.verdict == Verdict::junk) {
        upload.warnings.add("junk_ignored");
        return false;
    }
    if (name.verdict == Verdict::hidden) {
        upload.warnings.add("hidden_ignored", printable_name(name.path));
        return false;
    }
    if (name.guessed) {
        upload.warnings.add("name_guessed", printable_name(name.path));
    }
    if (!paths_.insert(name.path).second) {
        upload.refusals.add("double_name", printable_name(name.path));
        return false;
    }
    return true;
}

void Unpacker::take_kept_list(archive* reader, Upload& upload) {
    std::string list;
    std::string piece(unpack_piece_bytes, '\0');
    for (la_ssize_t n = archive_read_data(reader, piece.data(), piece.size()); n != 0; n = archive_read_data(reader, piece.data(), piece.size())) {
        if (n < 0) {
            return stop(upload, "unreadable_archive", kept_list_name);
        }
        list.append(piece.data(), static_cast<std::size_t>(n));
        if (list.size() > kept_list_bytes_max) {
            return stop(upload, "kept_list");
        }
    }
    std::string_view rest(list);
    while (!rest.empty() && !upload.fatal) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) {
            return stop(upload, "kept_list");
        }
        take_kept_line(rest.substr(0, end), upload);
        rest.remove_prefix(end + 1);
    }
}

void Unpacker::take_kept_line(std::string_view line, Upload& upload) {
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) {
        return stop(upload, "kept_list");
    }
    const auto hash = hash_from_hex(line.substr(0, first));
    const std::string_view time = line.substr(first + 1, second - first - 1);
    std::int64_t seconds = 0;
    const auto [read_to, failed] = std::from_chars(time.data(), time.data() + time.size(), seconds);
    const UploadName name = read_upload_name(line.substr(second + 1));
    if (!hash || failed != std::errc{} || read_to != time.data() + time.size() || name.verdict == UploadName::Verdict::folder) {
        return stop(upload, "kept_list");
    }
    if (name.verdict == UploadName::Verdict::refuse) {
        upload.refusals.add(name.code, printable_name(line.substr(second + 1)));
        return;
    }
    if (!admit(name, upload)) {
        return;
    }
    if (upload.files.size() >= limits_.files) {
        return stop(upload, "too_many_files");
    }
    const auto known = limits_.known->find(*hash);
    if (known == limits_.known->end()) {
        upload.refusals.add("kept_unknown", printable_name(name.path));
        return;
    }
    DeployEntry file;
    file.path = name.path;
    file.mtime_ms = mtime_ms_of(seconds);
    file.variants = known->second.variants;
    const std::uint64_t size = file.variants[0]->size_bytes;
    kept_bytes_ += size;
    if (!over_budget(upload, size)) {
        upload.bytes += size;
        upload.files.push_back(std::move(file));
    }
}

Status Unpacker::take_entry(archive* reader, archive_entry* entry, Upload& upload) {
    using Verdict = UploadName::Verdict;
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) {
        raw = archive_entry_pathname_utf8(entry);
    }
    if (limits_.known != nullptr && entries_seen_ == 1 && raw != nullptr && raw == kept_list_name && refusal_of_kind(entry).empty()) {
        take_kept_list(reader, upload);
        return {};
    }
    const std::string shown = printable_name(raw == nullptr ? "?" : raw);
    UploadName name = read_upload_name(raw == nullptr ? "" : raw);
    if (name.verdict == Verdict::refuse) {
        upload.refusals.add(name.code, shown);
        return {};
    }
    if (const std::string_view code = refusal_of_kind(entry); !code.empty()) {
        upload.refusals.add(code, shown);
        return {};
    }
    if (name.verdict == Verdict::folder || archive_entry_filetype(entry) == AE_IFDIR) {
        return {};
    }
    if (name.verdict == Verdict::keep && archive_entry_is_encrypted(entry) != 0) {
        upload.refusals.add("encrypted_archive", shown);
        return {};
    }
    if (!admit(name, upload)) {
        return {};
    }
    DeployEntry file;
    file.path = std::move(name.path);
    file.mtime_ms = mtime_ms_of(archive_entry_mtime_is_set(entry) != 0 ? archive_entry_mtime(entry) : std::numeric_limits<std::int64_t>::max());
    const std::uint64_t size = archive_entry_size_is_set(entry) != 0 && archive_entry_size(entry) > 0
                                   ? static_cast<std::uint64_t>(archive_entry_size(entry))
                                   : 0;
    return store(reader, std::move(file), size, upload);
}

Status Unpacker::store(archive* reader, DeployEntry file, std::uint64_t told_bytes, Upload& upload) {
    auto staged = StagedFile::create(folder_);
    if (!staged) {
        return fail(std::move(staged.error()));
    }
    std::string piece(unpack_piece_bytes, '\0');
    // What a header tells is held against the budget before anything is written: holes of sparse files too.
    if (over_budget(upload, told_bytes)) {
        return {};
    }
    for (;;) {
        const la_ssize_t n = archive_read_data(reader, piece.data(), piece.size());
        if (n == 0) {
            break;
        }
        if (n < 0) {
            stop(upload, "unreadable_archive", printable_name(file.path));
            return {};
        }
        const auto size = static_cast<std::size_t>(n);
        if (over_budget(upload, size)) {
            return {};
        }
        upload.bytes += size;
        // After a refusal nothing will be published: the rest is only looked at for further reasons.
        if (upload.refusals.count() == 0) {
            if (auto written = staged->write({piece.data(), size}); !written) {
                return written;
            }
        }
    }
    auto variant = staged->finish();
    if (!variant) {
        return fail(std::move(variant.error()));
    }
    // libarchive leaves out the last hole of a sparse file: a shorter file must not be published in its place.
    if (upload.refusals.count() == 0 && variant->size_bytes != told_bytes && told_bytes > 0) {
        upload.refusals.add("sparse_file", printable_name(file.path));
    }
    file.variants[0] = *variant;
    upload.files.push_back(std::move(file));
    return {};
}

void strip_top_folder(Upload& upload) {
    if (upload.files.empty()) {
        return;
    }
    std::string_view common = upload.files.front().path;
    for (const DeployEntry& file : upload.files) {
        const std::size_t most = std::min(common.size(), file.path.size());
        std::size_t same = 0;
        while (same < most && common[same] == file.path[same]) {
            ++same;
        }
        common = common.substr(0, same);
    }
    const std::size_t slash = common.rfind('/');
    if (slash == std::string_view::npos) {
        return;
    }
    const std::string top(common.substr(0, slash + 1));
    const bool index = std::any_of(upload.files.begin(), upload.files.end(), [&top](const DeployEntry& file) {
        const std::string_view name = std::string_view(file.path).substr(top.size());
        return name == "_redirects" || is_index_name(name);
    });
    if (index) {
        for (DeployEntry& file : upload.files) {
            file.path.erase(0, top.size());
        }
        upload.warnings.add("folder_stripped", printable_name(top));
    }
}

} // namespace hameau::sites
