// Databases first; then what they name; then what they say of each other.
#include "provisioning/backup/check_copy.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <poll.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/ids.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/deploy_format.hpp"
#include "daemon/modules.hpp"
#include "daemon/sandbox/confine_files.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/restic.hpp"
#include "provisioning/backup/staging.hpp"
#include "daemon/contract/backup_state.hpp"

namespace hameau::backup {

namespace fs = std::filesystem;

namespace {

struct CloseDatabase {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Connection = std::unique_ptr<sqlite3, CloseDatabase>;
/// Of each row its columns as texts.
using OnRow = std::function<void(const std::vector<std::string>&)>;

class Checker {
public:
    Checker(std::string folder, CheckDepth depth) : folder_(std::move(folder)), full_(depth == CheckDepth::full) {}
    CopyReport run();

private:
    void problem(const std::string& text) {
        if (report_.problems.size() < problems_max) {
            report_.problems.push_back(one_line(text));
        }
    }
    bool is_there(const std::string& path) const {
        struct stat facts {};
        return ::lstat((folder_ + "/" + path).c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
    }
    Connection open(const std::string& path);
    void rows(const Connection& database, const std::string& path, const std::string& sql, const OnRow& on_row);
    std::uint64_t count(const Connection& database, const std::string& path, const std::string& sql);
    void read_about();
    void check_database(const std::string& path);
    void check_sites();
    void check_deploy(const std::string& id);
    void check_blob(const sites::Variant& variant, const std::string& path);
    void check_images();
    void check_references();
    void count_messages();

    std::string folder_;
    bool full_;
    CopyReport report_;
    std::map<std::string, std::uint64_t> about_;
    std::map<std::string, bool> blobs_;  ///< looked at before: good
};

Connection Checker::open(const std::string& path) {
    // Nobody writes to a copy; without immutable SQLite would want to make -shm beside it.
    sqlite3* handle = nullptr;
    const std::string uri = "file:" + percent_encode(folder_ + "/" + path, [](char c) { return c == '/' || is_unreserved(c); }) + "?immutable=1";
    const int code = sqlite3_open_v2(uri.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    Connection connection(handle);
    if (code != SQLITE_OK) {
        problem(path + ": cannot be opened");
        connection.reset();
    }
    return connection;
}

void Checker::rows(const Connection& database, const std::string& path, const std::string& sql, const OnRow& on_row) {
    sqlite3_stmt* statement = nullptr;
    int code = database ? sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &statement, nullptr) : SQLITE_CANTOPEN;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            std::vector<std::string> columns;
            for (int i = 0; i < sqlite3_column_count(statement); ++i) {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
                columns.emplace_back(text == nullptr ? "" : text);
            }
            on_row(columns);
        }
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE && database) {
        problem(path + ": " + sqlite3_errmsg(database.get()));
    }
}

std::uint64_t Checker::count(const Connection& database, const std::string& path, const std::string& sql) {
    std::uint64_t number = 0;
    rows(database, path, sql, [&number](const auto& columns) { number = std::strtoull(columns[0].c_str(), nullptr, 10); });
    return number;
}

void Checker::read_about() {
    const std::string text = read_file(folder_ + "/" + about_file, 65536).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t equals = line.find('=');
        std::uint64_t number = 0;
        if (equals != std::string_view::npos && std::from_chars(line.data() + equals + 1, line.data() + line.size(), number).ec == std::errc{}) {
            about_[std::string(line.substr(0, equals))] = number;
        }
    }
    if (about_["format"] != format_version) {
        problem(about_["format"] > format_version ? "the backup was made by a newer Hameau: install that version first" : "the backup does not say what it is (ABOUT)");
    }
}

void Checker::check_database(const std::string& path) {
    const Connection database = open(path);
    if (!database) {
        return;
    }
    rows(database, path, "PRAGMA integrity_check(5)", [&](const auto& columns) {
        if (columns[0] != "ok") {
            problem(path + ": " + columns[0]);
        }
    });
    rows(database, path, "PRAGMA foreign_key_check", [&](const auto& columns) { problem(path + ": a row of " + columns[0] + " belongs to nothing in " + columns[2]); });
}

void Checker::check_blob(const sites::Variant& variant, const std::string& path) {
    const std::string blob = sites::blob_path(variant.hash);
    if (blobs_.contains(blob)) {
        return;
    }
    blobs_[blob] = true;
    struct stat facts {};
    const Fd fd(::open((folder_ + "/sites/" + blob).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || static_cast<std::uint64_t>(facts.st_size) != variant.size_bytes) {
        problem("sites/" + blob + ": missing, for " + path);
        return;
    }
    if (!full_) {
        return;
    }
    crypto_generichash_state state;
    sites::Hash hash{};
    crypto_generichash_init(&state, nullptr, 0, hash.size());
    std::array<char, 65536> part{};
    for (ssize_t n = ::read(fd.get(), part.data(), part.size()); n > 0; n = ::read(fd.get(), part.data(), part.size())) {
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), static_cast<unsigned long long>(n));
    }
    crypto_generichash_final(&state, hash.data(), hash.size());
    if (hash != variant.hash) {
        problem("sites/" + blob + ": another content than its name says, for " + path);
    }
}

