// The recorder on its own: what Applied says, joining, opening, and the limits of notes section 10.
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/recorder.hpp"
#include "tests/unit/crdt/support.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

namespace hameau::crdt::test {
namespace {

/// An update with one block; `structs` writes them.
Bytes block(std::uint64_t client, std::uint64_t clock, std::uint64_t count, const std::function<void(Writer&)>& structs,
            const std::vector<ClockRange>& deletes = {}) {
    Bytes bytes;
    Writer out(bytes);
    out.uvar(count > 0 ? 1 : 0);
    if (count > 0) {
        out.uvar(count);
        out.uvar(client);
        out.uvar(clock);
        structs(out);
    }
    out.uvar(deletes.size());
    for (const ClockRange& range : deletes) {
        out.uvar(range.client);
        out.uvar(1);
        out.uvar(range.clock);
        out.uvar(range.length);
    }
    return bytes;
}

Bytes first_text(std::uint64_t client, std::string_view text, std::string_view root = "t") {
    return block(client, 0, 1, [&](Writer& out) {
        out.u8(0x04);
        out.uvar(1);
        out.text(root);
        out.text(text);
    });
}

Bytes more_text(std::uint64_t client, std::uint64_t clock, std::string_view text) {
    return block(client, clock, 1, [&](Writer& out) {
        out.u8(0x84);
        out.uvar(client);
        out.uvar(clock - 1);
        out.text(text);
    });
}

Bytes deletion(std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
    return block(0, 0, 0, {}, {{client, clock, length}});
}

/// `count` arrays nested in each other from `clock` on, the first one in item clock - 1 (or in a root).
Bytes nested(std::uint64_t client, std::uint32_t clock, std::uint32_t count) {
    return block(client, clock, count, [&](Writer& out) {
        for (std::uint32_t i = 0; i < count; ++i) {
            out.u8(0x07);
            out.uvar(clock + i == 0 ? 1 : 0);
            if (clock + i == 0) {
                out.text("a");
            } else {
                out.uvar(client);
                out.uvar(clock + i - 1);
            }
            out.uvar(0);
        }
    });
}

std::string text_of(const Bytes& state) {
    Integrator integrator;
    EXPECT_TRUE(integrator.apply(state));
    const Document document(integrator);
    const auto root = document.root("t");
    return root ? document.text(*root) : "";
}

TEST(Applied, SaysWhatIsNew) {
    Recorder recorder;
    auto applied = recorder.apply(first_text(7, "abc"));
    ASSERT_TRUE(applied);
    EXPECT_TRUE(applied->changed);
    ASSERT_EQ(applied->inserted.size(), 1u);
    EXPECT_EQ(applied->inserted[0], (ClockRange{7, 0, 3}));
    applied = recorder.apply(first_text(7, "abc"));
    ASSERT_TRUE(applied);
    EXPECT_FALSE(applied->changed);
    EXPECT_TRUE(applied->inserted.empty());
    applied = recorder.apply(first_text(7, "abcd"));
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->inserted[0], (ClockRange{7, 3, 1}));
    applied = recorder.apply(deletion(7, 1, 2));
    ASSERT_EQ(applied->deleted.size(), 1u);
    EXPECT_EQ(applied->deleted[0], (ClockRange{7, 1, 2}));
    applied = recorder.apply(deletion(7, 0, 4));
    ASSERT_EQ(applied->deleted.size(), 2u);
    EXPECT_EQ(applied->deleted[0], (ClockRange{7, 0, 1}));
    EXPECT_EQ(applied->deleted[1], (ClockRange{7, 3, 1}));
    applied = recorder.apply(deletion(7, 0, 4));
    EXPECT_FALSE(applied->changed);
}

TEST(Applied, PendingDataIsHeldAndThenCounted) {
    Recorder recorder;
    auto applied = recorder.apply(more_text(7, 3, "d"));
    ASSERT_TRUE(applied);
    EXPECT_FALSE(applied->changed);
    EXPECT_TRUE(applied->held && applied->pending);
    applied = recorder.apply(deletion(7, 3, 1));
    EXPECT_TRUE(applied->held && !applied->changed);
    EXPECT_EQ(state_map(recorder.state_vector()), StateMap());
    EXPECT_TRUE(validate(recorder.encode()));
    applied = recorder.apply(first_text(7, "abc"));
    EXPECT_TRUE(applied->changed && !applied->pending);
    EXPECT_EQ(applied->inserted[0], (ClockRange{7, 0, 4}));
    EXPECT_EQ(applied->deleted[0], (ClockRange{7, 3, 1}));
    EXPECT_EQ(text_of(recorder.encode()), "abc");
}

TEST(Applied, EmptyItemsAreNotRelayed) {
    Recorder recorder;
    const Bytes update = block(9, 0, 2, [](Writer& out) {
        for (const char* text : {"", "ab"}) {
            out.u8(0x04);
            out.uvar(1);
            out.text("t");
            out.text(text);
        }
    });
    const auto applied = recorder.apply(update);
    ASSERT_TRUE(applied);
    EXPECT_EQ(exact(applied->relay), first_text(9, "ab"));
    EXPECT_EQ(recorder.struct_count(), 1u);
}

TEST(Recorder, JoinsTypingRuns) {
    Recorder recorder;
    ASSERT_TRUE(recorder.apply(first_text(1000, "x")));
    for (std::uint32_t clock = 1; clock < 40'000; ++clock)
        ASSERT_TRUE(recorder.apply(more_text(1000, clock, "y")));
    EXPECT_EQ(recorder.struct_count(), 1u);
    EXPECT_LT(recorder.encode().size(), 40'020u);
    EXPECT_EQ(text_of(recorder.encode()).size(), 40'000u);
}

TEST(Recorder, SurrogatePairsStayWhole) {
    Recorder recorder;
    ASSERT_TRUE(recorder.apply(first_text(5, "\xF0\x9F\x98\x80")));
    // Somebody inserts between the halves; the stored bytes keep the pair, the reader splits it.
    ASSERT_TRUE(recorder.apply(block(6, 0, 1, [](Writer& out) {
        out.u8(0xC4);
        out.uvar(5);
        out.uvar(0);
        out.uvar(5);
        out.uvar(1);
        out.text("-");
    })));
    const Bytes state = recorder.encode();
    EXPECT_NE(std::string(state.begin(), state.end()).find("\xF0\x9F\x98\x80"), std::string::npos);
    EXPECT_EQ(text_of(state), "\xEF\xBF\xBD-\xEF\xBF\xBD");
}

TEST(Recorder, ForeignAndDamagedIndexesAreIgnored) {
    Recorder one, two;
    ASSERT_TRUE(one.apply(first_text(1, "one")));
    ASSERT_TRUE(two.apply(first_text(2, "two, longer")));
    const Stored stored = one.store();
    for (Bytes index : {two.index(), Bytes{1}, Bytes(40, 0xff), stored.index}) {
        const auto opened = Recorder::open(stored.state, index);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->encode(), stored.state);
    }
    Bytes damaged = stored.state;
    damaged[2] ^= 0xff;
    EXPECT_TRUE(!Recorder::open(damaged, stored.index) || text_of(Recorder::open(damaged, stored.index)->encode()) != "one");
    EXPECT_FALSE(Recorder::open(Bytes{1, 2, 3}));
    EXPECT_TRUE(Recorder::open(Bytes{}));
    EXPECT_FALSE(one.diff(Bytes{5}));
    EXPECT_FALSE(one.diff(Bytes{}));
}

TEST(Limits, NestingOfTypes) {
    for (const std::uint32_t step : {1u, 50u, 200u}) {
        Recorder recorder;
        for (std::uint32_t clock = 0; clock < 200; clock += step)
            ASSERT_TRUE(recorder.apply(nested(3, clock, step))) << clock;
        const Bytes before = recorder.encode();
        const auto refused = recorder.apply(nested(3, 200, 1));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
        EXPECT_EQ(recorder.encode(), before);
        // After opening, the depth is still known.
        auto opened = Recorder::open(before, recorder.index());
        ASSERT_TRUE(opened);
        EXPECT_FALSE(opened->apply(nested(3, 200, 1)));
        // A sibling at the deepest allowed level, found through its origin, is fine.
        EXPECT_TRUE(opened->apply(block(4, 0, 1, [](Writer& out) {
            out.u8(0x87);
            out.uvar(3);
            out.uvar(199);
            out.uvar(0);
        })));
        // But nothing below it.
        EXPECT_FALSE(opened->apply(block(4, 1, 1, [](Writer& out) {
            out.u8(0x07);
            out.uvar(0);
            out.uvar(4);
            out.uvar(0);
            out.uvar(0);
        })));
    }
    Recorder recorder;
    EXPECT_FALSE(recorder.apply(nested(3, 0, 201)));
    EXPECT_EQ(recorder.client_count(), 0u);
    Integrator integrator;
    EXPECT_FALSE(integrator.apply(nested(3, 0, 201)));
}

TEST(Limits, ManyShallowTypesAreFine) {
    Recorder recorder;
    const Bytes update = block(3, 0, 3000, [](Writer& out) {
        for (int i = 0; i < 3000; ++i) {
            out.u8(0x07);
            out.uvar(1);
            out.text("a");
            out.uvar(0);
        }
    });
    EXPECT_TRUE(recorder.apply(update));
    EXPECT_EQ(recorder.struct_count(), 3000u);
}

TEST(Limits, RootNames) {
    Recorder recorder;
    for (std::uint32_t i = 0; i < 500; ++i)
        ASSERT_TRUE(recorder.apply(first_text(i + 1, "x", "root" + std::to_string(i))));
    const auto refused = recorder.apply(first_text(900, "x", "one more"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
    EXPECT_TRUE(recorder.apply(first_text(901, "x", "root7")));
    EXPECT_FALSE(validate(first_text(1, "x", std::string(1025, 'r'))));
    EXPECT_TRUE(validate(first_text(1, "x", std::string(1024, 'r'))));
}

TEST(Limits, PendingStructs) {
    Recorder recorder;
    std::size_t dropped = 0;
    for (std::uint32_t i = 0; i < 30'000; ++i) {
        const auto applied = recorder.apply(more_text(i + 1, 5, "x"));
        ASSERT_TRUE(applied);
        dropped += applied->dropped;
    }
    EXPECT_GE(dropped, 20'000u);
    EXPECT_LT(recorder.bytes_used(), 4u << 20);
    EXPECT_EQ(recorder.client_count(), 0u);
    // The newest survived and is taken over when its past arrives.
    const auto applied = recorder.apply(first_text(30'000, "abcde"));
    ASSERT_TRUE(applied);
    EXPECT_EQ(recorder.next_clock(30'000), 6u);
}

TEST(Limits, PendingBytesAndRanges) {
    Recorder recorder;
    const std::string large(100'000, 'x');
    for (std::uint32_t i = 0; i < 100; ++i)
        ASSERT_TRUE(recorder.apply(more_text(i + 1, 5, large)));
    EXPECT_LT(recorder.bytes_used(), 5u << 20);
    for (std::uint32_t i = 0; i < 40'000; ++i)
        ASSERT_TRUE(recorder.apply(deletion(1'000'000 + i, 2, 1)));
    EXPECT_LT(recorder.bytes_used(), 8u << 20);
}

TEST(Limits, ManyDeleteRangesStayLinear) {
    Recorder recorder;
    ASSERT_TRUE(recorder.apply(block(1, 0, 1, [](Writer& out) {
        out.u8(0);
        out.uvar(0x7fffff00);
    })));
    ASSERT_TRUE(recorder.apply(first_text(2, std::string(1'000'000, 'x'))));
    // One hundred thousand client entries of one range each, in descending order.
    Bytes bytes;
    Writer out(bytes);
    out.uvar(0);
    out.uvar(400'000);
    for (std::uint32_t i = 400'000; i > 0; --i) {
        out.uvar(2);
        out.uvar(1);
        out.uvar(2 * i);
        out.uvar(1);
    }
    const auto applied = recorder.apply(bytes);
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->deleted.size(), 400'000u);
}

constexpr std::uint64_t crowded_client = 1'000'000;

/// One letter of `count` clients each, all behind the first letter of crowded_client and each before another one of its letters.
Bytes crowd(std::uint32_t count) {
    Bytes bytes;
    Writer out(bytes);
    out.uvar(count);
    for (std::uint32_t i = count; i > 0; --i) {
        out.uvar(1);
        out.uvar(i);
        out.uvar(0);
        out.u8(0xC4);
        out.uvar(crowded_client);
        out.uvar(0);
        out.uvar(crowded_client);
        out.uvar(i);
        out.text("y");
    }
    out.uvar(0);
    return bytes;
}

std::string text_of(const Integrator& integrator) {
    const Document document(integrator);
    const auto root = document.root("t");
    return root ? document.text(*root) : "";
}

TEST(Limits, ACrowdAtOnePlaceIsBounded) {
    constexpr std::uint32_t count = 20'000;
    const Bytes base = first_text(crowded_client, std::string(count + 1, 'x'));
    Integrator integrator;
    ASSERT_TRUE(integrator.apply(base));
    ASSERT_TRUE(integrator.apply(crowd(count)));
    EXPECT_TRUE(integrator.order_approximate());
    const std::string text = text_of(integrator);
    EXPECT_EQ(std::count(text.begin(), text.end(), 'y'), count) << "nothing is missing";
    EXPECT_EQ(std::count(text.begin(), text.end(), 'x'), count + 1);
    // Who needs the order of Yjs is told that it cannot be had.
    Integrator exact(Crowded::refuse);
    ASSERT_TRUE(exact.apply(base));
    const auto refused = exact.apply(crowd(count));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
}

TEST(Limits, ACrowdOfPeopleStaysExact) {
    constexpr std::uint32_t count = 1'000;
    const Bytes base = first_text(crowded_client, std::string(count + 1, 'x'));
    Integrator bounded, unbounded(Crowded::refuse, ~std::uint64_t{0});
    for (Integrator* integrator : {&bounded, &unbounded}) {
        ASSERT_TRUE(integrator->apply(base));
        ASSERT_TRUE(integrator->apply(crowd(count)));
        EXPECT_FALSE(integrator->order_approximate());
    }
    EXPECT_EQ(text_of(bounded), text_of(unbounded));
}

/// A text in one struct, or in structs of `step` units each.
Bytes text_in_parts(const std::vector<std::string>& characters, std::size_t step) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < characters.size(); ++i) {
        if (i % step == 0)
            parts.emplace_back();
        parts.back() += characters[i];
    }
    return block(7, 0, parts.size(), [&](Writer& out) {
        std::uint32_t clock = 0;
        for (const std::string& part : parts) {
            out.u8(clock == 0 ? 0x04 : 0x84);
            if (clock == 0) {
                out.uvar(1);
                out.text("t");
            } else {
                out.uvar(7);
                out.uvar(clock - 1);
            }
            out.text(part);
            clock += utf16_length(part);
        }
    });
}

TEST(Integrator, LongTextSplitsLikeShortOnes) {
    std::uint32_t seed = 1;
    const auto random = [&seed](std::uint32_t below) { return (seed = seed * 1664525 + 1013904223) / 65536 % below; };
    std::vector<std::string> characters;
    for (int i = 0; i < 6'000; ++i)
        characters.push_back(std::vector<std::string>{"a", "\u00e9", "\U0001F600", "\u20ac"}[random(4)]);
    Integrator whole, parts;
    ASSERT_TRUE(whole.apply(text_in_parts(characters, characters.size())));
    ASSERT_TRUE(parts.apply(text_in_parts(characters, 50)));
    const std::uint32_t units = whole.items()[0].length;
    std::vector<ClockRange> ranges;
    // From the end to the start, which used to walk the whole text each time, then anywhere.
    for (std::uint32_t clock = units - 4; clock > units / 2; clock -= 1 + random(9))
        ranges.push_back({7, clock, 1});
    for (int i = 0; i < 500; ++i)
        ranges.push_back({7, random(units - 3), 1 + random(3)});
    for (std::size_t from = 0; from < ranges.size(); from += 7) {
        const std::vector<ClockRange> some(ranges.begin() + static_cast<std::ptrdiff_t>(from),
                                           ranges.begin() + static_cast<std::ptrdiff_t>(std::min(from + 7, ranges.size())));
        ASSERT_TRUE(whole.apply(block(0, 0, 0, {}, some)));
        ASSERT_TRUE(parts.apply(block(0, 0, 0, {}, some)));
    }
    EXPECT_EQ(text_of(whole), text_of(parts));
    EXPECT_NE(text_of(whole).find("\xEF\xBF\xBD"), std::string::npos) << "some pairs are torn";
}

TEST(Integrator, LongListsSplitLikeShortOnes) {
    const auto list = [](std::uint32_t count, std::uint32_t step) {
        return block(7, 0, count / step, [&](Writer& out) {
            for (std::uint32_t clock = 0; clock < count; clock += step) {
                out.u8(clock == 0 ? 0x08 : 0x88);
                if (clock == 0) {
                    out.uvar(1);
                    out.text("t");
                } else {
                    out.uvar(7);
                    out.uvar(clock - 1);
                }
                out.uvar(step);
                for (std::uint32_t i = 0; i < step; ++i) {
                    out.u8(119);  // any: a string
                    out.text(std::to_string(clock + i));
                }
            }
        });
    };
    Integrator whole, parts;
    ASSERT_TRUE(whole.apply(list(3'000, 3'000)));
    ASSERT_TRUE(parts.apply(list(3'000, 30)));
    for (std::uint32_t clock = 2'995; clock > 5; clock -= 5) {
        ASSERT_TRUE(whole.apply(deletion(7, clock, 2)));
        ASSERT_TRUE(parts.apply(deletion(7, clock, 2)));
    }
    const Document one(whole), other(parts);
    EXPECT_EQ(tree_json(one, *one.root("t"), RootKind::array), tree_json(other, *other.root("t"), RootKind::array));
}

TEST(Limits, AttributesOfOneText) {
    constexpr std::uint32_t count = 200;
    Integrator integrator;
    ASSERT_TRUE(integrator.apply(first_text(1, "x")));
    ASSERT_TRUE(integrator.apply(block(2, 0, count + 1, [&](Writer& out) {
        for (std::uint32_t i = 0; i <= count; ++i) {
            out.u8(i < count ? 0x86 : 0x84);
            out.uvar(i == 0 ? 1 : 2);
            out.uvar(i == 0 ? 0 : i - 1);
            if (i < count) {
                out.text("key" + std::to_string(i));
                out.text("true");
            } else {
                out.text("y");
            }
        }
    })));
    const Document document(integrator);
    Document::Runs runs = document.runs(*document.root("t"));
    crdt::Run run;
    ASSERT_TRUE(runs.next(run));
    EXPECT_TRUE(run.attributes.empty());
    ASSERT_TRUE(runs.next(run));
    EXPECT_EQ(run.text, "y");
    EXPECT_EQ(run.attributes.size(), attributes_max);
}

} // namespace
} // namespace hameau::crdt::test
