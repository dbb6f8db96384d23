// The integrator and the recorder against real Yjs: scenarios.jsonl, merge-diff.jsonl, snapshots.jsonl.
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/recorder.hpp"
#include "tests/unit/crdt/support.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace hameau::crdt::test {
namespace {

RootKind root_kind(std::string_view name) {
    return name == "text" ? RootKind::text : name == "map" ? RootKind::map : name == "xml" ? RootKind::xml : RootKind::array;
}

json::object content_of(const Integrator& integrator, const json::object& roots) {
    const Document document(integrator);
    json::object content;
    json::parse_options options;
    options.max_depth = 256;
    for (const auto& [name, kind] : roots) {
        const RootKind form = root_kind(std::string(kind.as_string()));
        const auto root = document.root(std::string_view(name.data(), name.size()));
        constexpr const char* empty[] = {R"({"$":"text","delta":[]})", R"({"$":"map","entries":{}})",
                                         R"({"$":"array","items":[]})", R"({"$":"frag","children":[]})"};
        const std::string text = root ? tree_json(document, *root, form) : empty[static_cast<int>(form)];
        content[name] = json::parse(text, {}, options);
    }
    return content;
}

DeleteMap deletes_of(View delete_set) {
    DeleteMap map;
    each_delete(Reader(delete_set),
                [&](auto client, auto clock, auto length) { map[client].emplace_back(clock, length); });
    return map;
}

void expect_document(const Integrator& integrator, const json::object& line, const json::object& expected) {
    EXPECT_EQ(state_map(integrator.state_vector()), state_map(expected.at("sv").as_object()));
    if (const auto* ds = expected.if_contains("ds")) {
        EXPECT_EQ(deletes_of(integrator.delete_set()), delete_map(ds->as_object()));
    }
    const json::object content = content_of(integrator, line.at("roots").as_object());
    EXPECT_TRUE(same(content, expected.at("content")))
        << json::serialize(content) << "\ninstead of\n" << json::serialize(expected.at("content"));
}

std::vector<std::size_t> order_of(const json::object& line) {
    std::vector<std::size_t> order;
    for (const json::value& index : line.at("order").as_array())
        order.push_back(index.to_number<std::size_t>());
    return order;
}

class Scenario : public testing::TestWithParam<std::size_t> {
public:
    static const std::vector<json::object>& all() {
        static const std::vector<json::object> lines = vectors("scenarios.jsonl");
        return lines;
    }
    const json::object& line() const { return all().at(GetParam()); }
};

TEST_P(Scenario, IntegratesInTheGivenOrder) {
    const std::vector<Bytes> updates = updates_of(line());
    const std::vector<std::size_t> order = order_of(line());
    const auto late = line().at("late").to_number<std::size_t>();
    for (const Hold hold : {Hold::copy, Hold::borrow}) {
        Integrator integrator;
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (late > 0 && i == order.size() - late)
                expect_document(integrator, line(), line().at("expectPartial").as_object());
            const Status done = integrator.apply(updates[order[i]], hold);
            ASSERT_TRUE(done) << done.error().message;
        }
        expect_document(integrator, line(), line().at("expect").as_object());
        EXPECT_FALSE(integrator.has_pending());
    }
}

TEST_P(Scenario, IntegratesInAnyOrder) {
    const std::vector<Bytes> updates = updates_of(line());
    std::vector<std::size_t> order = order_of(line());
    std::mt19937 random(static_cast<unsigned>(GetParam()));
    for (int round = 0; round < 6; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        Integrator integrator;
        Recorder recorder;
        for (const std::size_t i : order) {
            ASSERT_TRUE(integrator.apply(updates[i]));
            const auto applied = recorder.apply(updates[i]);
            ASSERT_TRUE(applied) << applied.error().message;
            if (random() % 5 == 0) {
                // Stored and opened again in the middle of it.
                const Stored stored = recorder.store();
                auto opened = Recorder::open(stored.state, stored.index);
                ASSERT_TRUE(opened);
                recorder = std::move(*opened);
            }
        }
        expect_document(integrator, line(), line().at("expect").as_object());
        Integrator recorded;
        ASSERT_TRUE(recorded.apply(recorder.encode()));
        expect_document(recorded, line(), line().at("expect").as_object());
        EXPECT_FALSE(recorder.has_pending());
    }
}

TEST_P(Scenario, CollectedStatesSayTheSame) {
    const std::vector<Bytes> updates = updates_of(line());
    Integrator integrator;
    Recorder recorder;
    for (const std::size_t i : order_of(line())) {
        ASSERT_TRUE(integrator.apply(updates[i]));
        ASSERT_TRUE(recorder.apply(updates[i]));
        if (i % 7 == 3) {
            const Stored collected = recorder.collect();
            auto opened = Recorder::open(collected.state, collected.index);
            ASSERT_TRUE(opened);
            recorder = std::move(*opened);
        }
    }
    const Stored collected = recorder.collect();
    for (const Bytes& state : {integrator.encode(), collected.state, bytes_of(line().at("expect").as_object(), "update")}) {
        ASSERT_TRUE(validate(state));
        Integrator reader;
        ASSERT_TRUE(reader.apply(state, Hold::borrow));
        expect_document(reader, line(), line().at("expect").as_object());
        // Any mixture of forms agrees: IDs and lengths do not change.
        Integrator mixed;
        ASSERT_TRUE(mixed.apply(updates[0]));
        ASSERT_TRUE(mixed.apply(state));
        expect_document(mixed, line(), line().at("expect").as_object());
    }
}

