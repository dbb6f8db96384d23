// A helper program (hameau-unpack, hameau-convert) as a child: started with two to four files and nothing else, fed and
// read without blocking, never outlives us.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "daemon/base/fd.hpp"
#include "daemon/contract/module.hpp"

namespace hameau {

/// How to start it: an open program (handed over by hameaud, so that a private home works) or a path; the path's last
/// part is its name.
struct HelperProgram {
    int fd = -1;
    std::string path;
};

class HelperChild {
public:
    /// `folder` becomes the child's file 3, `readable` its file 4 (-1: it has none; no 4 without a 3). Errors: io.
    static Result<std::unique_ptr<HelperChild>> start(boost::asio::io_context& io, const HelperProgram& program,
                                                      std::vector<std::string> arguments, int folder, int readable = -1);
    /// Ends it at once when it still runs, and reaps it.
    ~HelperChild();
    HelperChild(const HelperChild&) = delete;
    HelperChild& operator=(const HelperChild&) = delete;

    /// Errors: closed when the child reads no more.
    Task<Status> write(std::string_view bytes);
    void close_input();
    /// Empty at the end. Errors: io.
    Task<Result<std::string>> read();
    /// Ends it: reading and writing then fail soon.
    void kill();
    /// The exit code after the end of its output; -1 for a signal. Waits at most a few seconds, then kills.
    Task<int> wait();

private:
    HelperChild(boost::asio::io_context& io, pid_t pid, Fd process, Fd input, Fd output);

    pid_t pid_;
    boost::asio::posix::stream_descriptor process_;
    boost::asio::posix::stream_descriptor input_;
    boost::asio::posix::stream_descriptor output_;
};

} // namespace hameau
