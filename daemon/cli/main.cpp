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

constexpr std::string_view usage_text =
    "usage: hameau COMMAND ...      (each has --help)\n"
    "  trial      a whole house in the foreground, on this computer only\n"
    "  check      validates a configuration file\n"
    "  apply      brings the house to what a file declares\n"
    "  show       the present content as a file for apply\n"
    "  status     processes, memory, health\n"
    "  logs       the journal of a service\n"
    "  restart    starts a service again\n"
    "  member, mailbox, alias, group, site, pad, module      list, add, change, remove\n"
    "  export, import, erase      one association\n";

constexpr std::array<std::string_view, 17> commands = {"trial", "check", "apply",  "show",    "status", "logs",   "restart", "member", "mailbox",
                                                       "alias", "group", "site",   "pad",     "module", "export", "import",  "erase"};

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

int not_yet(std::string_view command) {
    std::fprintf(stderr, "hameau %s: moving a whole association comes with a later version. Nothing was changed. Until then:\n"
                         "`hameau show` prints its content, and a copy of the state folder of a stopped house is a full backup.\n",
                 std::string(command).c_str());
    return cli::exit_unavailable;
}

int run(std::string_view command, std::span<char*> words) {
    if (command == "trial") {
        return trial_command(words);
    }
    if (command == "check") {
        return check(words);
    }
    if (command == "apply") {
        return cli::apply_command(words);
    }
    if (command == "show") {
        return cli::show_command(words);
    }
    if (command == "status") {
        return cli::status_command(words);
    }
    if (command == "logs") {
        return cli::logs_command(words);
    }
    if (command == "restart") {
        return cli::restart_command(words);
    }
    if (command == "export" || command == "import" || command == "erase") {
        return not_yet(command);
    }
    return cli::resource_command(command, words);
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "--help" || command == "help") {
        std::fputs(usage_text.data(), stdout);
        return 0;
    }
    if (std::find(commands.begin(), commands.end(), command) == commands.end()) {
        const auto near = command.empty() ? std::nullopt : nearest_word(command, commands);
        if (near) {
            std::fprintf(stderr, "hameau: %s is not a command; did you mean %s?\n", argv[1], std::string(*near).c_str());
        } else {
            std::fputs(usage_text.data(), stderr);
        }
        return cli::exit_usage;
    }
    return run(command, std::span<char*>(argv + 2, static_cast<std::size_t>(argc - 2)));
}
