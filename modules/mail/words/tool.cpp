// What a stranger wrote is parsed in this child: an error in the parser must not reach the mailboxes, which the same uid owns.
#include "modules/mail/words/tool.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/sandbox/confine_files.hpp"
#include "modules/mail/words/limits.hpp"

namespace hameau::words {

namespace {

/// What it says of a message does not go to the log.
[[noreturn]] void be_tool(const ToolRun& run, std::vector<std::string>& words, int nothing) {
    ChildFile files[] = {{run.input >= 0 ? run.input : nothing, 0}, {run.output >= 0 ? run.output : nothing, 1}, {nothing, 2}};
    place_files(files, 3);
    limit_child(RLIMIT_CORE, 0);
    limit_child(RLIMIT_CPU, tool_seconds);
    limit_child(RLIMIT_AS, tool_memory_bytes);
    limit_child(RLIMIT_FSIZE, dump_bytes_max);
    ::alarm(tool_seconds);  // stays across exec
    reset_signals();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        give_up_child("no_new_privs");
    }
    confine_files({"/usr", "/lib", "/lib64", "/etc/ld.so.cache"}, {run.folder, "/dev/null"});
    std::vector<std::string> variables = {"PATH=/usr/bin", "LC_ALL=C.UTF-8", "HOME=" + run.folder};
    const auto environment = exec_words(variables);
    const auto arguments = exec_words(words);
    exec_program(-1, run.program.c_str(), arguments.data(), environment.data());
}

} // namespace

Result<int> run_tool(const ToolRun& run) {
    if (::access(run.program.c_str(), X_OK) != 0) {
        return fail(ErrorKind::unavailable, run.program + " is missing: apt install bogofilter-sqlite");
    }
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing || (run.input >= 0 && ::lseek(run.input, 0, SEEK_SET) != 0)) {
        return fail_errno("starting " + run.program);
    }
    std::vector<std::string> words = {run.program};
    words.insert(words.end(), run.arguments.begin(), run.arguments.end());
    const pid_t child = ::fork();
    if (child < 0) {
        return fail_errno("starting " + run.program);
    }
    if (child == 0) {
        be_tool(run, words, nothing.get());  // this process has one thread: allocating is allowed here
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return fail_errno("waiting for " + run.program);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace hameau::words