void Checker::check_deploy(const std::string& id) {
    const std::string path = "sites/deploys/" + id + ".manifest";
    const Fd fd(is_id(id) ? ::open((folder_ + "/" + path).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1);
    const auto manifest = fd ? sites::DeployReader::open(fd.get()) : Result<sites::DeployReader>(fail(ErrorKind::not_found, "missing"));
    if (!manifest) {
        problem(path + ": " + manifest.error().message);
        return;
    }
    for (std::size_t i = 0; i < manifest->entries_count(); ++i) {
        const sites::EntryView entry = manifest->entry(i);
        for (const auto& variant : entry.variants) {
            if (variant) {
                check_blob(*variant, std::string(entry.path));
            }
        }
    }
}

void Checker::check_sites() {
    const std::string path = "sites/sites.db";
    if (!is_there(path)) {
        return;
    }
    const Connection database = open(path);
    rows(database, path, "SELECT id FROM deploy", [this](const auto& columns) { check_deploy(columns[0]); });
    report_.counts["sites"] = count(database, path, "SELECT count(*) FROM site WHERE removed_ms = 0");
}

void Checker::check_images() {
    const std::string path = "pads/pads.db";
    if (!is_there(path)) {
        return;
    }
    const Connection database = open(path);
    rows(database, path, "SELECT association, hash, webp_bytes FROM image", [this](const auto& columns) {
        const std::string file = "pads/images/" + columns[0] + "/" + columns[1];
        for (const std::string& name : {file, columns[2] == "0" ? file : file + ".webp"}) {
            if (!is_there(name)) {
                problem(name + ": missing");
            }
        }
        ++report_.counts["images"];
    });
    report_.counts["pads"] = count(database, path, "SELECT count(*) FROM pad WHERE deleted_ms IS NULL");
}

/// What people knows, the others were told in events: of whom they speak, people knows too, but for what is still on its way.
void Checker::check_references() {
    const std::string path = "people/people.db";
    if (!is_there(path)) {
        problem(path + ": missing");
        return;
    }
    const Connection people = open(path);
    report_.counts["people"] = count(people, path, "SELECT count(*) FROM person WHERE disabled = 0");
    report_.counts["associations"] = count(people, path, "SELECT count(*) FROM association WHERE binned_ms = 0");
    if (count(people, path, "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM association_task)") > 0) {
        return;
    }
    std::map<std::string, bool> known;
    rows(people, path, "SELECT 'person ' || id FROM person UNION SELECT 'association ' || slug FROM association", [&known](const auto& columns) { known[columns[0]] = true; });
    const std::array<std::pair<const char*, const char*>, 3> others = {{{"mail/mail.db", "SELECT 'person ' || id FROM member UNION SELECT 'association ' || slug FROM association"},
                                                                      {"sites/sites.db", "SELECT DISTINCT 'association ' || association FROM site"},
                                                                      {"pads/pads.db", "SELECT DISTINCT 'association ' || association FROM pad"}}};
    for (const auto& [file, sql] : others) {
        if (!is_there(file)) {
            continue;
        }
        rows(open(file), file, sql, [&, name = std::string(file)](const auto& columns) {
            if (!known.contains(columns[0])) {
                problem(name + " speaks of the " + columns[0] + ", whom people/people.db does not know");
            }
        });
    }
}

void Checker::count_messages() {
    std::uint64_t messages = 0;
    std::error_code failed;
    fs::recursive_directory_iterator walk(folder_ + "/mail/boxes", failed);
    for (const fs::recursive_directory_iterator end; !failed && walk != end; walk.increment(failed)) {
        const std::string above = walk->path().parent_path().filename().string();
        messages += walk->is_regular_file(failed) && (above == "cur" || above == "new") ? 1 : 0;
    }
    report_.counts["messages"] = messages;
    if (messages < about_["messages"]) {
        problem(std::to_string(about_["messages"] - messages) + " messages are missing below mail/boxes");
    }
    if (is_there("mail/mail.db")) {
        report_.counts["mailboxes"] = count(open("mail/mail.db"), "mail/mail.db", "SELECT count(*) FROM mailbox");
    }
}

CopyReport Checker::run() {
    if (full_) {
        read_about();
        for (const Manifest* manifest : builtin_modules()) {
            for (const BackupPart& part : manifest->backup) {
                const std::string path = std::string(manifest->name) + "/" + std::string(part.path);
                if (part.keep == Keep::database && is_there(path)) {
                    check_database(path);
                }
            }
        }
        check_references();
        count_messages();
    }
    check_sites();
    check_images();
    return std::move(report_);
}

std::string text_of(const CopyReport& report) {
    std::string text;
    for (const std::string& problem : report.problems) {
        text += "problem\t" + problem + "\n";
    }
    for (const auto& [name, number] : report.counts) {
        text += "count\t" + name + "\t" + std::to_string(number) + "\n";
    }
    return text + "end\n";
}

CopyReport report_in(std::string_view text) {
    CopyReport report;
    for (const std::string_view line : split(text, '\n')) {
        const auto columns = split(line, '\t');
        if (columns[0] == "problem" && columns.size() == 2 && report.problems.size() < problems_max) {
            report.problems.push_back(one_line(columns[1]));
        } else if (columns[0] == "count" && columns.size() == 3) {
            report.counts[std::string(columns[1])] = std::strtoull(std::string(columns[2]).c_str(), nullptr, 10);
        }
    }
    return report;
}

[[noreturn]] void check_and_end(const Place& place, const std::string& folder, CheckDepth depth, int out, pid_t parent) {
    ::setpgid(0, 0);
    reset_signals();
    std::array<ChildFile, 3> files = {ChildFile{::open("/dev/null", O_RDONLY | O_CLOEXEC), 0}, ChildFile{out, 1}, ChildFile{::open("/dev/null", O_WRONLY | O_CLOEXEC), 2}};
    place_files(files, 3);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine_files({folder, "/etc/localtime", "/dev/urandom"}, {});
    if (place.uid != 0) {
        ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
        drop_rights(place.uid, place.uid, {});
        keep_reading_rights();
    }
    die_with(parent, SIGKILL);
    const std::string text = text_of(check_copy(folder, depth));
    ::_exit(write_all(1, text) ? 0 : 1);
}

} // namespace

CopyReport check_copy(const std::string& folder, CheckDepth depth) { return Checker(folder, depth).run(); }

Result<CopyReport> check_apart(const Place& place, const std::string& folder, CheckDepth depth) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno("pipe");
    }
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("checking the copy");
    }
    if (pid == 0) {
        check_and_end(place, folder, depth, writer.get(), parent);
    }
    writer.reset();
    const auto text = read_all(reader.get(), report_bytes_max);
    ::kill(pid, text ? 0 : SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!text || !text->ends_with("end\n")) {
        return fail(ErrorKind::io, "the check of the copy did not end by itself");
    }
    return report_in(*text);
}

} // namespace hameau::backup
