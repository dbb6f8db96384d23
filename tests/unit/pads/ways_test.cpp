// Where units are now: the answers of the page (tests/peers/words/ways.mjs) for good and for bad lists of moves; and what a restore leaves.
#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <gtest/gtest.h>

#include "modules/pads/crdt/document.hpp"
#include "modules/pads/history/copies.hpp"
#include "modules/pads/history/history.hpp"
#include "modules/pads/history/restore.hpp"
#include "modules/pads/history/ways.hpp"
#include "modules/pads/limits.hpp"
#include "tests/unit/pads/fakes.hpp"
#include "tests/unit/pads/raw_lines.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

using Ends = std::map<std::pair<std::uint64_t, std::uint32_t>, crdt::Id>;

/// Every unit of these clients, asked for one by one and in longer runs.
void check_ways(const crdt::Integrator& now, const json::object& one, std::uint32_t clocks) {
    Ends ends;
    for (const json::value& end : one.at("ends").as_array()) {
        const auto number = [&](int i) { return end.at(static_cast<std::size_t>(i)).to_number<std::uint64_t>(); };
        ends[{number(0), static_cast<std::uint32_t>(number(1))}] = {number(2), static_cast<std::uint32_t>(number(3))};
    }
    Ways ways(now);
    for (const json::value& name : one.at("clients").as_array()) {
        for (const std::uint64_t add : {std::uint64_t{0}, std::uint64_t{1} << 32}) {
            const std::uint64_t client = name.to_number<std::uint64_t>() + add;
            for (std::uint32_t clock = 0; clock < clocks; ++clock) {
                const Ways::Run run = ways.now({client, clock}, clocks - clock);
                ASSERT_GE(run.length, 1u);
                ASSERT_LE(run.length, clocks - clock);
                for (std::uint32_t n = 0; n < run.length; ++n) {
                    const auto found = ends.find({client, clock + n});
                    const crdt::Id expected = found == ends.end() ? crdt::Id{client, clock + n} : found->second;
                    ASSERT_EQ((crdt::Id{run.id.client, run.id.clock + n}), expected) << json::serialize(one.at("seed")) << ": " << client << ' ' << clock << " + " << n;
                }
            }
        }
    }
    EXPECT_FALSE(ways.spent());
}

