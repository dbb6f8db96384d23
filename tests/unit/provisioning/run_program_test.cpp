// A program of the distribution: its words, its end, its deadline.
#include <gtest/gtest.h>

#include "provisioning/run_program.hpp"

namespace hameau::provisioning {

namespace {
ProgramRun shell(const std::string& words) {
    ProgramRun run;
    run.path = "/bin/sh";
    run.arguments = {"-c", words};
    return run;
}
} // namespace

TEST(RunProgram, TellsWhatItWroteAndHowItEnded) {
    auto run = shell("echo out; echo err >&2; echo \"$GIVEN $HOME\"; exit 3");
    run.environment = {"GIVEN=yes"};
    const auto end = run_to_end(std::move(run));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->exit_code, 3);
    EXPECT_EQ(end->output, "out\nerr\nyes \n") << "nothing of our own environment";
}

TEST(RunProgram, KeepsNothingOpenButTheFileThatIsGiven) {
    auto run = shell("ls /proc/$$/fd | sort -n | head -4 | tr '\\n' ' '");
    run.kept_file = 0;
    const auto end = run_to_end(std::move(run));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->output, "0 1 2 3 ");
}

TEST(RunProgram, EndsWhatDoesNotEnd) {
    auto run = shell("exec sleep 600");
    run.deadline = std::chrono::milliseconds(50);
    const auto end = run_to_end(std::move(run));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, ErrorKind::timed_out);
}

TEST(RunProgram, WhatClosedItsOutputAndLivesOnIsEndedToo) {
    auto run = shell("exec >&- 2>&-; exec sleep 600");
    run.deadline = std::chrono::milliseconds(100);
    const auto end = run_to_end(std::move(run));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, ErrorKind::timed_out);
}

TEST(RunProgram, WhatItLeavesRunningHoldsUpNobody) {
    auto run = shell("sleep 5 & echo done");
    run.deadline = std::chrono::milliseconds(4000);
    const auto end = run_to_end(std::move(run));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->output, "done\n");
}

TEST(RunProgram, SaysWhatIsNotInstalled) {
    const auto end = run_program("/usr/bin/hameau-none", {});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, ErrorKind::unavailable);
}

} // namespace hameau::provisioning
