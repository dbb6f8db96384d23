// What hameaud reads of a child: both pipes at once, bounded in bytes and in time.
#include "daemon/supervisor/collect.hpp"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <unistd.h>

namespace hameau::supervisor {
namespace {

struct Child {
    pid_t pid = 0;
    Fd output;
    Fd errors;
};

Child shell(const char* script) {
    int out[2];
    int err[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::setpgid(0, 0);
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        ::execl("/bin/sh", "sh", "-c", script, static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(out[1]);
    ::close(err[1]);
    return {pid, Fd(out[0]), Fd(err[0])};
}

Result<Collected> run(const char* script, Duration deadline = Duration(20000)) {
    Child child = shell(script);
    return collect(child.pid, std::move(child.output), std::move(child.errors), 1 << 20, deadline);
}

TEST(Collect, ReadsBothPipesAtOnce) {
    // 300 kB into each, the first one first: who reads the second to its end before the first waits for ever.
    const auto done = run("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
    ASSERT_TRUE(done);
    EXPECT_EQ(done->output.size(), 300000U);
    EXPECT_EQ(done->errors.size(), 300000U);
    EXPECT_TRUE(done->good());
    EXPECT_FALSE(run("exit 3")->good());
}

TEST(Collect, KillsAChildThatNeverEnds) {
    const auto done = run("exec sleep 600", Duration(100));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::timed_out);
}

TEST(Collect, KillsAChildThatWritesForEver) {
    const auto done = run("exec cat /dev/zero");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::too_large);
}

TEST(Collect, DoesNotWaitForAGrandchildThatKeepsThePipe) {
    const SystemClock clock;
    const auto begin = clock.now();
    const auto done = run("echo said; sleep 15 & exit 0");
    ASSERT_TRUE(done);
    EXPECT_EQ(done->output, "said\n");
    EXPECT_LT(clock.now() - begin, Duration(14000));
}

} // namespace
} // namespace hameau::supervisor
