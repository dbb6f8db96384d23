// What happens between fork and exec: the files of the child, its signals, its end with its parent. Real children.
#include "daemon/base/exec.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"

namespace hameau {
namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        read = Fd(ends[0]);
        write = Fd(ends[1]);
    }
    Fd read, write;
};

/// Runs /bin/sh with this script as a child starts its program; what it wrote to standard output, and its exit code.
std::pair<std::string, int> run(const char* script, int more_from = -1, const char* path = "/bin/sh") {
    Pipe out;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        // Standard output where standard input is to stand, and the other way round: the worst order.
        ::dup2(out.write.get(), 0);
        ::dup2(::open("/dev/null", O_RDONLY), 1);
        std::array<ChildFile, 4> files = {ChildFile{1, 0}, ChildFile{0, 1}, ChildFile{0, 2}, ChildFile{more_from, 3}};
        char name[] = "sh";
        char option[] = "-c";
        char* arguments[] = {name, option, const_cast<char*>(script), nullptr};
        char* environment[] = {nullptr};
        become({.files = files,
                .first_closed = more_from < 0 ? 3u : 4u,
                .path = path,
                .arguments = arguments,
                .environment = environment,
                .group = ChildStart::Group::own_session,
                .nice = 3,
                .open_files_max = 77,
                .folder = "/tmp",
                .parent = parent,
                .death_signal = SIGKILL});
    }
    out.write.reset();
    auto said = read_all(out.read.get(), 65536);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {said ? *said : "", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status)};
}

TEST(Exec, FilesThatStandInEachOthersPlaceAreAllPlaced) {
    EXPECT_EQ(run("cat; echo out; echo err >&2"), std::make_pair(std::string("out\nerr\n"), 0));
}

TEST(Exec, NothingElseStaysOpen) {
    const Fd secret(::open("/etc/passwd", O_RDONLY));  // not close-on-exec
    ASSERT_TRUE(secret);
    EXPECT_EQ(run("ls -l /proc/$$/fd | grep -c passwd").first, "0\n");
    const Fd wanted(::open("/etc/hostname", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(run("cat <&3 >/dev/null && echo read", wanted.get()).first, "read\n");
}

TEST(Exec, FolderLimitsAndSessionAreTheChilds) {
    EXPECT_EQ(run("pwd; ulimit -n; ulimit -c").first, "/tmp\n77\n0\n");
    EXPECT_EQ(run("cut -d' ' -f5,6 /proc/$$/stat | tr ' ' '\\n' | sort -u | wc -l").first, "1\n") << "leader of its group and session";
}

TEST(Exec, SignalsAreThoseOfANewProgram) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(run("kill -TERM $$; echo lived").second, -SIGTERM);
    EXPECT_EQ(run("kill -PIPE $$; echo lived").second, -SIGPIPE);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
}

TEST(Exec, AProgramThatIsNotThereSaysSo) {
    const auto [said, code] = run("", -1, "/no/such/program");
    EXPECT_EQ(code, 127);
    EXPECT_NE(said.find("/no/such/program: No such file or directory"), std::string::npos) << said;
}

TEST(Exec, AChildWhoseParentIsGoneDoesNotBegin) {
    Pipe out;
    const pid_t pid = ::fork();
    if (pid == 0) {
        die_with(::getpid(), SIGKILL);  // nobody's parent
        (void)write_all(out.write.get(), "lived");
        ::_exit(1);
    }
    out.write.reset();
    EXPECT_EQ(*read_all(out.read.get(), 100), "");
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

} // namespace
} // namespace hameau
