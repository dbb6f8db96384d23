// ModuleSockets: connections to the modules' Unix sockets. hameaud holds each listener, so a module that sleeps or is
// just being restarted accepts later: connecting succeeds and the response comes when it is awake.
#pragma once

#include <memory>
#include <string>

#include "daemon/gate/channel.hpp"

namespace hameau::gate {

struct ModuleAnswer {
    int status = 0;
    std::string body;
};

class ModuleSockets {
public:
    /// `folder`: where NAME.sock are, relative to the working directory (sun_path holds 107 bytes).
    ModuleSockets(boost::asio::io_context& io, Deadlines& deadlines, std::string folder) :
        io_(io), deadlines_(deadlines), folder_(std::move(folder)) {}

    /// Errors: unavailable.
    Task<Result<std::unique_ptr<Channel>>> connect(std::string module);
    /// One call of the gate's own, such as /internal/session; answers up to 1 MiB. An empty json: no body.
    Task<Result<ModuleAnswer>> call(std::string module, std::string method, std::string path, std::string json);

    boost::asio::io_context& io() { return io_; }

private:
    Task<Result<ModuleAnswer>> call_once(const std::string& module, const std::string& request);

    boost::asio::io_context& io_;
    Deadlines& deadlines_;
    std::string folder_;
};

} // namespace hameau::gate
