// Converter: hameau-convert, run for one image or document at a time; others wait their turn, and askers take turns. A body is heard to its end
// before it takes its turn, so that a slow sender holds up nobody; what comes out is bounded, and checked by who asked.
#pragma once

#include <memory>
#include <string>

#include "daemon/contract/module.hpp"
#include "modules/pads/limits.hpp"
#include "modules/support/awaited_turns.hpp"
#include "modules/support/helper.hpp"

namespace hameau::pads {

class Converter {
public:
    Converter(ModuleContext& context, HelperProgram program) :
        context_(context), program_(std::move(program)), turns_(context.io(), {1, conversions_waiting_per_asker_max, conversions_waiting_max}) {}

    /// The whole body. Errors: too_large (more than `bytes_max` came), unavailable (too much waits), closed, timed_out.
    Task<Result<std::string>> hear(Body& body, std::size_t bytes_max);
    struct Answer {
        std::string bytes;
        std::shared_ptr<void> turn;  ///< the next one begins when this is gone: what is made of a long document is in memory once
    };
    /// The whole response of `hameau-convert MODE`. `asker`: for whom, so that one who sends much waits behind who sends little.
    /// Errors: unavailable (too many wait, or the helper did not end well), io.
    Task<Result<Answer>> run(std::string mode, std::string bytes, std::string asker);
    /// Counts `bytes` as held until it is gone. Empty: too much is held already.
    std::shared_ptr<void> hold(std::size_t bytes);

private:
    Task<Result<std::string>> convert(std::string mode, const std::string& bytes);
    Task<void> feed(HelperChild& child, const std::string& bytes);
    Task<Result<std::string>> collect(HelperChild& child, std::size_t bytes_max);

    ModuleContext& context_;
    HelperProgram program_;
    AwaitedTurns<std::string> turns_;
    std::size_t held_bytes_ = 0;
};

} // namespace hameau::pads