TEST_P(Scenario, StepTwoIsExactForEveryState) {
    const std::vector<Bytes> updates = updates_of(line());
    Recorder whole;
    for (const Bytes& update : updates)
        ASSERT_TRUE(whole.apply(update));
    Recorder partial;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        if (i % 3 == 0) {
            const auto step2 = whole.diff(partial.state_vector());
            ASSERT_TRUE(step2);
            ASSERT_TRUE(validate(*step2));
            Recorder synced = partial;
            const auto applied = synced.apply(*step2);
            ASSERT_TRUE(applied) << applied.error().message;
            EXPECT_EQ(synced.state_vector(), whole.state_vector());
            Integrator reader;
            ASSERT_TRUE(reader.apply(synced.encode()));
            expect_document(reader, line(), line().at("expect").as_object());
        }
        ASSERT_TRUE(partial.apply(updates[i]));
    }
}

std::size_t scenario_count() {
    try {
        return Scenario::all().size();
    } catch (const std::exception&) {
        return 1;  // the one case then fails and says what is missing
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, Scenario, testing::Range<std::size_t>(0, scenario_count()));

TEST(MergeDiff, EqualsStock) {
    for (const json::object& line : vectors("merge-diff.jsonl")) {
        SCOPED_TRACE(std::string(line.at("merged").as_string()).substr(0, 60));
        Recorder recorder;
        for (const Bytes& update : updates_of(line))
            ASSERT_TRUE(recorder.apply(update));
        EXPECT_EQ(state_map(recorder.state_vector()), state_map(line.at("docStateVector").as_object()));
        // Ours counts waiting deletions too.
        EXPECT_TRUE(recorder.has_pending() || !line.at("pending").as_bool());
        for (const Bytes& state : {recorder.encode(), bytes_of(line, "merged")}) {
            Integrator reader;
            ASSERT_TRUE(reader.apply(state));
            EXPECT_EQ(state_map(reader.state_vector()), state_map(line.at("docStateVector").as_object()));
            EXPECT_EQ(deletes_of(reader.delete_set()), delete_map(line.at("docDeleteSet").as_object()));
        }
        // Our answer to the state vector holds the same clocks as stock's.
        const auto diff = recorder.diff(bytes_of(line, "sv"));
        ASSERT_TRUE(diff);
        const Bytes theirs = bytes_of(line, "diff");
        const auto clocks = [](View update) {
            Outline outline;
            std::size_t position = 0;
            EXPECT_EQ(check_update(update, outline, position), Fault::none);
            std::map<std::uint64_t, std::vector<std::pair<std::uint64_t, std::uint64_t>>> ranges;
            for (const Block& block : outline.blocks) {
                StructCursor cursor(block, outline.end);
                for (StructView item; cursor.next(item);)
                    ranges[block.client].emplace_back(item.clock, item.length);
            }
            return joined(ranges);
        };
        EXPECT_EQ(clocks(*diff), clocks(theirs));
    }
}

TEST(Snapshots, ShowThePast) {
    for (const json::object& line : vectors("snapshots.jsonl")) {
        const std::vector<Bytes> updates = updates_of(line);
        Integrator from_updates, from_state;
        for (const Bytes& update : updates)
            ASSERT_TRUE(from_updates.apply(update));
        ASSERT_TRUE(from_state.apply(bytes_of(line, "update")));
        for (const json::value& wanted : line.at("snapshots").as_array()) {
            SCOPED_TRACE(json::serialize(wanted));
            const Bytes encoded = bytes_of(wanted.as_object(), "snapshot");
            for (Integrator* integrator : {&from_updates, &from_state}) {
                const auto snapshot = integrator->snapshot(encoded);
                ASSERT_TRUE(snapshot) << snapshot.error().message;
                const Document document(*integrator, &*snapshot);
                EXPECT_EQ(document.text(*document.root("t")), std::string(wanted.at("text").as_string()));
            }
        }
        const auto now = from_updates.snapshot(from_updates.encode_snapshot());
        ASSERT_TRUE(now);
        const Document present(from_updates), shown(from_updates, &*now);
        EXPECT_EQ(present.text(*present.root("t")), shown.text(*shown.root("t")));
    }
}

TEST(Integrator, HostileInputNeverBreaksIt) {
    const Bytes known = from_base64("AQEBAAQBAXQCYWIA");
    for (const json::object& line : vectors("hostile.jsonl")) {
        SCOPED_TRACE(json::serialize(line));
        const std::string wanted(line.at("server").as_string());
        Integrator integrator;
        ASSERT_TRUE(integrator.apply(known));
        const Status done = integrator.apply(bytes_of(line, "update"));
        EXPECT_TRUE(wanted == "reject-or-accept" || done.has_value() == (wanted == "accept"));
        const Document document(integrator);
        EXPECT_EQ(document.text(*document.root("t")), "ab");
        for (const std::string_view name : document.root_names())
            for (const RootKind kind : {RootKind::text, RootKind::map, RootKind::array, RootKind::xml})
                EXPECT_FALSE(tree_json(document, *document.root(name), kind).empty());
        EXPECT_TRUE(validate(integrator.encode()));
    }
}

} // namespace
} // namespace hameau::crdt::test
