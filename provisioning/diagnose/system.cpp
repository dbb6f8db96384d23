// System calls only; no judgement.
#include "provisioning/diagnose/system.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include "daemon/base/io.hpp"
#include "daemon/base/local_addresses.hpp"
#include "daemon/base/text.hpp"
#include "provisioning/certificates.hpp"
#include "provisioning/diagnose/child.hpp"
#include "provisioning/diagnose/database.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/diagnose/network.hpp"
#include "provisioning/mail_folders.hpp"
#include "provisioning/run_program.hpp"
#include "provisioning/x509.hpp"

namespace hameau::diagnose {

namespace {

std::int64_t seconds_of(const ASN1_TIME* time) {
    std::tm utc{};
    return ASN1_TIME_to_tm(time, &utc) == 1 ? ::timegm(&utc) : 0;
}

/// Up to `most` bytes from `offset`; /proc and /sys say no size.
std::optional<std::string> read_part(const std::string& path, bool through_link, off_t offset, std::size_t most) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (through_link ? 0 : O_NOFOLLOW)));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return std::nullopt;
    }
    if (offset < 0) {
        offset = std::max<off_t>(0, facts.st_size - static_cast<off_t>(most));
    }
    std::string out;
    std::array<char, 8192> part{};
    while (out.size() < most) {
        const ssize_t n = ::pread(fd.get(), part.data(), std::min(part.size(), most - out.size()), offset + static_cast<off_t>(out.size()));
        if (n < 0) {
            return std::nullopt;
        }
        if (n == 0) {
            break;
        }
        out.append(part.data(), static_cast<std::size_t>(n));
    }
    return out;
}

FileFacts facts_of(const struct stat& found) {
    return {found.st_uid, found.st_gid, found.st_mode & 07777U, S_ISDIR(found.st_mode), S_ISREG(found.st_mode),
            static_cast<std::uint64_t>(found.st_size), found.st_mtim.tv_sec};
}

/// Through no link: each folder is opened in the one above it. `at` is used up.
void walk(Fd at, const std::string& folder, std::size_t most, int depth, std::vector<std::pair<std::string, FileFacts>>& out) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const int own = at.get();
    DIR* open = own >= 0 ? ::fdopendir(own) : nullptr;
    if (open == nullptr) {
        return;
    }
    static_cast<void>(at.release());
    while (const dirent* entry = ::readdir(open)) {
        const std::string name = entry->d_name;
        struct stat found {};
        const std::string path = folder + "/" + name;
        if (name == "." || name == ".." || out.size() >= most || ::fstatat(own, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if (S_ISDIR(found.st_mode) && depth < depth_max) {
            walk(Fd(::openat(own, name.c_str(), flags)), path, most, depth + 1, out);
        } else if (S_ISREG(found.st_mode)) {
            out.emplace_back(path, facts_of(found));
        }
    }
    ::closedir(open);
}

class System final : public Machine {
public:
    explicit System(House house) : house_(std::move(house)) {
        provisioning::MailModel model;
        model.state = house_.state;
        model.root = house_.root;
        const bool mail = house_.settings.boolean("mail.enabled") && !house_.settings.text("house.host").empty();
        for (const auto& folder : mail ? provisioning::mail_folders(model).value_or(std::vector<provisioning::MailFolder>()) : std::vector<provisioning::MailFolder>()) {
            engine_folders_.push_back({folder.path, folder.uid, folder.gid, folder.mode});
        }
    }

    const Settings& settings() const override { return house_.settings; }
    const std::string& state() const override { return house_.state; }
    const std::string& binaries() const override { return house_.binaries; }
    bool root() const override { return house_.root; }
    bool trial() const override { return house_.trial; }
    std::int64_t now_s() const override { return now_ms() / 1000; }
    const std::vector<ServiceFacts>& services() const override { return house_.services; }
    const std::vector<std::pair<std::string, std::string>>& missing() const override { return house_.missing; }
    const std::vector<FolderRule>& engine_folders() const override { return engine_folders_; }

    std::optional<std::string> text(const std::string& path) const override { return read_part(path, !is_of_state(path), 0, text_bytes_max); }
    std::optional<std::string> tail(const std::string& path, std::size_t bytes) const override { return read_part(path, !is_of_state(path), -1, bytes); }
    std::optional<std::vector<std::string>> names(const std::string& folder, std::size_t most) const override;
    std::optional<FileFacts> file(const std::string& path) const override;
    std::vector<std::pair<std::string, FileFacts>> files_below(const std::string& folder, std::size_t most) const override {
        std::vector<std::pair<std::string, FileFacts>> out;
        walk(Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)), folder, most, 0, out);
        return out;
    }
    std::optional<DiskFacts> disk(const std::string& path) const override;
    std::optional<bool> clock_follows() const override;
    std::vector<std::string> walls() const override { return house_.walls; }
    std::vector<std::string> addresses() const override { return local_addresses(); }
    bool has_locale(const std::string& name) const override {
        const locale_t found = ::newlocale(LC_ALL_MASK, name.c_str(), nullptr);
        if (found != nullptr) {
            ::freelocale(found);
        }
        return found != nullptr;
    }
    DnsAnswer look_up(const std::string& name, Record record) const override;
    Greeting greet(const std::string& address, unsigned port) const override;
    std::vector<std::string> converse(unsigned port, const std::vector<std::string>& commands) const override { return converse_at("127.0.0.1", port, commands); }
    TlsFacts shake_hands(const std::string& address, unsigned port, const std::string& host) const override { return handshake_at(address, port, host); }
    int get(unsigned port, const std::string& host) const override { return get_at("127.0.0.1", port, host); }
    std::optional<ProgramFacts> run(const std::string& path, const std::vector<std::string>& arguments) const override;
    std::optional<std::vector<Row>> ask(const std::string& database, const std::string& sql) const override;
    std::optional<PemFacts> pem(const std::string& path, const std::string& host) const override;

