// apt-get update with one source, then apt-cache policy; dpkg says what is installed. The folder is removed at the end.
#include "provisioning/newest_version.hpp"

#include <algorithm>
#include <cstdlib>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/base/text.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/run_program.hpp"

namespace hameau::provisioning {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view work_name = "hameau-version-";

class WorkFolder {
public:
    explicit WorkFolder(const std::string& scratch) {
        std::string name = scratch + "/" + std::string(work_name) + "XXXXXX";
        path = ::mkdtemp(name.data()) == nullptr ? "" : name;
    }
    ~WorkFolder() {
        std::error_code ignored;
        if (!path.empty()) {
            fs::remove_all(path, ignored);
        }
    }
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    std::string path;
};

Result<std::string> codename() {
    const std::string facts = read_file("/etc/os-release", version_file_bytes_max).value_or("");
    for (const std::string_view line : split(facts, '\n')) {
        if (constexpr std::string_view key = "VERSION_CODENAME="; line.starts_with(key)) {
            std::string name(line.substr(key.size()));
            std::erase(name, '"');
            const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
            return plain ? Result<std::string>(std::move(name)) : fail(ErrorKind::invalid, "/etc/os-release names no release of Debian");
        }
    }
    return fail(ErrorKind::invalid, "/etc/os-release names no release of Debian");
}

/// Read by apt before anything else: of /etc/apt nothing is taken, neither other sources nor programs to run afterwards.
std::string apt_settings(const std::string& folder) {
    std::string text;
    for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string>>{
             {"Dir::Etc::main", "/dev/null"}, {"Dir::Etc::parts", folder + "/none"}, {"Dir::Etc::sourcelist", folder + "/sources.list"},
             {"Dir::Etc::sourceparts", folder + "/none"}, {"Dir::Etc::preferences", "/dev/null"}, {"Dir::Etc::preferencesparts", folder + "/none"},
             {"Dir::Etc::trusted", "/dev/null"}, {"Dir::Etc::trustedparts", folder + "/none"}, {"Dir::State", folder + "/state"},
             {"Dir::State::status", folder + "/status"}, {"Dir::Cache", folder + "/cache"}, {"Dir::Log", folder}, {"APT::Sandbox::User", ""},
             {"Acquire::Languages", "none"}, {"Acquire::Retries", "0"}, {"Acquire::https::Timeout", "15"}, {"Acquire::MaxReleaseFileSize", "1000000"},
             {"Acquire::AllowInsecureRepositories", "false"}, {"Acquire::https::AllowRedirect", "false"}, {"Dpkg::Use-Pty", "0"}}) {
        text.append(key).append(" \"").append(value).append("\";\n");
    }
    return text;
}

Status lay_out(const std::string& folder, const VersionQuestion& question) {
    const auto suite = codename();
    if (!suite) {
        return fail(suite.error());
    }
    std::error_code failed;
    for (const char* below : {"/none", "/state/lists/partial", "/cache/archives/partial"}) {
        fs::create_directories(folder + below, failed);
    }
    auto written = write_file_atomically(folder + "/apt.conf", apt_settings(folder), 0644);
    if (written) {
        // Nothing is installed, as far as this apt knows: its candidate is the repository's own.
        written = write_file_atomically(folder + "/status", "", 0644);
    }
    if (written) {
        written = write_file_atomically(folder + "/sources.list", "deb [signed-by=" + question.keyring + "] " + question.repository + " " + *suite + " main\n", 0644);
    }
    // The deepest first: nothing is given away below a folder that is no longer root's.
    for (const char* below : {"/state/lists/partial", "/state/lists", "/state", "/cache/archives/partial", "/cache/archives", "/cache", ""}) {
        if (written && question.uid != 0) {
            written = chown_path(folder + below, question.uid, question.uid);
        }
    }
    return written;
}

/// The programs of one question: they share its time.
class Apt {
public:
    Apt(const VersionQuestion& question, std::string folder) :
        question_(question), folder_(std::move(folder)), end_(std::chrono::steady_clock::now() + question.limit) {}
    Result<ProgramEnd> run(const char* program, std::vector<std::string> arguments) const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            return fail(ErrorKind::timed_out, "the repository did not answer in time");
        }
        ProgramRun run;
        run.path = question_.root + program;
        run.arguments = std::move(arguments);
        run.environment = {"APT_CONFIG=" + folder_ + "/apt.conf", "TMPDIR=" + folder_, "HOME=" + folder_};
        run.uid = question_.uid;
        run.deadline = left;
        return run_to_end(std::move(run));
    }

private:
    const VersionQuestion& question_;
    std::string folder_;
    std::chrono::steady_clock::time_point end_;
};

/// What the signed list says of its date.
std::string published_of(const std::string& folder) {
    const Fd lists(::open((folder + "/state/lists").c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder + "/state/lists", failed)) {
        if (!entry.path().string().ends_with("InRelease")) {
            continue;
        }
        // apt's uid made it: no link is followed, and no pipe waited for.
        const auto file = open_regular(lists.get(), entry.path().filename());
        const std::string text = file ? read_all(file->get(), version_file_bytes_max).value_or("") : std::string();
        for (const std::string_view line : split(text, '\n')) {
            if (line.starts_with("Date: ")) {
                return first_complaint("E: " + std::string(line.substr(6)));
            }
        }
    }
    return {};
}

} // namespace

