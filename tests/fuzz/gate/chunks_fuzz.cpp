// Chunked bodies of any bytes: the outcome does not depend on how they were cut.
#include <cstdint>
#include <string>

#include "daemon/gate/chunks.hpp"

using namespace hameau::gate;

namespace {
struct Outcome {
    std::string data;
    std::size_t taken = 0;
    bool done = false;
    bool bad = false;
    bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view in, std::size_t step_bytes) {
    ChunkDecoder decoder;
    Outcome outcome;
    while (!in.empty() && !decoder.done() && !decoder.bad()) {
        const auto step = decoder.take(in.substr(0, step_bytes));
        if (step.taken == 0 || step.taken > in.size()) {
            __builtin_trap();
        }
        outcome.data += step.data;
        outcome.taken += step.taken;
        in.remove_prefix(step.taken);
    }
    outcome.done = decoder.done();
    outcome.bad = decoder.bad();
    return outcome;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Outcome whole = decode(text, size == 0 ? 1 : size);
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
        if (!(decode(text, step) == whole)) {
            __builtin_trap();
        }
    }
    return 0;
}