private:
    /// Others write there too, and a link of theirs would lead root anywhere. Files of the machine may be links (/etc/os-release).
    bool is_of_state(const std::string& path) const { return path.starts_with(house_.state + "/"); }

    House house_;
    std::vector<FolderRule> engine_folders_;
};

std::optional<std::vector<std::string>> System::names(const std::string& folder, std::size_t most) const {
    DIR* open = ::opendir(folder.c_str());
    if (open == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> out;
    while (const dirent* entry = ::readdir(open)) {
        const std::string name = entry->d_name;
        if (name != "." && name != ".." && out.size() < most) {
            out.push_back(name);
        }
    }
    ::closedir(open);
    std::sort(out.begin(), out.end());
    return out;
}

std::optional<FileFacts> System::file(const std::string& path) const {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? std::optional(facts_of(found)) : std::nullopt;
}

std::optional<DiskFacts> System::disk(const std::string& path) const {
    struct statvfs space {};
    struct stat found {};
    if (::statvfs(path.c_str(), &space) != 0 || ::stat(path.c_str(), &found) != 0) {
        return std::nullopt;
    }
    return DiskFacts{static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize, static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize,
                     space.f_files, space.f_favail, (space.f_flag & ST_RDONLY) != 0,
                     std::to_string(major(found.st_dev)) + ":" + std::to_string(minor(found.st_dev))};
}

/// A unit with ProtectClock= may not ask the kernel; then systemd-timesyncd's mark is what there is.
std::optional<bool> System::clock_follows() const {
    timex found{};
    if (::adjtimex(&found) >= 0) {
        return (static_cast<unsigned>(found.status) & static_cast<unsigned>(STA_UNSYNC)) == 0;
    }
    return ::access("/run/systemd/timesync/synchronized", F_OK) == 0 ? std::optional(true) : std::nullopt;
}

DnsAnswer System::look_up(const std::string& name, Record record) const {
    DnsAnswer out;
    const auto told = by_child({house_.stranger_uid}, {stranger_bytes_max, stranger_limit}, [&] { return resolve(name, record); });
    if (!told || !told->starts_with("answered")) {
        return out;
    }
    out.answered = true;
    for (const std::string_view line : split(*told, '\n')) {
        if (line != "answered" && !line.empty()) {
            out.found.emplace_back(line);
        }
    }
    return out;
}

Greeting System::greet(const std::string& address, unsigned port) const {
    if (address.starts_with("127.") || address == "::1") {
        return greeting_at(address, port);
    }
    const auto told = by_child({house_.stranger_uid}, {stranger_bytes_max, stranger_limit}, [&] {
        const Greeting greeting = greeting_at(address, port);
        return std::string(greeting.connected ? "1" : "0") + greeting.line;
    });
    return told && !told->empty() ? Greeting{told->front() == '1', told->substr(1)} : Greeting{};
}

std::optional<ProgramFacts> System::run(const std::string& path, const std::vector<std::string>& arguments) const {
    provisioning::ProgramRun program;
    program.path = path;
    program.arguments = arguments;
    program.deadline = program_limit;
    program.kept_bytes = program_output_bytes_max;
    auto end = provisioning::run_to_end(std::move(program));
    return end ? std::optional(ProgramFacts{end->exit_code, std::move(end->output)}) : std::nullopt;
}

std::optional<std::vector<Row>> System::ask(const std::string& database, const std::string& sql) const {
    return ask_database({house_.state, database, house_.root}, sql);
}

std::optional<Machine::PemFacts> System::pem(const std::string& path, const std::string& host) const {
    const provisioning::Certificate certificate = provisioning::read_certificate(path);
    if (!certificate) {
        return std::nullopt;
    }
    const provisioning::Key key = provisioning::read_key(path);
    PemFacts out;
    out.expires_s = seconds_of(X509_get0_notAfter(certificate.get()));
    out.begins_s = seconds_of(X509_get0_notBefore(certificate.get()));
    out.key_fits = key && X509_check_private_key(certificate.get(), key.get()) == 1;
    out.names_host = X509_check_host(certificate.get(), host.c_str(), host.size(), 0, nullptr) == 1;
    out.self_made = provisioning::is_self_made(house_.state, certificate.get());
    return out;
}

} // namespace

std::unique_ptr<Machine> make_system(House house) { return std::make_unique<System>(std::move(house)); }

} // namespace hameau::diagnose
