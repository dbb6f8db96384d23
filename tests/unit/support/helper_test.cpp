// The helper of a module as the system sees it.
#include <cstdlib>
#include <optional>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "modules/support/helper.hpp"
#include "modules/support/limits.hpp"

namespace hameau {
namespace {

namespace asio = boost::asio;

Task<void> run_shell(asio::io_context& io, std::string& said, int& code) {
    HelperProgram shell;
    shell.path = "/bin/sh";
    std::vector<std::string> arguments{"-c", "exec nice"};
    auto child = HelperChild::start(io, shell, std::move(arguments), -1);
    if (!child) {
        co_return;
    }
    (*child)->close_input();
    auto piece = co_await (*child)->read();
    said = piece.value_or("nothing");
    code = co_await (*child)->wait();
}

TEST(Helper, LetsEverybodyElseGoFirst) {
    asio::io_context io;
    std::string said;
    int code = -1;
    asio::co_spawn(io, run_shell(io, said, code), asio::detached);
    io.run();
    EXPECT_EQ(code, 0);
    EXPECT_EQ(std::atoi(said.c_str()), std::min(19, ::nice(0) + helper_nice)) << said;
}

} // namespace
} // namespace hameau
