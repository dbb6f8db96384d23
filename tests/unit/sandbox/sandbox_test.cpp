// The sandbox, seen from inside: a child enters it and tries what its role does not need. Each try is a real system call.
#include "daemon/sandbox/sandbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/helper_jail.hpp"

namespace hameau {
namespace {

constexpr int walls_failed = 99;

/// Exit code of a child that runs this, or the negative number of the signal that ended it.
int in_child(const std::function<int()>& work, const std::function<void()>& meanwhile = [] {}) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(work());
    }
    meanwhile();
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// `meanwhile`: what the parent does, outside of the walls.
int behind(const SandboxPlan& plan, const std::function<int()>& work, const std::function<void()>& meanwhile = [] {}) {
    return in_child([&] { return enter_sandbox(plan) ? work() : walls_failed; }, meanwhile);
}

int jailed(int folder, const JailLimits& limits, const std::function<int()>& work) {
    return in_child([&] { return enter_jail(folder, limits) ? work() : walls_failed; });
}

bool has_landlock() {
    const auto walls = available_walls();
    return std::find(walls.begin(), walls.end(), "landlock") != walls.end();
}

bool opens(const char* path, int how = O_RDONLY) { return Fd(::open(path, how | O_CLOEXEC, 0600)).get() >= 0; }
bool opens_socket(int family) { return Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)).get() >= 0; }
/// 0 in the parent when the fork was refused.
bool forks() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(0);
    }
    return pid > 0;
}

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "hameau-walls-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string at(const char* name) const { return path + "/" + name; }
    std::string path;
};

TEST(Sandbox, AModuleHasNoInternetAndStartsNothingUnlessItSaysSo) {
    SandboxPlan plan;
    plan.writes = {"/"};
    EXPECT_EQ(behind(plan, [] { return (opens_socket(AF_UNIX) ? 1 : 0) | (opens_socket(AF_INET) ? 2 : 0) | (opens_socket(AF_INET6) ? 4 : 0) |
                                       (opens_socket(AF_PACKET) ? 8 : 0) | (forks() ? 16 : 0); }), 1);
    plan.internet = true;
    EXPECT_EQ(behind(plan, [] { return (opens_socket(AF_INET) ? 2 : 0) | (forks() ? 16 : 0); }), 2);
    plan.internet = false;
    plan.fork = true;
    EXPECT_EQ(behind(plan, [] { return (opens_socket(AF_INET) ? 2 : 0) | (forks() ? 16 : 0); }), 16);
}

TEST(Sandbox, WhatIsRefusedEndsTheProcessWhereThatIsAsked) {
    SandboxPlan plan;
    plan.writes = {"/"};
    plan.violation = Violation::kill;
    EXPECT_EQ(behind(plan, [] { return 0; }), 0);
    EXPECT_EQ(behind(plan, [] { return opens_socket(AF_INET) ? 1 : 2; }), -SIGSYS);
    plan.violation = Violation::off;
    EXPECT_EQ(behind(plan, [] { return opens_socket(AF_INET) ? 1 : 2; }), 1);
}

TEST(Sandbox, ThreadsAreNotProcesses) {
    SandboxPlan plan;
    plan.writes = {"/"};
    plan.threads = true;
    EXPECT_EQ(behind(plan, [] {
                  int ran = 0;
                  std::thread([&ran] { ran = 1; }).join();
                  return ran | (forks() ? 16 : 0);
              }), 1);
}

TEST(Sandbox, OnlyNamedPathsAreThere) {
    if (!has_landlock()) {
        GTEST_SKIP() << "this kernel has no Landlock";
    }
    const Folder own;
    const Folder other;
    SandboxPlan plan;
    plan.writes = {own.path};
    plan.reads = {"/etc/hostname"};
    const std::string mine = own.at("a");
    const std::string theirs = other.at("a");
    EXPECT_EQ(behind(plan, [&] { return (opens(mine.c_str(), O_CREAT | O_RDWR) ? 1 : 0) | (opens(theirs.c_str(), O_CREAT | O_RDWR) ? 2 : 0) |
                                        (opens("/etc/passwd") ? 4 : 0) | (opens("/etc/hostname", O_RDWR) ? 8 : 0); }), 1);
}