bool is_repository_address(std::string_view text) {
    constexpr std::string_view scheme = "https://";
    return text.starts_with(scheme) && text.size() > scheme.size() && text.size() < 300 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/_~-", scheme.size()) == std::string_view::npos;
}

std::string installed_version(std::string_view said) {
    // dpkg-query(1): the second letter is the state: n nothing, c its settings alone.
    constexpr std::string_view key = "State: ";
    const bool there = said.starts_with(key) && said.size() > key.size() + 1 && said[key.size() + 1] != 'n' && said[key.size() + 1] != 'c';
    const std::size_t version = said.find("Version: ");
    return there && version != std::string_view::npos ? policy_value(said.substr(version), "Version") : std::string();
}

void drop_left_folders(const std::string& scratch, unsigned uid) {
    std::error_code failed;
    std::vector<fs::path> left;
    const auto oldest = fs::file_time_type::clock::now() - version_folder_kept;
    for (fs::directory_iterator entry(scratch, failed), end; !failed && entry != end; entry.increment(failed)) {
        struct stat facts {};
        const bool named = entry->path().filename().string().starts_with(work_name);
        const bool ours = named && ::lstat(entry->path().c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && (facts.st_uid == uid || facts.st_uid == ::geteuid());
        std::error_code gone;
        if (ours && fs::last_write_time(entry->path(), gone) < oldest && !gone) {
            left.push_back(entry->path());
        }
    }
    for (const fs::path& folder : left) {
        fs::remove_all(folder, failed);
    }
}

std::string policy_value(std::string_view said, std::string_view key) {
    for (const std::string_view line : split(said, '\n')) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin != std::string_view::npos && line.substr(begin).starts_with(std::string(key) + ": ")) {
            const std::string value(line.substr(begin + key.size() + 2));
            const bool version = value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+:~-") == std::string::npos;
            return version && value.size() < 100 ? value : std::string();
        }
    }
    return {};
}

std::string first_complaint(std::string_view said) {
    std::string found;
    for (const std::string_view line : split(said, '\n')) {
        if (line.starts_with("E: ") || (found.empty() && line.starts_with("W: "))) {
            found = line.substr(3);
            if (line.starts_with("E: ")) {
                break;
            }
        }
    }
    found.resize(std::min<std::size_t>(found.size(), 300));
    std::replace_if(found.begin(), found.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
    return found;
}

Result<VersionAnswer> ask_newest_version(const VersionQuestion& question) {
    if (!is_repository_address(question.repository)) {
        return fail(ErrorKind::invalid, "house.update_repository: an https address was expected, such as https://paquets.example.org/hameau");
    }
    const bool plain = question.keyring.starts_with('/') && question.keyring.find_first_of(" []\n\t\"") == std::string::npos;
    if (!plain || ::access(question.keyring.c_str(), R_OK) != 0) {
        return fail(ErrorKind::not_found, question.keyring + " is not there: install the package hameau-archive-keyring of that repository");
    }
    drop_left_folders(question.scratch, question.uid);
    const WorkFolder folder(question.scratch);
    if (folder.path.empty()) {
        return fail_errno(question.scratch);
    }
    if (auto laid = lay_out(folder.path, question); !laid) {
        return fail(laid.error());
    }
    const Apt apt(question, folder.path);
    const auto update = apt.run("/usr/bin/apt-get", {"update", "-q", "--error-on=any"});
    if (!update) {
        return fail(update.error());
    }
    if (update->exit_code != 0) {
        return fail(ErrorKind::unavailable, "the repository cannot be read, or its signature does not hold: " + first_complaint(update->output));
    }
    const auto policy = apt.run("/usr/bin/apt-cache", {"policy", "hameau"});
    if (!policy) {
        return fail(policy.error());
    }
    VersionAnswer answer;
    answer.newest = policy_value(policy->output, "Candidate");
    if (answer.newest.empty()) {
        return fail(ErrorKind::not_found, "the repository has no package hameau for this machine");
    }
    const auto installed = apt.run("/usr/bin/dpkg-query", {"-W", "-f=State: ${db:Status-Abbrev} Version: ${Version}", "hameau"});
    answer.installed = installed && installed->exit_code == 0 ? installed_version(installed->output) : std::string();
    if (answer.installed.empty()) {
        answer.installed = question.running;
    }
    const auto compared = apt.run("/usr/bin/dpkg", {"--compare-versions", answer.newest, "gt", answer.installed});
    if (!compared) {
        return fail(compared.error());
    }
    answer.newer = compared->exit_code == 0;
    answer.published = published_of(folder.path);
    return answer;
}

std::string version_lines(const VersionAnswer& answer) {
    return "installed\t" + answer.installed + "\nnewest\t" + answer.newest + "\npublished\t" + answer.published + "\nnewer\t" + (answer.newer ? "1" : "0") + "\n";
}

} // namespace hameau::provisioning