TEST(Ways, AsThePageReadsThem) {
    std::ifstream lines(HAMEAU_SOURCE_DIR "/tests/vectors/moves/ways.jsonl");
    ASSERT_TRUE(lines);
    int cases = 0;
    for (std::string line; std::getline(lines, line); ++cases) {
        const json::object one = json::parse(line).as_object();
        crdt::Integrator now;
        ASSERT_TRUE(now.apply(from_base64(std::string_view(one.at("update").as_string()))).has_value());
        check_ways(now, one, one.at("seed").is_string() ? 1'101 : 36);
        if (testing::Test::HasFatalFailure()) {
            return;
        }
    }
    EXPECT_GT(cases, 100);
}

/// What stands in the lines of this document, in order, a bar for each line that is not taken out; how many units `client` wrote.
std::pair<std::string, std::uint32_t> standing_text(const crdt::Integrator& now, std::uint64_t client) {
    std::string text;
    std::uint32_t copied = 0;
    const crdt::Document document(now);
    for (std::uint32_t i = now.types()[now.roots().at("default")].head; i != crdt::Integrator::none; i = now.items()[i].next) {
        const crdt::Integrator::Item& item = now.items()[i];
        if (item.is_deleted()) {
            continue;
        }
        if (item.kind == crdt::Kind::string) {
            now.append_text(item, text);
            copied += now.client_id(item.client) == client ? item.length : 0;
        } else if (item.kind == crdt::Kind::type && !document.entry(item.content, "gone")) {
            text += '|';
        }
    }
    return {text, copied};
}

// Restores of simulated sessions (tests/peers/words/restore.mjs): the same text, and as many letters copied, no more.
TEST(Ways, RestoresAsTheSimulator) {
    std::ifstream lines(HAMEAU_SOURCE_DIR "/tests/vectors/moves/restores.jsonl");
    ASSERT_TRUE(lines);
    int cases = 0;
    for (std::string line; std::getline(lines, line); ++cases) {
        const json::object one = json::parse(line).as_object();
        crdt::Integrator now;
        ASSERT_TRUE(now.apply(from_base64(std::string_view(one.at("state").as_string()))).has_value());
        const auto then = now.snapshot(from_base64(std::string_view(one.at("snapshot").as_string())));
        ASSERT_TRUE(then.has_value());
        if (const auto change = restoring_update(now, *then, 7777)) {
            ASSERT_TRUE(now.apply(*change).has_value());
        }
        const auto [text, copied] = standing_text(now, 7777);
        EXPECT_EQ(text, std::string_view(one.at("text").as_string())) << json::serialize(one.at("seed")) << ' ' << json::serialize(one.at("ops")) << ", line " << cases;
        EXPECT_EQ(copied, one.at("copied").to_number<std::uint32_t>()) << json::serialize(one.at("seed")) << ' ' << json::serialize(one.at("ops")) << ", line " << cases;
    }
    EXPECT_GT(cases, 30);
}

/// Restores the first update of these again and again; between two restores everything that stands goes.
struct Again {
    std::vector<Bytes> updates;
    std::uint64_t client = 1000;

    crdt::Integrator now() const {
        crdt::Integrator all;
        for (const Bytes& update : updates) {
            EXPECT_TRUE(all.apply(update).has_value());
        }
        EXPECT_FALSE(all.has_pending());
        return all;
    }

    void restore(std::uint32_t units) {
        Past past;
        for (const Bytes& update : updates) {
            frame_update(past.framed, update);
            past.then_bytes = past.then_bytes == 0 ? past.framed.size() : past.then_bytes;
        }
        auto integrated = integrate(past);
        ASSERT_TRUE(integrated.has_value());
        const auto change = restoring_update(integrated->now, integrated->then, ++client);
        ASSERT_TRUE(change.has_value());
        updates.push_back(*change);
        updates.push_back(erased(client, 0, units));
    }
};

// A text of 900,000 units, brought back six times: the oldest entries go, and what is left still leads on.
TEST(Ways, OldEntriesOfTheHouseGoWhenThereAreTooMany) {
    constexpr std::uint32_t units = 900'000;
    RawLines text(1);
    text.root_attribute("format", 2);
    text.text(std::string(units, 'x'));
    Again again{{text.finish(), erased(1, 1, units)}};
    std::uint64_t most = 0;
    for (int n = 0; n < 6; ++n) {
        ASSERT_NO_FATAL_FAILURE(again.restore(units));
        const Ways ways(again.now());
        std::uint64_t named = 0;
        for (const Ways::Own& one : ways.own()) {
            named += one.units;
        }
        most = std::max(most, named);
        EXPECT_LE(named, moves_restored_units_max);
    }
    EXPECT_GT(most, moves_restored_units_max / 2);
    const crdt::Integrator now = again.now();
    Ways ways(now);
    EXPECT_EQ(ways.now({again.client - 1, 7}, 1).id, (crdt::Id{again.client, 7}));
    EXPECT_EQ(ways.now({1, 8}, 1).id, (crdt::Id{1, 8})) << "the first entry is forgotten";
}

// 20,000 letters, each an item of its own. A restore writes them again; as long as these stand, the next one has nothing to do.
TEST(Ways, WhatStandsAlreadyIsNotWrittenAgain) {
    constexpr std::uint32_t letters = 20'000;
    RawLines text(1);
    text.root_attribute("format", 2);
    for (std::uint32_t n = 0; n < letters; ++n) {
        text.text("x", {{n % 2 == 0 ? "bold" : "italic", boost::json::object()}});
    }
    Past past;
    const Bytes first = text.finish();
    crdt::Integrator then;
    ASSERT_TRUE(then.apply(first).has_value());
    frame_update(past.framed, first);
    past.then_bytes = past.framed.size();
    for (const auto& item : then.items()) {
        if (item.kind == crdt::Kind::string) {
            frame_update(past.framed, erased(1, item.clock, 1));
        }
    }
    auto once = integrate(past);
    ASSERT_TRUE(once.has_value());
    const auto change = restoring_update(once->now, once->then, 99);
    ASSERT_TRUE(change.has_value());
    frame_update(past.framed, *change);
    auto twice = integrate(past);
    ASSERT_TRUE(twice.has_value());
    EXPECT_FALSE(restoring_update(twice->now, twice->then, 100).has_value());
}

// Somebody else's entries stay, however many the house has.
TEST(Ways, ManyRestoresOfASmallTextStaySmall) {
    RawLines text(1);
    text.root_attribute("format", 2);
    text.text("one two three");
    Again again{{text.finish(), erased(1, 1, 13)}};
    for (int n = 0; n < 300; ++n) {
        ASSERT_NO_FATAL_FAILURE(again.restore(13));
    }
    EXPECT_LT(again.updates[again.updates.size() - 2].size(), 150u) << "one range, however often";
    const crdt::Integrator now = again.now();
    Ways ways(now);
    EXPECT_EQ(ways.now({1, 1}, 13).id, (crdt::Id{again.client, 0}));
    EXPECT_EQ(ways.now({1, 1}, 13).length, 13u);
}

} // namespace
} // namespace hameau::pads
