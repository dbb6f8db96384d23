// fork, place the files, exec. Between fork and exec only what is safe in a process that has threads.
#include "modules/support/helper.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "daemon/base/exec.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/support/limits.hpp"

namespace hameau {

namespace asio = boost::asio;

Result<std::unique_ptr<HelperChild>> HelperChild::start(asio::io_context& io, const HelperProgram& program,
                                                        std::vector<std::string> arguments, int folder, int readable) {
    const std::string name = program.path.substr(program.path.rfind('/') + 1);
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (::pipe2(to.data(), O_CLOEXEC) != 0) {
        return fail_errno("starting " + name);
    }
    Fd child_input(to[0]);
    Fd input(to[1]);
    if (::pipe2(from.data(), O_CLOEXEC) != 0) {
        return fail_errno("starting " + name);
    }
    Fd output(from[0]);
    Fd child_output(from[1]);
    arguments.insert(arguments.begin(), name);
    const std::vector<char*> words = exec_words(arguments);
    std::string locale = "LC_ALL=C.UTF-8";
    std::array<char*, 2> environment = {locale.data(), nullptr};
    std::array<ChildFile, 4> files = {ChildFile{child_input.get(), 0}, ChildFile{child_output.get(), 1}, ChildFile{folder, 3}, ChildFile{readable, 4}};
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        become({.files = files,
                .first_closed = folder < 0 ? 3u : readable < 0 ? 4u : 5u,
                .program = program.fd,
                .path = program.path.c_str(),
                .arguments = words.data(),
                .environment = environment.data(),
                .nice = helper_nice,
                .parent = parent,
                .death_signal = SIGKILL});
    }
    if (pid < 0) {
        return fail_errno("starting " + name);
    }
    Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return fail_errno("starting " + name);
    }
    return std::unique_ptr<HelperChild>(
        new HelperChild(io, pid, std::move(process), std::move(input), std::move(output)));
}

HelperChild::HelperChild(asio::io_context& io, pid_t pid, Fd process, Fd input, Fd output) :
    pid_(pid), process_(io, process.release()), input_(io, input.release()), output_(io, output.release()) {}

HelperChild::~HelperChild() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

Task<Status> HelperChild::write(std::string_view bytes) {
    const auto buffer = asio::buffer(bytes);
    auto written = co_await asio::async_write(input_, buffer, hameau::wait);
    if (std::get<0>(written)) {
        co_return fail(ErrorKind::closed, "the helper reads no more", std::get<0>(written));
    }
    co_return Status{};
}

void HelperChild::close_input() {
    boost::system::error_code ignored;
    input_.close(ignored);
}

Task<Result<std::string>> HelperChild::read() {
    std::string piece(helper_pipe_bytes, '\0');
    const auto buffer = asio::buffer(piece);
    auto taken = co_await output_.async_read_some(buffer, hameau::wait);
    auto& [failed, n] = taken;
    if (failed && failed != asio::error::eof) {
        co_return fail(ErrorKind::io, "reading from the helper", failed);
    }
    piece.resize(n);
    co_return piece;
}

void HelperChild::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
    }
}

Task<int> HelperChild::wait() {
    asio::steady_timer deadline(process_.get_executor(), helper_exit_deadline);
    const auto armed = std::make_shared<bool>(true);
    deadline.async_wait([this, armed](boost::system::error_code cancelled) {
        if (!cancelled && *armed) {
            kill();
        }
    });
    // A pidfd is readable once its process has ended (pidfd_open(2)).
    co_await process_.async_wait(asio::posix::stream_descriptor::wait_read, hameau::wait);
    *armed = false;
    deadline.cancel();
    int status = 0;
    const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
    if (reaped != pid_) {
        co_return -1;
    }
    pid_ = -1;
    co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace hameau
