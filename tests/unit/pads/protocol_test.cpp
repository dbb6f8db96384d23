// The frames of y-websocket, read and written; updates joined.
#include "tests/unit/pads/fakes.hpp"

#include "modules/pads/room/merge.hpp"

namespace hameau::pads {
namespace {

TEST(Protocol, ReadsWhatItWrites) {
    const Bytes payload = bytes_of("abc");
    EXPECT_EQ(read_message(*step1_message(payload)).kind, Incoming::Kind::step1);
    EXPECT_EQ(read_message(*step2_message(payload)).kind, Incoming::Kind::step2);
    EXPECT_EQ(read_message(*update_message(payload)).kind, Incoming::Kind::update);
    const Message awareness = awareness_message(payload);
    EXPECT_EQ(as_text(read_message(*awareness).payload), "abc");
}

TEST(Protocol, BytesAreThoseOfStock) {
    // From y-protocols: sync step 1 of an empty document, permission denied "no".
    EXPECT_EQ(*step1_message(Bytes{0}), std::string("\0\0\1\0", 4));
    EXPECT_EQ(*denied_message("no"), std::string("\2\0\2no", 5));
}

TEST(Protocol, BrokenFramesAreMalformedUnknownOnesIgnored) {
    for (const std::string_view frame : {std::string_view(""), std::string_view("\0", 1), std::string_view("\0\3\0", 3),
                                         std::string_view("\0\1\5ab", 5), std::string_view("\1", 1), std::string_view("\x80", 1)}) {
        EXPECT_EQ(read_message(frame).kind, Incoming::Kind::malformed) << frame.size();
    }
    EXPECT_EQ(read_message("\7zz").kind, Incoming::Kind::ignored);
    EXPECT_EQ(read_message(std::string_view("\2\0\2no", 5)).kind, Incoming::Kind::ignored);
}

TEST(Merge, JoinedUpdatesEqualThemOneByOne) {
    const std::vector<Bytes> updates = {typed(7, 0, "bon"), typed(9, 0, "x"), typed(7, 3, "jour"), erased(7, 1, 2), erased(7, 2, 3)};
    const std::vector<View> views(updates.begin(), updates.end());
    Recorder one_by_one;
    for (const View update : views) {
        ASSERT_TRUE(one_by_one.apply(update).has_value());
    }
    const auto merged = merge_updates(views);
    ASSERT_TRUE(merged.has_value());
    Recorder at_once;
    ASSERT_TRUE(at_once.apply(*merged).has_value());
    EXPECT_EQ(at_once.encode(), one_by_one.encode());
    EXPECT_FALSE(at_once.has_pending());
}

TEST(Merge, GapsAreNotJoined) {
    const std::vector<Bytes> updates = {typed(7, 0, "a"), typed(7, 5, "b")};
    EXPECT_FALSE(merge_updates(std::vector<View>(updates.begin(), updates.end())).has_value());
}

} // namespace
} // namespace hameau::pads
