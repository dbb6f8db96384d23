// Two children: hameau-check, under its own uid, reads the settings; hameau-provision works. Nothing of the house is started.
#include "daemon/cli/diagnose_alone.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/contract/role_uids.hpp"

namespace hameau::cli {

namespace {

constexpr const char* house_state = "/var/lib/hameau";
constexpr const char* house_settings_file = "/etc/hameau/hameau.yaml";
constexpr int alone_settings_file = 3;

struct AloneChild {
    std::vector<std::string> arguments;  ///< the first is the program
    std::vector<std::string> environment;
    int input = -1;
    int kept = -1;  ///< becomes file 3
    unsigned uid = 0;
};
struct AloneEnd {
    std::string output;
    std::string errors;
    int code = 0;
};

/// What it writes goes into files without names: neither of its two streams can fill and make it wait.
Result<AloneEnd> run_alone(AloneChild child) {
    Fd output(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    Fd errors(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC | O_APPEND, 0600));
    if (!output || !errors) {
        return fail_errno("/tmp");
    }
    auto words = exec_words(child.arguments);
    auto environment = exec_words(child.environment);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("fork");
    }
    if (pid == 0) {
        std::array<ChildFile, 4> files = {ChildFile{child.input >= 0 ? child.input : ::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO},
                                          ChildFile{output.get(), STDOUT_FILENO}, ChildFile{errors.get(), STDERR_FILENO}, ChildFile{child.kept, alone_settings_file}};
        place_files(files, child.kept >= 0 ? alone_settings_file + 1 : alone_settings_file);
        reset_signals();
        if (child.uid != 0) {
            drop_rights(child.uid, child.uid, {});
        }
        die_with(parent, SIGKILL);
        exec_program(-1, words.front(), words.data(), environment.data());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    AloneEnd ended;
    ::lseek(output.get(), 0, SEEK_SET);
    ::lseek(errors.get(), 0, SEEK_SET);
    ended.output = read_all(output.get(), alone_bytes_max).value_or("");
    ended.errors = read_all(errors.get(), alone_bytes_max).value_or("");
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ended;
}

Result<std::string> alone_settings(const std::string& binaries, const std::string& state, bool package) {
    const std::string file = package ? std::string(house_settings_file) : state + "/hameau.yaml";
    const Fd open(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!open) {
        return fail_errno(file);
    }
    AloneChild check;
    check.arguments = {binaries + "/hameau-check", "--name", file, "--modules-folder", state + "/modules.d"};
    std::string host = read_file(state + "/host", 512).value_or("");
    host.erase(std::min(host.find('\n'), host.size()));
    if (!host.empty()) {
        check.arguments.insert(check.arguments.end(), {"--host-of-setup", host});
    }
    check.arguments.emplace_back("-");
    check.environment = {"LC_ALL=C"};
    check.input = open.get();
    for (const RoleUid& role : role_uids) {
        check.uid = role.role == "check" ? role.uid : check.uid;
    }
    auto ended = run_alone(std::move(check));
    if (!ended) {
        return fail(ended.error());
    }
    return ended->code == 0 ? Result<std::string>(std::move(ended->output)) : fail(ErrorKind::invalid, ended->errors);
}

} // namespace

Result<std::string> provision_alone(const std::string& state, std::vector<std::string> words) {
    if (::geteuid() != 0) {
        return fail(ErrorKind::denied, "only root can do this");
    }
    std::error_code failed;
    const std::string binaries = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path().string();
    const std::string whole = std::filesystem::weakly_canonical(state, failed).string();
    const auto settings = alone_settings(binaries, whole, whole == house_state);
    if (!settings) {
        return fail(settings.error());
    }
    const auto memory = sealed_memory("settings", *settings);
    if (!memory) {
        return fail(memory.error());
    }
    AloneChild provision;
    provision.arguments = {binaries + "/hameau-provision"};
    provision.arguments.insert(provision.arguments.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
    provision.environment = {"HAMEAU_STATE=" + whole, "HAMEAU_BINARIES=" + binaries, "HAMEAU_SETTINGS_FD=" + std::to_string(alone_settings_file), "HAMEAU_TRIAL=0", "LC_ALL=C.UTF-8",
                             "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    provision.kept = memory->get();
    auto ended = run_alone(std::move(provision));
    if (!ended) {
        return fail(ended.error());
    }
    return ended->code == 0 ? Result<std::string>(std::move(ended->errors)) : fail(ErrorKind::io, ended->errors.substr(0, ended->errors.find('\n')));
}

Result<std::string> look_alone(const std::string& state, const std::vector<std::string>& only) {
    if (::geteuid() != 0) {
        return fail(ErrorKind::denied, "the house does not answer; as root, hameau diagnose can look without it");
    }
    std::vector<std::string> words = {"diagnose", "alone=1"};
    if (!only.empty()) {
        std::string ids;
        for (const std::string& id : only) {
            ids += (ids.empty() ? "" : ",") + id;
        }
        words.push_back("only=" + ids);
    }
    return provision_alone(state, std::move(words));
}

} // namespace hameau::cli
