// The recorder against scenarios.jsonl and merge-diff.jsonl, and on its own: opening, limits, nesting.
#include "modules/pads/crdt/recorder.hpp"
#include "tests/unit/crdt/support.hpp"

#include <gtest/gtest.h>

namespace hameau::crdt::test {
namespace {

TEST(Recorder, StateVectorOfEveryScenario) {
    for (const json::object& line : vectors("scenarios.jsonl")) {
        SCOPED_TRACE(std::string(line.at("id").as_string()));
        const std::vector<Bytes> updates = updates_of(line);
        const json::array& order = line.at("order").as_array();
        const auto late = line.at("late").to_number<std::size_t>();
        Recorder recorder;
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (late > 0 && i == order.size() - late) {
                EXPECT_EQ(state_map(recorder.state_vector()),
                          state_map(line.at("expectPartial").at("sv").as_object()));
            }
            const Result<Applied> applied = recorder.apply(updates[order[i].to_number<std::size_t>()]);
            ASSERT_TRUE(applied) << applied.error().message;
            ASSERT_TRUE(validate(recorder.encode()));
        }
        EXPECT_EQ(state_map(recorder.state_vector()), state_map(line.at("expect").at("sv").as_object()));
        const Stored stored = recorder.store();
        const auto opened = Recorder::open(stored.state, stored.index);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->encode(), stored.state);
        EXPECT_EQ(opened->index(), stored.index);
        const auto reopened = Recorder::open(stored.state);
        ASSERT_TRUE(reopened);
        EXPECT_EQ(state_map(reopened->state_vector()), state_map(recorder.state_vector()));
        EXPECT_TRUE(recorder.has_pending() || reopened->encode() == stored.state);
    }
}

} // namespace
} // namespace hameau::crdt::test
