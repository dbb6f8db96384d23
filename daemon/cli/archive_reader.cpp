// hameau-unarchive as a child: the archive is its standard input, its parts come through a pipe.
#include "daemon/cli/archive_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/disk.hpp"
#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/limits.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr const char* spool_folder = "/var/tmp";
const std::array<std::string, 4> kept_documents = {"hameau-archive.json", "people/association.json", "mail/addresses.json", "sites/sites.json"};

Result<Fd> spool_input() {
    Fd file(::open(spool_folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) {
        return fail_errno(spool_folder);
    }
    std::string slice(archive_slice_bytes, '\0');
    std::uint64_t unlooked = spool_look_bytes;
    for (;;) {
        const ssize_t n = ::read(STDIN_FILENO, slice.data(), slice.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? Result<Fd>(std::move(file)) : Result<Fd>(fail_errno("reading standard input"));
        }
        unlooked += static_cast<std::uint64_t>(n);
        if (unlooked > spool_look_bytes) {
            unlooked = 0;
            if (auto room = check_disk_floor(spool_folder, disk_floor_bytes_default, spool_look_bytes); !room) {
                return fail(Error(room.error()).during(spool_folder));
            }
        }
        if (auto written = write_all(file.get(), std::string_view(slice.data(), static_cast<std::size_t>(n))); !written) {
            return fail(written.error());
        }
    }
}

struct Child {
    pid_t pid = -1;
    Fd parts;
    Fd complaints;
};

Result<Child> start_child(const Fd& archive, std::uint64_t bytes_max) {
    std::array<int, 2> parts{};
    std::array<int, 2> complaints{};
    if (::pipe2(parts.data(), O_CLOEXEC) != 0 || ::pipe2(complaints.data(), O_CLOEXEC) != 0) {
        return fail_errno("starting hameau-unarchive");
    }
    Child child;
    child.parts.reset(parts[0]);
    child.complaints.reset(complaints[0]);
    const Fd parts_end(parts[1]);
    const Fd complaints_end(complaints[1]);
    std::error_code failed;
    const std::string program = (std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / "hameau-unarchive").string();
    std::vector<std::string> words = {"hameau-unarchive", std::to_string(bytes_max), std::to_string(archive_files_max)};
    const std::vector<char*> arguments = exec_words(words);
    const pid_t parent = ::getpid();
    child.pid = ::fork();
    if (child.pid < 0) {
        return fail_errno("starting hameau-unarchive");
    }
    if (child.pid == 0) {
        std::array<ChildFile, 3> files = {ChildFile{archive.get(), 0}, ChildFile{parts_end.get(), 1}, ChildFile{complaints_end.get(), 2}};
        char* const none[] = {nullptr};
        become({.files = files, .path = program.c_str(), .arguments = arguments.data(), .environment = none, .parent = parent, .death_signal = SIGKILL});
    }
    return child;
}

} // namespace

Result<Fd> open_archive(const std::string& path) {
    if (path == "-") {
        return spool_input();
    }
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (!file || ::fstat(file.get(), &facts) != 0) {
        return fail_errno(path);
    }
    return S_ISREG(facts.st_mode) ? Result<Fd>(std::move(file)) : Result<Fd>(fail(ErrorKind::invalid, path + " is not a file; for a pipe, name it -"));
}

