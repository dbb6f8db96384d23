// `hameau restore`: runs hameau-provision as root while no house runs, and says in words what it says in lines.
#include <array>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/base/backup_target.hpp"
#include "daemon/base/io.hpp"
#include "daemon/cli/backup_texts.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace {

constexpr int restore_failed = 70;
constexpr const char* package_state = "/var/lib/hameau";
constexpr const char* package_settings = "/etc/hameau/hameau.yaml";

constexpr const char* restore_usage =
    "usage: hameau restore TARGET [--at TIME] [--key FILE] [--credentials FILE] [--replace] [--incomplete] [--state DIR]\n"
    "Brings a whole house back from a backup, on this machine, as root, while no house runs here. TARGET as in\n"
    "house.backup_targets: /FOLDER, disk:LABEL, sftp:USER@HOST:/FOLDER, s3:https://HOST/BUCKET, rest:https://HOST/PATH.\n"
    "Nothing is changed before all of it is here and was found whole.\n"
    "--at TIME          the newest backup not after it: 2026-11-30, or \"2026-11-30 14:05\"\n"
    "--key FILE         the nine words of the sheet (-: standard input); else the key of this house, else they are asked for\n"
    "--credentials FILE as house.backup_credentials says; else backup/credentials in the state folder\n"
    "--replace          a house that is here is put aside\n"
    "--incomplete       takes what can be had, although something is missing\n";

std::string typed_key(bool english) {
    std::fputs(backup_words("type_key", english).c_str(), stderr);
    std::string key;
    for (int c = std::getchar(); c != EOF && c != '\n' && key.size() < backup_key_bytes_max; c = std::getchar()) {
        key.push_back(static_cast<char>(c));
    }
    return key;
}

/// Empty: that of the state folder.
Result<std::string> restore_key(const Words& words, bool english) {
    if (const auto file = words.value("--key")) {
        return *file == "-" ? read_all(STDIN_FILENO, backup_key_bytes_max) : read_file(*file, backup_key_bytes_max);
    }
    if (::access((words.state + "/backup/key").c_str(), F_OK) == 0 || ::isatty(STDIN_FILENO) == 0) {
        return std::string();
    }
    return typed_key(english);
}

struct RestoreChild {
    pid_t pid = -1;
    Fd input;
    Fd output;
};

RestoreChild start_restore(const std::vector<std::string>& words) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
        return {};
    }
    const Fd in_read(in[0]);
    const Fd out_write(out[1]);
    RestoreChild child{-1, Fd(in[1]), Fd(out[0])};
    child.pid = ::fork();
    if (child.pid == 0) {
        ::dup2(in_read.get(), STDIN_FILENO);
        ::dup2(out_write.get(), STDOUT_FILENO);
        std::vector<char*> arguments;
        for (const std::string& word : words) {
            arguments.push_back(const_cast<char*>(word.c_str()));
        }
        arguments.push_back(nullptr);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    return child;
}

int run_restore(const std::vector<std::string>& words, const std::string& key, bool english) {
    RestoreChild child = start_restore(words);
    if (child.pid < 0) {
        std::fprintf(stderr, "hameau restore: %s\n", std::strerror(errno));
        return restore_failed;
    }
    (void)write_all(child.input.get(), key);
    child.input.reset();
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t n = ::read(child.output.get(), part.data(), part.size()); n > 0; n = ::read(child.output.get(), part.data(), part.size())) {
        text.append(part.data(), static_cast<std::size_t>(n));
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            const std::string line = text.substr(0, end);
            text.erase(0, end + 1);
            if (const std::string said = restore_line(line, english); !said.empty()) {
                std::fprintf(line.starts_with("failed") ? stderr : stdout, "%s\n", said.c_str());
                std::fflush(stdout);
            }
        }
    }
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : restore_failed;
}

} // namespace

int restore_command(std::span<char*> arguments) {
    constexpr Option options[] = {{"--at"}, {"--key"}, {"--credentials"}, {"--replace", false}, {"--incomplete", false}};
    const auto words = read_words("restore", arguments, options);
    if (!words || words->help || words->plain.size() != 1) {
        std::fputs(restore_usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const bool english = setup_speaks_english();
    if (const auto target = parse_backup_target(words->plain[0]); !target) {
        std::fprintf(stderr, "hameau restore: %s\n", target.error().message.c_str());
        return exit_usage;
    }
    const auto key = restore_key(*words, english);
    if (!key) {
        std::fprintf(stderr, "hameau restore: %s\n", key.error().message.c_str());
        return exit_no_input;
    }
    const std::string program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "hameau-provision").string();
    const bool package = words->state == package_state;
    std::vector<std::string> call = {program, "restore", "state=" + words->state, "configuration=" + (package ? std::string(package_settings) : words->state + "/hameau.yaml"),
                                     "target=" + words->plain[0]};
    for (const auto& [option, name] : {std::pair{"--at", "at"}, std::pair{"--credentials", "credentials"}}) {
        if (const auto value = words->value(option)) {
            call.push_back(std::string(name) + "=" + *value);
        }
    }
    for (const auto& [option, name] : {std::pair{"--replace", "replace"}, std::pair{"--incomplete", "incomplete"}}) {
        if (words->has(option)) {
            call.push_back(std::string(name) + "=1");
        }
    }
    return run_restore(call, *key, english);
}

} // namespace hameau::cli
