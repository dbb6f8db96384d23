// Fuzzes decoder and recorder: whatever arrives, what is stored stays valid, opens again and answers step 1.
#include "modules/pads/crdt/integrator.hpp"
#include "modules/pads/crdt/recorder.hpp"
#include "tests/fuzz/crdt/fuzz_input.hpp"

using namespace hameau::crdt;

namespace {

void check_stored(const Recorder& recorder) {
    const Stored stored = recorder.store();
    must(validate(stored.state).has_value(), "a stored state is refused");
    const auto indexed = Recorder::open(stored.state, stored.index);
    // Pending pieces may be cut differently after opening.
    must(indexed.has_value(), "a state does not open");
    must(recorder.has_pending() || indexed->encode() == stored.state, "a state with index opens differently");
    const auto plain = Recorder::open(stored.state);
    must(plain && plain->state_vector() == recorder.state_vector(), "a state opens differently");
    const Stored collected = recorder.collect();
    const auto reopened = Recorder::open(collected.state, collected.index);
    must(reopened && reopened->state_vector() == recorder.state_vector(), "a collected state differs");
    Integrator integrator;
    must(integrator.apply(stored.state, Hold::borrow).has_value(), "the integrator refuses a stored state");
    must(integrator.state_vector() == recorder.state_vector(), "the integrator reaches another state vector");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Recorder recorder;
    Bytes middle{0};
    each_update(data, size, [&](const Bytes& update) {
        const Bytes before = recorder.encode();
        const auto applied = recorder.apply(update);
        must(applied || recorder.encode() == before, "a refused update changed something");
        must(!applied || validate(applied->relay).has_value(), "what is relayed is refused");
        if (size % 3 == 0)
            middle = recorder.state_vector();
    });
    check_stored(recorder);
    // As if the bytes were a state vector and an index, too.
    (void)recorder.diff(View(data, size));
    (void)Recorder::open(recorder.encode(), View(data, size));
    const auto rest = recorder.diff(middle);
    must(rest && validate(*rest).has_value(), "step 2 is refused");
    return 0;
}