TEST(Sandbox, AFileThatIsReplacedStaysReadableBelowAFolder) {
    if (!has_landlock()) {
        GTEST_SKIP() << "this kernel has no Landlock";
    }
    const Folder etc;
    const std::string file = etc.at("resolv.conf");
    const std::string fresh = etc.at("fresh");
    const auto replaced_and_read = [&] { return (opens(file.c_str()) ? 1 : 0) | (opens(etc.path.c_str(), O_DIRECTORY) ? 2 : 0) |
                                                (opens(file.c_str(), O_RDWR) ? 4 : 0) | (opens("/usr/bin/env") ? 8 : 0); };
    SandboxPlan plan;
    plan.files_below = {etc.path};
    EXPECT_EQ(behind(plan, replaced_and_read), 0) << "not there yet";
    std::ofstream(file) << "x";
    std::ofstream(fresh) << "y";
    // The file as it was is open to the child; then somebody outside of the walls renames another one over it.
    const auto after_the_rename = [&] {
        for (int i = 0; i < 500 && ::access(fresh.c_str(), F_OK) == 0; ++i) {
            ::usleep(10'000);
        }
        return replaced_and_read();
    };
    const auto rename_it = [&] {
        ::usleep(300'000);
        std::filesystem::rename(fresh, file);
    };
    EXPECT_EQ(behind(plan, after_the_rename, rename_it), 1);
}

TEST(Sandbox, TheClockIsAskedOnlyWhereThatIsNeeded) {
    SandboxPlan plan;
    plan.writes = {"/"};
    const auto asks = [] {
        timex state{};
        return ::adjtimex(&state) >= 0 ? 1 : 2;
    };
    EXPECT_EQ(behind(plan, asks), 2);
    plan.asks_clock = true;
    EXPECT_EQ(behind(plan, asks), 1);
}

TEST(Sandbox, TheManifestDecides) {
    static constexpr std::array<std::string_view, 2> reads = {"state:tls", "/etc/ssl"};
    const Manifest manifest{.name = "probe", .sandbox = {.outbound_network = true, .reads = reads}};
    ChildEnvironment environment;
    environment.state_folder = "/srv/state";
    const SandboxPlan plan = sandbox_for(manifest, environment);
    EXPECT_TRUE(plan.internet);
    EXPECT_FALSE(plan.fork);
    EXPECT_EQ(plan.violation, Violation::refuse);
    EXPECT_NE(std::find(plan.reads.begin(), plan.reads.end(), "/srv/state/tls"), plan.reads.end());
    EXPECT_NE(std::find(plan.reads.begin(), plan.reads.end(), "/etc/ssl"), plan.reads.end());
    EXPECT_EQ(plan.writes.front(), "/srv/state/probe");
    EXPECT_EQ(std::find(plan.reads.begin(), plan.reads.end(), "/usr"), plan.reads.end()) << "programs are for those that start them";
}

TEST(Jail, AHelperOpensNoSocketStartsNothingAndBecomesNobodyElse) {
    const Folder own;
    const Fd folder(::open(own.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(jailed(folder.get(), {}, [] {
                  char* nothing[] = {nullptr};
                  ::execve("/bin/true", nothing, nothing);
                  return (opens_socket(AF_UNIX) ? 1 : 0) | (opens_socket(AF_INET) ? 2 : 0) | (forks() ? 4 : 0) | (::setuid(1) == 0 ? 8 : 0) |
                         (::kill(::getppid(), 0) == 0 ? 16 : 0) | (::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 && has_landlock() ? 32 : 0);
              }), 0);
    EXPECT_EQ(jailed(folder.get(), {}, [&] { return Fd(::openat(folder.get(), "made", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).get() >= 0 ? 0 : 1; }), 0);
}

TEST(Jail, AFileHasABound) {
    const Folder own;
    const Fd folder(::open(own.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Fd file(::openat(folder.get(), "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    JailLimits limits;
    limits.file_bytes = 4096;
    EXPECT_EQ(jailed(folder.get(), limits, [&] {
                  const std::string page(4096, 'x');
                  const bool first = ::write(file.get(), page.data(), page.size()) == 4096;
                  const bool second = ::write(file.get(), page.data(), page.size()) > 0;
                  return (first ? 1 : 0) | (second ? 2 : 0) | (errno == EFBIG ? 4 : 0);
              }), 5);
}

} // namespace
} // namespace hameau
