// Two files a service: NAME.log grows to half of the bound and becomes NAME.log.1, which it replaces.
#include "daemon/supervisor/logs.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

std::int64_t ms_of(const timespec& time) { return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000; }

/// When the file was made; nothing when there is none or the file system does not tell.
std::int64_t born_ms(const std::string& path) {
    struct statx facts {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &facts) != 0 || (facts.stx_mask & STATX_BTIME) == 0) {
        return 0;
    }
    return static_cast<std::int64_t>(facts.stx_btime.tv_sec) * 1000;
}

/// When the file got its name.
std::int64_t named_ms(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? ms_of(facts.st_ctim) : 0;
}

} // namespace

LogSink::LogSink(std::string folder, std::string name, LogBounds bounds, bool journal) :
    path_(std::move(folder) + "/" + name + ".log"), name_(std::move(name)), bounds_(bounds), journal_(journal), made_ms_(now_ms()) {}

Status LogSink::open(unsigned group) {
    group_ = group;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno("the pipe of " + path_);
    }
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    (void)::fcntl(writer_.get(), F_SETPIPE_SZ, log_pipe_bytes);
    return set_nonblocking(reader_.get(), true);
}

bool LogSink::open_file() {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, log_file_mode));
    struct stat facts {};
    if (!file_ || ::fstat(file_.get(), &facts) != 0) {
        return false;
    }
    bytes_ = static_cast<std::uint64_t>(facts.st_size);
    // Without the group `hameau logs` cannot show it; nothing else changes. The umask has taken the group's right away.
    return ::fchmod(file_.get(), log_file_mode) == 0 && (::geteuid() != 0 || ::fchown(file_.get(), 0, group_) == 0);
}

void LogSink::rotate() {
    file_.reset();
    ::rename(path_.c_str(), (path_ + ".1").c_str());
    (void)open_file();
}

bool LogSink::take() {
    char piece[log_piece_bytes];
    const ssize_t n = ::read(reader_.get(), piece, sizeof piece);
    if (n <= 0) {
        return false;
    }
    const std::string_view text(piece, static_cast<std::size_t>(n));
    journal_ ? write_journal(text) : write(text);
    return true;
}

void LogSink::write(std::string_view piece) {
    if (!file_ && !open_file()) {
        return;
    }
    const std::uint64_t half = bounds_.bytes_max / 2;
    if (bytes_ + piece.size() > half && bytes_ > 0) {
        rotate();
    }
    // A piece may be larger than the bound: its end is what tells.
    piece = piece.substr(piece.size() - std::min<std::size_t>(piece.size(), half));
    if (write_all(file_.get(), piece)) {
        bytes_ += piece.size();
    } else {
        file_.reset();  // a full disk: what comes when there is room is written again
    }
}

void LogSink::write_journal(std::string_view piece) {
    // Whole lines only, so that those of two services do not mix. Ours begin with "<6>NAME ".
    for (const char c : piece) {
        if (c != '\n' && begun_.size() < journal_line_bytes_max) {
            begun_ += c;
            continue;
        }
        const std::size_t mark = begun_.starts_with('<') ? begun_.find('>') : std::string::npos;
        const bool ours = mark == 2 && std::string_view(begun_).substr(3).starts_with(name_);
        std::string line = ours ? begun_ : name_ + ": " + begun_;
        line += '\n';
        (void)write_all(STDERR_FILENO, line);
        begun_.clear();
        if (c != '\n') {
            begun_ += c;
        }
    }
}

void LogSink::age(std::int64_t now) {
    if (journal_ || bounds_.age_max_ms == 0) {
        return;
    }
    // A line is at most half of the time in NAME.log, and at most the other half in NAME.log.1.
    const std::int64_t half = bounds_.age_max_ms / 2;
    const std::string old = path_ + ".1";
    const std::int64_t moved = named_ms(old);
    const std::int64_t born = born_ms(path_);
    const std::int64_t since = moved != 0 ? moved : born != 0 ? born : made_ms_;
    if (now - since < half) {
        return;
    }
    struct stat facts {};
    if (::stat(path_.c_str(), &facts) == 0 && facts.st_size > 0) {
        rotate();
    } else {
        ::unlink(old.c_str());
    }
}

bool is_journal_stream() {
    const char* text = std::getenv("JOURNAL_STREAM");
    struct stat facts {};
    if (text == nullptr || ::fstat(STDERR_FILENO, &facts) != 0) {
        return false;
    }
    unsigned long long device = 0;
    unsigned long long inode = 0;
    return std::sscanf(text, "%llu:%llu", &device, &inode) == 2 && device == facts.st_dev && inode == facts.st_ino;
}

} // namespace hameau::supervisor
