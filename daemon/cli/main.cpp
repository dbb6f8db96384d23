// hameau: the command of the house. It talks to hameau-admin over its socket, as root or the group hameau.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/trial.hpp"
#include "daemon/cli/words.hpp"

namespace {

using namespace hameau;

/// `check` becomes hameau-check: the parser of YAML runs as itself, with its own limits.
int check(std::span<char*> words) {
    const bool help = words.size() == 1 && std::string_view(words[0]) == "--help";
    if (words.empty() || help) {
        std::fputs("usage: hameau check FILE [--trial] [--set SETTING=VALUE]...\n"
                   "Prints every error as FILE:LINE:COLUMN: error: ..., and ends with 78 when there is one.\n", help ? stdout : stderr);
        return help ? 0 : cli::exit_usage;
    }
    const std::string program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "hameau-check").string();
    std::vector<char*> arguments = {const_cast<char*>("hameau-check"), const_cast<char*>("--quiet")};
    arguments.insert(arguments.end(), words.begin(), words.end());
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    std::fprintf(stderr, "hameau check: %s: %s\n", program.c_str(), std::strerror(errno));
    return cli::exit_unavailable;
}

/// A verb of the command: it stands here and nowhere else. Help, the dispatch and "did you mean" are made from this table.
struct Command {
    std::string_view name;
    std::string_view help;  ///< empty: named in the line of its group, the last entry of which has the text
    int (*run)(std::string_view name, std::span<char*> words);
};

int trial(std::string_view, std::span<char*> words) { return trial_command(words); }
int check(std::string_view, std::span<char*> words) { return check(words); }
int apply(std::string_view, std::span<char*> words) { return cli::apply_command(words); }
int show(std::string_view, std::span<char*> words) { return cli::show_command(words); }
int status(std::string_view, std::span<char*> words) { return cli::status_command(words); }
int diagnose(std::string_view, std::span<char*> words) { return cli::diagnose_command(words); }
int report(std::string_view, std::span<char*> words) { return cli::report_command(words); }
int logs(std::string_view, std::span<char*> words) { return cli::logs_command(words); }
int restart(std::string_view, std::span<char*> words) { return cli::restart_command(words); }
int setup(std::string_view, std::span<char*> words) { return cli::setup_command(words); }
int export_whole(std::string_view, std::span<char*> words) { return cli::export_command(words); }
int import_whole(std::string_view, std::span<char*> words) { return cli::import_command(words); }
int erase_whole(std::string_view, std::span<char*> words) { return cli::erase_command(words); }
int backup(std::string_view, std::span<char*> words) { return cli::backup_command(words); }
int restore(std::string_view, std::span<char*> words) { return cli::restore_command(words); }
int mail(std::string_view, std::span<char*> words) { return cli::mail_command(words); }
int version(std::string_view, std::span<char*> words) { return cli::version_command(words); }

constexpr std::array commands = {
    Command{"trial", "a whole house in the foreground, on this computer only", trial},
    Command{"setup", "the first set-up: its address, link, code and QR code; or all of it from a file", setup},
    Command{"check", "validates a configuration file", check},
    Command{"apply", "brings the house to what a file declares", apply},
    Command{"show", "the present content as a file for apply", show},
    Command{"status", "processes, memory, health", status},
    Command{"diagnose", "looks over the house, says what to do, mends what it can", diagnose},
    Command{"report", "writes a report for whoever helps, without names, addresses or secrets", report},
    Command{"logs", "the journal of a service", logs},
    Command{"restart", "starts a service again", restart},
    Command{"backup", "saves the house, shows how the backups stand, prints their key", backup},
    Command{"restore", "brings a house back from a backup", restore},
    Command{"association", "", cli::resource_command},
    Command{"member", "", cli::resource_command},
    Command{"mailbox", "", cli::resource_command},
    Command{"alias", "", cli::resource_command},
    Command{"group", "", cli::resource_command},
    Command{"site", "", cli::resource_command},
    Command{"pad", "", cli::resource_command},
    Command{"module", "list, add, change, remove", cli::resource_command},
    Command{"mail", "the DNS records that a domain needs for mail, and whether they are there", mail},
    Command{"export", "everything that an association has, as one archive", export_whole},
    Command{"import", "brings such an archive into this house", import_whole},
    Command{"version", "the version of this Hameau; whether there is a newer one", version},
    Command{"erase", "puts an association into the bin, or erases it with a certificate", erase_whole},
};

std::string usage() {
    std::string text = "usage: hameau COMMAND ...      (each has --help)\n";
    std::string names;
    for (const Command& command : commands) {
        names.append(names.empty() ? "" : ", ").append(command.name);
        if (!command.help.empty()) {
            // One name is padded, so that the texts stand below each other; a group's line is as long as it is.
            const std::size_t gap = names.find(',') == std::string::npos ? 11 - names.size() : 6;
            text.append("  ").append(names).append(gap, ' ').append(command.help).append("\n");
            names.clear();
        }
    }
    return text;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view name = argc > 1 ? argv[1] : "";
    if (name == "--version") {
        return cli::version_command({});
    }
    if (name == "--help" || name == "help") {
        std::fputs(usage().c_str(), stdout);
        return 0;
    }
    const auto command = std::find_if(commands.begin(), commands.end(), [name](const Command& one) { return one.name == name; });
    if (command != commands.end()) {
        return command->run(name, std::span<char*>(argv + 2, static_cast<std::size_t>(argc - 2)));
    }
    std::vector<std::string_view> names;
    for (const Command& one : commands) {
        names.push_back(one.name);
    }
    const auto near = name.empty() ? std::nullopt : nearest_word(name, names);
    if (near) {
        std::fprintf(stderr, "hameau: %s is not a command; did you mean %s?\n", argv[1], std::string(*near).c_str());
    } else {
        std::fputs(usage().c_str(), stderr);
    }
    return cli::exit_usage;
}
