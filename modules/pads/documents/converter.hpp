// Converter: hameau-convert, run for one image or document at a time; others wait their turn. A body is heard to its end
// before it takes its turn, so that a slow sender holds up nobody; what comes out is bounded, and checked by who asked.
#pragma once

#include <string>

#include <boost/asio/steady_timer.hpp>

#include "daemon/contract/module.hpp"
#include "modules/support/helper.hpp"

namespace hameau::pads {

class Converter {
public:
    Converter(ModuleContext& context, HelperProgram program) :
        context_(context), program_(std::move(program)), turn_(context.io(), boost::asio::steady_timer::time_point::max()) {}

    /// The whole body. Errors: too_large (more than `bytes_max` came), unavailable (too much waits), closed, timed_out.
    Task<Result<std::string>> hear(Body& body, std::size_t bytes_max);
    /// The whole response of `hameau-convert MODE`. Errors: unavailable (too many wait, or the helper did not end well), io.
    Task<Result<std::string>> run(std::string mode, std::string bytes);

private:
    Task<Result<std::string>> convert(std::string mode, const std::string& bytes);
    Task<void> feed(HelperChild& child, const std::string& bytes);
    Task<Result<std::string>> collect(HelperChild& child, std::size_t bytes_max);

    ModuleContext& context_;
    HelperProgram program_;
    boost::asio::steady_timer turn_;
    bool running_ = false;
    std::size_t waiting_ = 0;
    std::size_t held_bytes_ = 0;
};

} // namespace hameau::pads