Status read_archive(const Fd& archive, std::uint64_t bytes_max, PartSink& sink) {
    struct stat facts {};
    if (::lseek(archive.get(), 0, SEEK_SET) != 0 || ::fstat(archive.get(), &facts) != 0) {
        return fail_errno("reading the archive");
    }
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    auto child = start_child(archive, bytes_max != 0 ? bytes_max : archive_ratio_free_bytes + archive_ratio_max * size);
    if (!child) {
        return fail(std::move(child.error()));
    }
    PartReader reader;
    std::string slice(archive_slice_bytes, '\0');
    Status done;
    while (done && !reader.ended()) {
        const ssize_t n = ::read(child->parts.get(), slice.data(), slice.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done = reader.feed(std::string_view(slice.data(), static_cast<std::size_t>(n)), sink);
    }
    child->parts.reset();
    int status = 0;
    if (!done) {
        ::kill(child->pid, SIGKILL);
    }
    const auto complaint = read_all(child->complaints.get(), complaint_bytes_max);
    while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (done && !reader.ended()) {
        const std::string sentence = complaint ? complaint->substr(0, complaint->find('\n')) : std::string();
        return fail(ErrorKind::invalid, sentence.empty() ? "the archive cannot be opened" : sentence);
    }
    return done;
}

Verifier::Verifier() { crypto_hash_sha256_init(&sums_); }

Status Verifier::begin(const Part& part) {
    std::string name(16, '\0');
    crypto_generichash(reinterpret_cast<unsigned char*>(name.data()), name.size(), reinterpret_cast<const unsigned char*>(part.path.data()), part.path.size(), nullptr, 0);
    if (ended_ || !seen_.insert(name).second) {
        return fail(ErrorKind::invalid, ended_ ? "the archive goes on behind its END" : "the archive has two files of one name: " + part.path);
    }
    part_ = part;
    text_.clear();
    const std::string above = part.path.substr(0, part.path.find('/'));
    // The tables of addresses are there for a house without mail too.
    if (above == "pads" || ((above == "mail" || above == "sites") && part.path.find('/', above.size() + 1) != std::string::npos)) {
        services_.insert(above);
    }
    if (const auto parts = split(part.path, '/'); parts.size() > 2 && above == "sites" && hosts_.size() <= document_hosts_max) {
        hosts_.emplace(parts[1]);
    }
    keep_ = part.path == "END" || std::find(kept_documents.begin(), kept_documents.end(), part.path) != kept_documents.end();
    if (keep_ && part.size_bytes > (part.path == "END" ? archive_end_bytes_max : document_bytes_max)) {
        return fail(ErrorKind::invalid, part.path + " is too large");
    }
    crypto_hash_sha256_init(&hash_);
    return {};
}

Status Verifier::content(std::string_view bytes) {
    crypto_hash_sha256_update(&hash_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    text_ += keep_ ? bytes : std::string_view();
    return {};
}

Status Verifier::end() {
    std::array<unsigned char, crypto_hash_sha256_BYTES> sum{};
    crypto_hash_sha256_final(&hash_, sum.data());
    if (part_.path == "SHA256SUMS") {
        std::array<unsigned char, crypto_hash_sha256_BYTES> wanted{};
        crypto_hash_sha256_state list = sums_;
        crypto_hash_sha256_final(&list, wanted.data());
        sums_right_ = sum == wanted;
        return sums_right_ ? Status{} : Status(fail(ErrorKind::invalid, "the archive is damaged: its files are not what SHA256SUMS says"));
    }
    if (part_.path == "END") {
        const std::string wanted = "hameau-archive 1\nfiles " + std::to_string(files_) + "\nbytes " + std::to_string(bytes_) + "\n";
        ended_ = sums_right_ && text_ == wanted;
        const bool other = text_.starts_with("hameau-archive ") && !text_.starts_with("hameau-archive 1\n");
        return ended_ ? Status{} : Status(fail(ErrorKind::invalid, other ? "the archive is of a newer Hameau; bring this house up to date first" : "the archive's END does not fit it"));
    }
    if (keep_) {
        boost::system::error_code failed;
        json::value value = json::parse(text_, failed);
        if (failed || !value.is_object()) {
            return fail(ErrorKind::invalid, part_.path + " is not readable");
        }
        documents_[part_.path] = std::move(value.as_object());
    }
    // As sha256sum writes it: a backslash in a name is escaped, and announced at the line's beginning.
    const bool escaped = part_.path.find('\\') != std::string::npos;
    std::string line = (escaped ? "\\" : "") + to_hex(sum) + "  ";
    for (const char c : part_.path) {
        line += c == '\\' ? "\\\\" : std::string(1, c);
    }
    line += '\n';
    crypto_hash_sha256_update(&sums_, reinterpret_cast<const unsigned char*>(line.data()), line.size());
    ++files_;
    bytes_ += part_.size_bytes;
    return {};
}

Status Verifier::finish() const {
    if (!ended_) {
        return fail(ErrorKind::invalid, "the archive is not whole: its END is missing. Make it again");
    }
    const bool known = !document("hameau-archive.json").empty() && !document("people/association.json").empty();
    if (!known) {
        return fail(ErrorKind::invalid, "this is not an archive of an association");
    }
    // Pages without a site of the association's own would go on line at whatever host they name.
    std::set<std::string, std::less<>> listed;
    for (const json::value& site : array_of(document("sites/sites.json"), "sites")) {
        listed.insert(site.is_object() ? text_of(site.as_object(), "host") : std::string());
    }
    for (const std::string& host : hosts_) {
        if (!listed.contains(host)) {
            return fail(ErrorKind::invalid, "the archive has pages of " + host + ", which is none of its sites");
        }
    }
    return {};
}

const json::object& Verifier::document(const std::string& path) const {
    static const json::object nothing;
    const auto found = documents_.find(path);
    return found == documents_.end() ? nothing : found->second;
}

} // namespace hameau::cli
